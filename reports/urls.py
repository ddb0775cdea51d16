"""URLs of reports and the rights they need."""

app_name = "reports"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
