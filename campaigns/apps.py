from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from campaigns import urls
        from core import permissions

        permissions.declare(urls.PERMISSIONS)
