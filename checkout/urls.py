"""URLs of checkout and the rights they need."""

app_name = "checkout"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
