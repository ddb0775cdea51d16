"""URLs of approvals and the rights they need; who may decide a request is the right of its kind."""

from django.urls import path

from approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.request_list, name="request-list"),
    path("export/", views.request_export, name="request-export"),
    path("waiting/", views.waiting_detail, name="waiting-detail"),
    path("limits/", views.limit_list, name="limit-list"),
    path("limits/edit/", views.limit_edit, name="limit-edit"),
    path("<int:pk>/", views.request_detail, name="request-detail"),
    path("<int:pk>/approval/", views.approval_create, name="approval-create"),
    path("<int:pk>/refusal/", views.refusal_create, name="refusal-create"),
    path("<int:pk>/withdrawal/", views.withdrawal_create, name="withdrawal-create"),
]

PERMISSIONS: dict[str, str] = {
    "approvals:request-list": "approvals.view_request",
    "approvals:request-export": "approvals.export_request",
    "approvals:waiting-detail": "approvals.view_request",
    "approvals:limit-list": "approvals.view_limit",
    "approvals:limit-edit": "approvals.change_limit",
    "approvals:request-detail": "approvals.view_request",
    "approvals:approval-create": "approvals.view_request",
    "approvals:refusal-create": "approvals.view_request",
    "approvals:withdrawal-create": "approvals.view_request",
}
