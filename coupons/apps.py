from django.apps import AppConfig


class CouponsConfig(AppConfig):
    name = "coupons"

    def ready(self) -> None:
        from core import permissions
        from coupons import urls

        permissions.declare(urls.PERMISSIONS)
