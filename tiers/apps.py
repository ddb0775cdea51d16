from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TiersConfig(AppConfig):
    name = "tiers"
    verbose_name = _("Tiers")

    def ready(self) -> None:
        from core import permissions
        from tiers import paid_registrations, registrations, urls

        permissions.declare(urls.PERMISSIONS)
        registrations.register()
        paid_registrations.register()
