"""URLs of the audit trail and the rights they need."""

from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("", views.record_list, name="record-list"),
    path("export/", views.record_export, name="record-export"),
]

PERMISSIONS: dict[str, str] = {
    "audit:record-list": "audit.view_record",
    "audit:record-export": "audit.export_record",
}
