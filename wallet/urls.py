"""URLs of wallet and the rights they need."""

app_name = "wallet"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
