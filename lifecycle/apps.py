from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    name = "lifecycle"

    def ready(self) -> None:
        from core import permissions
        from lifecycle import urls

        permissions.declare(urls.PERMISSIONS)
