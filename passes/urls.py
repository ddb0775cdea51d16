"""URLs of count passes and the rights they need."""

from django.urls import URLPattern

app_name = "passes"
urlpatterns: list[URLPattern] = []

PERMISSIONS: dict[str, str] = {}
