"""URLs of coupons and the rights they need."""

app_name = "coupons"
urlpatterns: list[object] = []

PERMISSIONS: dict[str, str] = {}
