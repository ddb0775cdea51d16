from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"

    def ready(self) -> None:
        from core import permissions
        from reports import urls

        permissions.declare(urls.PERMISSIONS)
