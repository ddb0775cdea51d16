"""URLs of members and the rights they need."""

app_name = "members"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
