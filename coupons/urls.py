"""URLs of coupons and the rights they need."""

from django.urls import path

from coupons import giving_urls
from coupons.views import classes, coupons, templates

app_name = "coupons"
urlpatterns = [
    path("templates/", templates.template_list, name="template-list"),
    path("templates/new/", templates.template_create, name="template-create"),
    path("templates/<int:pk>/", templates.template_detail, name="template-detail"),
    path("templates/<int:pk>/edit/", templates.template_edit, name="template-edit"),
    path("templates/<int:pk>/status/", templates.template_status_edit, name="template-status-edit"),
    path("templates/<int:pk>/trials/new/", templates.trial_create, name="trial-create"),
    path("templates/<int:pk>/versions/", templates.version_list, name="version-list"),
    path("classes/", classes.class_list, name="class-list"),
    path("classes/<int:pk>/delete/", classes.class_delete, name="class-delete"),
    path("", coupons.coupon_list, name="coupon-list"),
    path("export/", coupons.coupon_export, name="coupon-export"),
    path("templates/<int:pk>/coupons/new/", coupons.coupon_create, name="coupon-create"),
    path("<int:pk>/", coupons.coupon_detail, name="coupon-detail"),
    path("<int:pk>/void/", coupons.void_create, name="void-create"),
    path("members/<int:member_id>/", coupons.member_coupon_list, name="member-coupon-list"),
    path("members/<int:member_id>/panel/", coupons.member_panel, name="member-panel"),
    path("members/<int:member_id>/new/", coupons.member_coupon_create, name="member-coupon-create"),
    *giving_urls.urlpatterns,
]

PERMISSIONS: dict[str, str] = {
    "coupons:template-list": "coupons.view_template",
    "coupons:template-create": "coupons.add_template",
    "coupons:template-detail": "coupons.view_template",
    "coupons:template-edit": "coupons.change_template",
    "coupons:template-status-edit": "coupons.change_template",
    "coupons:trial-create": "coupons.change_template",
    "coupons:version-list": "coupons.view_template",
    "coupons:class-list": "coupons.view_stackcategory",
    "coupons:class-delete": "coupons.change_stackcategory",
    "coupons:coupon-list": "coupons.view_coupon",
    "coupons:coupon-export": "coupons.export_coupon",
    "coupons:coupon-create": "coupons.issue_coupon",
    "coupons:coupon-detail": "coupons.view_coupon",
    "coupons:void-create": "coupons.void_coupon",
    "coupons:member-coupon-list": "coupons.view_coupon",
    "coupons:member-panel": "coupons.view_coupon",
    "coupons:member-coupon-create": "coupons.issue_coupon",
    **giving_urls.PERMISSIONS,
}
