from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PassesConfig(AppConfig):
    name = "passes"
    verbose_name = _("Count passes")

    def ready(self) -> None:
        from core import permissions
        from passes import registrations, urls

        registrations.register()
        permissions.declare(urls.PERMISSIONS)
