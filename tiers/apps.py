from django.apps import AppConfig


class TiersConfig(AppConfig):
    name = "tiers"

    def ready(self) -> None:
        from core import permissions
        from tiers import urls

        permissions.declare(urls.PERMISSIONS)
