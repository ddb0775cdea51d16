from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        from core import permissions
        from jobs import registrations, urls

        permissions.declare(urls.PERMISSIONS)
        registrations.register()
