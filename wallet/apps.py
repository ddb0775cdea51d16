from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WalletConfig(AppConfig):
    name = "wallet"
    verbose_name = _("Stored value")

    def ready(self) -> None:
        from core import permissions
        from wallet import registrations, urls

        registrations.register()
        permissions.declare(urls.PERMISSIONS)
