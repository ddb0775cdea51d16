"""URLs of points and the rights they need."""

from django.urls import path

from points import views

app_name = "points"
urlpatterns = [
    path("members/<int:member_id>/panel/", views.member_panel, name="member-panel"),
    path("members/<int:member_id>/entries/", views.entry_list, name="entry-list"),
    path("members/<int:member_id>/entries/export/", views.entry_export, name="entry-export"),
    path("members/<int:member_id>/adjustments/new/", views.adjustment_create, name="adjustment-create"),
]

PERMISSIONS: dict[str, str] = {
    "points:member-panel": "points.view_entry",
    "points:entry-list": "points.view_entry",
    "points:entry-export": "points.export_entry",
    "points:adjustment-create": "points.adjust_balance",
}
