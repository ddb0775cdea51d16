"""URLs of batches and offers; part of ``coupons.urls``."""

from django.urls import path

from coupons.views import batches, offers

urlpatterns = [
    path("batches/", batches.batch_list, name="batch-list"),
    path("batches/new/", batches.batch_create, name="batch-create"),
    path("batches/<int:pk>/", batches.batch_detail, name="batch-detail"),
    path("batches/<int:pk>/pause/", batches.batch_pause, name="batch-pause"),
    path("batches/<int:pk>/resume/", batches.batch_resume, name="batch-resume"),
    path("batches/<int:pk>/cancel/", batches.batch_cancel, name="batch-cancel"),
    path("batches/<int:pk>/void/", batches.batch_void, name="batch-void"),
    path("offers/", offers.offer_list, name="offer-list"),
    path("offers/new/", offers.offer_create, name="offer-create"),
    path("offers/<int:pk>/", offers.offer_detail, name="offer-detail"),
    path("offers/<int:pk>/edit/", offers.offer_edit, name="offer-edit"),
    path("offers/<int:pk>/code.svg", offers.offer_code, name="offer-code"),
]

PERMISSIONS: dict[str, str] = {
    "coupons:batch-list": "coupons.view_batch",
    "coupons:batch-create": "coupons.add_batch",
    "coupons:batch-detail": "coupons.view_batch",
    "coupons:batch-pause": "coupons.change_batch",
    "coupons:batch-resume": "coupons.change_batch",
    "coupons:batch-cancel": "coupons.change_batch",
    "coupons:batch-void": "coupons.void_coupon",
    "coupons:offer-list": "coupons.view_offer",
    "coupons:offer-create": "coupons.add_offer",
    "coupons:offer-detail": "coupons.view_offer",
    "coupons:offer-edit": "coupons.change_offer",
    "coupons:offer-code": "coupons.view_offer",
}
