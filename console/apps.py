from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"

    def ready(self) -> None:
        from console import urls
        from core import permissions

        permissions.declare(urls.PERMISSIONS)
