"""URLs of stored value and the rights they need."""

from django.urls import path

from wallet.views import cash_outs, chain, corrections, ledger, statements, statuses, transfers

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
    path("ledger/", chain.ledger_list, name="ledger-list"),
    path("ledger/export/", chain.ledger_export, name="ledger-export"),
    path("accounts/", chain.account_list, name="account-list"),
    path("compliance/", chain.compliance_detail, name="compliance"),
    path("bonus-clearings/new/", corrections.clearing_create, name="clearing-create"),
    path("transfers/<int:pk>/", transfers.transfer_detail, name="transfer-detail"),
    path("members/<int:member_id>/freeze/", statuses.freeze_create, name="freeze-create"),
    path("members/<int:member_id>/freeze/end/", statuses.freeze_delete, name="freeze-delete"),
    path("members/<int:member_id>/recharge-limit/", statuses.recharge_limit_edit, name="recharge-limit-edit"),
    path("members/<int:member_id>/transfers/new/", transfers.transfer_create, name="transfer-create"),
    path("members/<int:member_id>/corrections/new/", corrections.correction_create, name="correction-create"),
    path(
        "members/<int:member_id>/bonus-clearings/new/",
        corrections.member_clearing_create,
        name="member-clearing-create",
    ),
    path("members/<int:member_id>/statement/", statements.statement, name="statement"),
    path("members/<int:member_id>/statement/export/", statements.statement_export, name="statement-export"),
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
    "wallet:ledger-list": "wallet.view_entry",
    "wallet:ledger-export": "wallet.export_entry",
    "wallet:account-list": "wallet.view_account",
    "wallet:compliance": "stores.view_setting",
    "wallet:clearing-create": "wallet.clear_bonus",
    "wallet:transfer-detail": "wallet.view_transfer",
    "wallet:freeze-create": "wallet.freeze_account",
    "wallet:freeze-delete": "wallet.freeze_account",
    "wallet:recharge-limit-edit": "wallet.limit_recharges",
    "wallet:transfer-create": "wallet.transfer_balance",
    "wallet:correction-create": "wallet.correct_principal",
    "wallet:member-clearing-create": "wallet.clear_bonus",
    "wallet:statement": "wallet.view_entry",
    "wallet:statement-export": "wallet.view_entry",
    "wallet:member-panel": "wallet.view_entry",
    "wallet:entry-list": "wallet.view_entry",
    "wallet:entry-export": "wallet.export_entry",
}
