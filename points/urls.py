"""URLs of points and the rights they need."""

app_name = "points"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
