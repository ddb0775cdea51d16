"""URLs of tags and the rights they need."""

app_name = "tags"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
