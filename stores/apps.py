from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StoresConfig(AppConfig):
    name = "stores"
    verbose_name = _("Stores")

    def ready(self) -> None:
        from core import context, permissions, settings
        from stores import registrations, selectors, session, urls

        registrations.register()
        settings.register_source(selectors.get_setting_value, selectors.get_setting_values)
        permissions.declare(urls.PERMISSIONS)
        context.register_provider(session.template_context)
        session.connect()
