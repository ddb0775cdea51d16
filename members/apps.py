from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = _("Members")

    def ready(self) -> None:
        from core import permissions
        from members import registrations, urls

        permissions.declare(urls.PERMISSIONS)
        registrations.register()
