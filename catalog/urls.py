"""URLs of catalog and the rights they need."""

app_name = "catalog"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
