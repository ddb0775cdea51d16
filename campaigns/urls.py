"""URLs of campaigns and the rights they need."""

app_name = "campaigns"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
