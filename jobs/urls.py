"""URLs of the jobs pages and the rights they need."""

app_name = "jobs"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
