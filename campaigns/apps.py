from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from core import permissions
        from campaigns import urls

        permissions.declare(urls.PERMISSIONS)
