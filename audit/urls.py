"""URLs of the audit trail and the rights they need."""

app_name = "audit"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
