"""URLs of approvals and the rights they need."""

from django.urls import URLPattern

app_name = "approvals"
urlpatterns: list[URLPattern] = []

PERMISSIONS: dict[str, str] = {}
