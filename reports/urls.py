"""URLs of reports and the rights they need."""

from django.urls import path

from reports import views
from reports.views import coupons, value

app_name = "reports"
urlpatterns = [
    path("sales/", views.sales, name="sales"),
    path("sales/export/", views.sales_export, name="sales-export"),
    path("books/", value.ledger, {"code": "points"}, name="books"),
    path("books/<slug:code>/", value.ledger, name="ledger"),
    path("books/<slug:code>/export/", value.ledger_export, name="ledger-export"),
    path("liability/", value.liability, name="liability"),
    path("liability/export/", value.liability_export, name="liability-export"),
    path("clearing/", value.clearing, name="clearing"),
    path("clearing/export/", value.clearing_export, name="clearing-export"),
    path("coupons/", coupons.effect, name="coupons"),
    path("coupons/export/", coupons.effect_export, name="coupons-export"),
    path("tiles/liability/", value.liability_tile, name="liability-tile"),
    path("tiles/today/", views.today_tile, name="today-tile"),
    path("tiles/trend/", views.trend_tile, name="trend-tile"),
]

PERMISSIONS: dict[str, str] = {
    "reports:sales": "reports.view_sales",
    "reports:sales-export": "reports.export_sales",
    "reports:books": "reports.view_value",
    "reports:ledger": "reports.view_value",
    "reports:ledger-export": "reports.export_value",
    "reports:liability": "reports.view_value",
    "reports:liability-export": "reports.export_value",
    "reports:clearing": "reports.view_value",
    "reports:clearing-export": "reports.export_value",
    "reports:coupons": "reports.view_sales",
    "reports:coupons-export": "reports.export_sales",
    "reports:liability-tile": "reports.view_value",
    "reports:today-tile": "reports.view_sales",
    "reports:trend-tile": "reports.view_sales",
}
