from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"

    def ready(self) -> None:
        from core import permissions
        from members import urls

        permissions.declare(urls.PERMISSIONS)
