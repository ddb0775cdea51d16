"""URLs of lifecycle and the rights they need."""

app_name = "lifecycle"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
