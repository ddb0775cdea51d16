from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("reports")

    def ready(self) -> None:
        from core import permissions
        from reports import registrations, urls

        permissions.declare(urls.PERMISSIONS)
        registrations.register_doors()
