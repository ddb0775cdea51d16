from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckoutConfig(AppConfig):
    name = "checkout"
    verbose_name = _("Checkout")

    def ready(self) -> None:
        from checkout import facts, registrations, urls
        from core import permissions

        permissions.declare(urls.PERMISSIONS)
        registrations.register()
        facts.register()
