"""URLs of tags and the rights they need."""

from django.urls import path

from tags import views

app_name = "tags"
urlpatterns = [
    path("", views.tag_list, name="tag-list"),
    path("new/", views.tag_create, name="tag-create"),
    path("preview/", views.rule_preview, name="rule-preview"),
    path("rows/", views.rule_rows, name="rule-rows"),
    path("<int:pk>/", views.tag_detail, name="tag-detail"),
    path("<int:pk>/edit/", views.tag_edit, name="tag-edit"),
    path("members/<int:member_id>/", views.member_panel, name="member-panel"),
    path("members/<int:member_id>/assignments/", views.assignment_create, name="assignment-create"),
    path("members/<int:member_id>/assignments/<int:pk>/end/", views.assignment_delete, name="assignment-delete"),
]

PERMISSIONS: dict[str, str] = {
    "tags:tag-list": "tags.view_tag",
    "tags:tag-create": "tags.add_tag",
    "tags:rule-preview": "tags.change_tag",
    "tags:rule-rows": "tags.change_tag",
    "tags:tag-detail": "tags.view_tag",
    "tags:tag-edit": "tags.change_tag",
    "tags:member-panel": "tags.view_tag",
    "tags:assignment-create": "tags.assign_tag",
    "tags:assignment-delete": "tags.assign_tag",
}
