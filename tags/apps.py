from django.apps import AppConfig


class TagsConfig(AppConfig):
    name = "tags"

    def ready(self) -> None:
        from core import permissions
        from tags import urls

        permissions.declare(urls.PERMISSIONS)
