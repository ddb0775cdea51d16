"""All URLs; each app brings its own."""

from django.urls import include, path

urlpatterns = [
    path("", include("console.urls")),
    path("stores/", include("stores.urls")),
    path("audit/", include("audit.urls")),
    path("approvals/", include("approvals.urls")),
    path("trials/", include("trials.urls")),
    path("jobs/", include("jobs.urls")),
    path("members/", include("members.urls")),
    path("catalog/", include("catalog.urls")),
    path("tags/", include("tags.urls")),
    path("points/", include("points.urls")),
    path("wallet/", include("wallet.urls")),
    path("coupons/", include("coupons.urls")),
    path("c/", include("coupons.claim_urls")),
    path("passes/", include("passes.urls")),
    path("gifts/", include("gifts.urls")),
    path("tiers/", include("tiers.urls")),
    path("campaigns/", include("campaigns.urls")),
    path("checkout/", include("checkout.urls")),
    path("lifecycle/", include("lifecycle.urls")),
    path("reports/", include("reports.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]

handler403 = "core.views.forbidden"
handler404 = "core.views.not_found"
handler500 = "core.views.server_error"
