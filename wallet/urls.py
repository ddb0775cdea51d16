"""URLs of stored value and the rights they need."""

from django.urls import path

from wallet.views import cash_outs, ledger

app_name = "wallet"
urlpatterns = [
    path("cash-outs/", cash_outs.cash_out_list, name="cash-out-list"),
    path("cash-outs/export/", cash_outs.cash_out_export, name="cash-out-export"),
    path("cash-outs/state/", cash_outs.cash_out_state, name="cash-out-state"),
    path("cash-outs/<int:pk>/", cash_outs.cash_out_detail, name="cash-out-detail"),
    path("cash-outs/<int:pk>/payment/", cash_outs.cash_out_payment_create, name="cash-out-payment-create"),
    path("cash-outs/<int:pk>/payee/", cash_outs.cash_out_reveal_create, name="cash-out-reveal-create"),
    path("cash-outs/<int:pk>/evidence/", cash_outs.cash_out_evidence_create, name="cash-out-evidence-create"),
    path("members/<int:member_id>/cash-outs/new/", cash_outs.cash_out_create, name="cash-out-create"),
    path("members/<int:member_id>/panel/", ledger.member_panel, name="member-panel"),
    path("members/<int:member_id>/entries/", ledger.entry_list, name="entry-list"),
    path("members/<int:member_id>/entries/export/", ledger.entry_export, name="entry-export"),
]

PERMISSIONS: dict[str, str] = {
    "wallet:cash-out-list": "wallet.view_cashout",
    "wallet:cash-out-export": "wallet.export_entry",
    "wallet:cash-out-state": "wallet.pay_cashout",
    "wallet:cash-out-detail": "wallet.view_cashout",
    "wallet:cash-out-payment-create": "wallet.pay_cashout",
    "wallet:cash-out-reveal-create": "wallet.pay_cashout",
    "wallet:cash-out-evidence-create": "wallet.export_entry",
    "wallet:cash-out-create": "wallet.make_cashout",
    "wallet:member-panel": "wallet.view_entry",
    "wallet:entry-list": "wallet.view_entry",
    "wallet:entry-export": "wallet.export_entry",
}
