from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"

    def ready(self) -> None:
        from core import permissions
        from catalog import urls

        permissions.declare(urls.PERMISSIONS)
