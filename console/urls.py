"""URLs of console and the rights they need."""

app_name = "console"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
