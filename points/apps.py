from django.apps import AppConfig


class PointsConfig(AppConfig):
    name = "points"

    def ready(self) -> None:
        from core import permissions
        from points import urls

        permissions.declare(urls.PERMISSIONS)
