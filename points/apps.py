from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PointsConfig(AppConfig):
    name = "points"
    verbose_name = _("Points")

    def ready(self) -> None:
        from core import permissions
        from points import registrations, urls

        registrations.register()
        permissions.declare(urls.PERMISSIONS)
