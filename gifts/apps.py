from django.apps import AppConfig


class GiftsConfig(AppConfig):
    name = "gifts"

    def ready(self) -> None:
        from core import permissions
        from gifts import urls

        permissions.declare(urls.PERMISSIONS)
