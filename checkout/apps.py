from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    name = "checkout"

    def ready(self) -> None:
        from core import permissions
        from checkout import urls

        permissions.declare(urls.PERMISSIONS)
