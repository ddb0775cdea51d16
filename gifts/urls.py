"""URLs of gifts and the rights they need."""

app_name = "gifts"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
