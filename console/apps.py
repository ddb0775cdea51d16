from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"

    def ready(self) -> None:
        from core import permissions
        from console import urls

        permissions.declare(urls.PERMISSIONS)
