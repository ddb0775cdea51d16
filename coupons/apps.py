from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CouponsConfig(AppConfig):
    name = "coupons"
    verbose_name = _("Coupons")

    def ready(self) -> None:
        from core import permissions
        from coupons import claim_urls, registrations, urls

        permissions.declare(urls.PERMISSIONS)
        permissions.declare(claim_urls.PERMISSIONS)
        registrations.register()
