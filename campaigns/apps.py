from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"

    def ready(self) -> None:
        from campaigns import registrations, services, urls
        from core import permissions
        from members.services import register_entrance

        permissions.declare(urls.PERMISSIONS)
        register_entrance(services.register_member)
        registrations.register()
