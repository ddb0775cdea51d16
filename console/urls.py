"""URLs of console and the rights they need."""

from django.urls import path

from console import views
from core.permissions import ANY_STAFF, PUBLIC

app_name = "console"
urlpatterns = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health-detail"),
]

PERMISSIONS: dict[str, str] = {
    "console:home": ANY_STAFF,
    "console:health-detail": PUBLIC,
    # Django's own view behind the language switch.
    "set_language": PUBLIC,
}
