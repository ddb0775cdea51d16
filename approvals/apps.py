from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from approvals import registrations, urls
        from core import permissions

        registrations.register()
        permissions.declare(urls.PERMISSIONS)
