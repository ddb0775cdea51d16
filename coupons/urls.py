"""URLs of coupons and the rights they need."""

from django.urls import path

from coupons import views

app_name = "coupons"
urlpatterns = [
    path("templates/", views.template_list, name="template-list"),
    path("templates/new/", views.template_create, name="template-create"),
    path("templates/<int:pk>/", views.template_detail, name="template-detail"),
    path("templates/<int:pk>/edit/", views.template_edit, name="template-edit"),
    path("templates/<int:pk>/status/", views.template_status_edit, name="template-status-edit"),
    path("templates/<int:pk>/coupons/new/", views.coupon_create, name="coupon-create"),
    path("<int:pk>/", views.coupon_detail, name="coupon-detail"),
    path("<int:pk>/void/", views.void_create, name="void-create"),
    path("members/<int:member_id>/", views.member_coupon_list, name="member-coupon-list"),
    path("members/<int:member_id>/panel/", views.member_panel, name="member-panel"),
    path("members/<int:member_id>/new/", views.member_coupon_create, name="member-coupon-create"),
]

PERMISSIONS: dict[str, str] = {
    "coupons:template-list": "coupons.view_template",
    "coupons:template-create": "coupons.add_template",
    "coupons:template-detail": "coupons.view_template",
    "coupons:template-edit": "coupons.change_template",
    "coupons:template-status-edit": "coupons.change_template",
    "coupons:coupon-create": "coupons.issue_coupon",
    "coupons:coupon-detail": "coupons.view_coupon",
    "coupons:void-create": "coupons.void_coupon",
    "coupons:member-coupon-list": "coupons.view_coupon",
    "coupons:member-panel": "coupons.view_coupon",
    "coupons:member-coupon-create": "coupons.issue_coupon",
}
