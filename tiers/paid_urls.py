"""URLs of paid tiers and the rights they need; part of those of tiers."""

from django.urls import path

from tiers.views import paid, paid_refunds

urlpatterns = [
    path("offers/", paid.paid_plan_list, name="paid-plan-list"),
    path("offers/new/", paid.paid_plan_create, name="paid-plan-create"),
    path("offers/preview/", paid.paid_plan_preview, name="paid-plan-preview"),
    path("offers/<int:pk>/", paid.paid_plan_edit, name="paid-plan-edit"),
    path("memberships/", paid.membership_list, name="membership-list"),
    path("memberships/export/", paid.membership_export, name="membership-export"),
    path("memberships/<int:pk>/", paid.membership_detail, name="membership-detail"),
    path("memberships/<int:pk>/refund/", paid_refunds.membership_refund_create, name="membership-refund-create"),
    path("membership-refunds/", paid_refunds.membership_refund_list, name="membership-refund-list"),
    path("membership-refunds/<int:pk>/", paid_refunds.membership_refund_detail, name="membership-refund-detail"),
    path("members/<int:member_id>/memberships/", paid.membership_panel, name="membership-panel"),
]

PERMISSIONS: dict[str, str] = {
    "tiers:paid-plan-list": "tiers.view_paidplan",
    "tiers:paid-plan-create": "tiers.change_paidplan",
    "tiers:paid-plan-preview": "tiers.change_paidplan",
    "tiers:paid-plan-edit": "tiers.change_paidplan",
    "tiers:membership-list": "tiers.view_membership",
    "tiers:membership-export": "tiers.export_membership",
    "tiers:membership-detail": "tiers.view_membership",
    "tiers:membership-refund-create": "tiers.refund_membership",
    "tiers:membership-refund-list": "tiers.view_membershiprefund",
    "tiers:membership-refund-detail": "tiers.view_membershiprefund",
    "tiers:membership-panel": "tiers.view_membership",
}
