"""URLs of stores and the rights they need."""

from core.permissions import PUBLIC

app_name = "stores"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {"stores:login": PUBLIC}
