"""URLs of stored value and the rights they need."""

from django.urls import path

from wallet.views import ledger

app_name = "wallet"
urlpatterns = [
    path("members/<int:member_id>/panel/", ledger.member_panel, name="member-panel"),
    path("members/<int:member_id>/entries/", ledger.entry_list, name="entry-list"),
    path("members/<int:member_id>/entries/export/", ledger.entry_export, name="entry-export"),
]

PERMISSIONS: dict[str, str] = {
    "wallet:member-panel": "wallet.view_entry",
    "wallet:entry-list": "wallet.view_entry",
    "wallet:entry-export": "wallet.export_entry",
}
