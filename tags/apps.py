from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TagsConfig(AppConfig):
    name = "tags"
    verbose_name = _("Tags")

    def ready(self) -> None:
        from core import permissions
        from tags import registrations, urls

        permissions.declare(urls.PERMISSIONS)
        registrations.register()
