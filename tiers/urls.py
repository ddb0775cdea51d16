"""URLs of tiers and the rights they need."""

app_name = "tiers"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
