"""URLs of points and the rights they need."""

from django.urls import path

from points import views

app_name = "points"
urlpatterns = [
    path("members/<int:member_id>/panel/", views.member_panel, name="member-panel"),
    path("members/<int:member_id>/entries/", views.entry_list, name="entry-list"),
    path("members/<int:member_id>/entries/export/", views.entry_export, name="entry-export"),
    path("members/<int:member_id>/adjustments/new/", views.adjustment_create, name="adjustment-create"),
    path("adjustments/<int:pk>/undoing/new/", views.undo_create, name="undo-create"),
    path("entries/", views.ledger, name="ledger"),
    path("entries/export/", views.ledger_export, name="ledger-export"),
    path("rules/", views.rule_list, name="rule-list"),
    path("rules/new/", views.rule_create, name="rule-create"),
    path("rules/<int:pk>/", views.rule_detail, name="rule-detail"),
    path("rules/<int:pk>/draft/", views.draft_edit, name="draft-edit"),
    path("rules/<int:pk>/draft/delete/", views.draft_delete, name="draft-delete"),
    path("rules/<int:pk>/start/", views.start_create, name="start-create"),
    path("rules/<int:pk>/start/delete/", views.start_delete, name="start-delete"),
    path("rules/<int:pk>/end/", views.end_create, name="end-create"),
    path("batches/", views.batch_list, name="batch-list"),
    path("batches/new/", views.batch_create, name="batch-create"),
    path("batches/<int:pk>/", views.batch_detail, name="batch-detail"),
    path("batches/<int:pk>/undoing/", views.batch_undo, name="batch-undo"),
    path("watch/", views.watch_list, name="watch-list"),
    path("watch/waiting/", views.watch_tile, name="watch-tile"),
    path("watch/<int:pk>/", views.watch_detail, name="watch-detail"),
]

PERMISSIONS: dict[str, str] = {
    "points:member-panel": "points.view_entry",
    "points:entry-list": "points.view_entry",
    "points:entry-export": "points.export_entry",
    "points:adjustment-create": "points.adjust_balance",
    "points:undo-create": "points.adjust_balance",
    "points:ledger": "points.view_ledger",
    "points:ledger-export": "points.export_entry",
    "points:rule-list": "points.view_rule",
    "points:rule-create": "points.change_rule",
    "points:rule-detail": "points.view_rule",
    "points:draft-edit": "points.change_rule",
    "points:draft-delete": "points.change_rule",
    "points:start-create": "points.change_rule",
    "points:start-delete": "points.change_rule",
    "points:end-create": "points.change_rule",
    "points:batch-list": "points.view_batch",
    "points:batch-create": "points.make_batch",
    "points:batch-detail": "points.view_batch",
    "points:batch-undo": "points.make_batch",
    "points:watch-list": "points.view_watch",
    "points:watch-tile": "points.review_watch",
    "points:watch-detail": "points.view_watch",
}
