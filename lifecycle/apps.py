from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LifecycleConfig(AppConfig):
    name = "lifecycle"
    verbose_name = _("imports")

    def ready(self) -> None:
        from core import permissions
        from lifecycle import registrations, urls

        permissions.declare(urls.PERMISSIONS)
        registrations.register_doors()
