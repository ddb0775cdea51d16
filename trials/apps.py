from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrialsConfig(AppConfig):
    name = "trials"
    verbose_name = _("Trials")

    def ready(self) -> None:
        from core import permissions
        from trials import registrations, urls

        registrations.register()
        permissions.declare(urls.PERMISSIONS)
