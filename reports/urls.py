"""URLs of reports and the rights they need."""

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("sales/", views.sales, name="sales"),
    path("sales/export/", views.sales_export, name="sales-export"),
    path("tiles/today/", views.today_tile, name="today-tile"),
    path("tiles/trend/", views.trend_tile, name="trend-tile"),
]

PERMISSIONS: dict[str, str] = {
    "reports:sales": "reports.view_sales",
    "reports:sales-export": "reports.export_sales",
    "reports:today-tile": "reports.view_sales",
    "reports:trend-tile": "reports.view_sales",
}
