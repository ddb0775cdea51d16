"""URLs of count passes and the rights they need."""

from django.urls import path

from passes.views import held, plans, refunds

app_name = "passes"
urlpatterns = [
    path("", held.pass_list, name="pass-list"),
    path("export/", held.pass_export, name="pass-export"),
    path("ending/", held.ending, name="ending"),
    path("<int:pk>/", held.pass_detail, name="pass-detail"),
    path("<int:pk>/extensions/new/", held.extension_create, name="extension-create"),
    path("<int:pk>/sharers/new/", held.sharer_create, name="sharer-create"),
    path("<int:pk>/sharers/<int:member_id>/removal/", held.sharer_delete, name="sharer-delete"),
    path("<int:pk>/refunds/new/", refunds.refund_create, name="refund-create"),
    path("members/<int:member_id>/panel/", held.member_panel, name="member-panel"),
    path("refunds/", refunds.refund_list, name="refund-list"),
    path("refunds/<int:pk>/", refunds.refund_detail, name="refund-detail"),
    path("refunds/<int:pk>/payment/", refunds.refund_payment_create, name="refund-payment-create"),
    path("plans/", plans.plan_list, name="plan-list"),
    path("plans/new/", plans.plan_create, name="plan-create"),
    path("plans/preview/", plans.plan_preview, name="plan-preview"),
    path("plans/<int:pk>/", plans.plan_edit, name="plan-edit"),
]

PERMISSIONS: dict[str, str] = {
    "passes:pass-list": "passes.view_pass",
    "passes:pass-export": "passes.export_pass",
    "passes:ending": "passes.view_pass",
    "passes:pass-detail": "passes.view_pass",
    "passes:extension-create": "passes.extend_pass",
    "passes:sharer-create": "passes.share_pass",
    "passes:sharer-delete": "passes.share_pass",
    "passes:refund-create": "passes.refund_pass",
    "passes:member-panel": "passes.view_pass",
    "passes:refund-list": "passes.view_refund",
    "passes:refund-detail": "passes.view_refund",
    "passes:refund-payment-create": "passes.pay_refund",
    "passes:plan-list": "passes.view_plan",
    "passes:plan-create": "passes.change_plan",
    "passes:plan-preview": "passes.change_plan",
    "passes:plan-edit": "passes.change_plan",
}
