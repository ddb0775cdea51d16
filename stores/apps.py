from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StoresConfig(AppConfig):
    name = "stores"
    verbose_name = _("Stores")

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from core import context, permissions, roles, settings
        from stores import registrations, selectors, session, urls

        registrations.register()
        settings.register_source(selectors.get_setting_value, selectors.get_setting_values)
        permissions.declare(urls.PERMISSIONS)
        context.register_provider(session.template_context)
        session.connect()
        # The last app with tables, so that every permission is there when the roles get theirs.
        post_migrate.connect(roles.sync, sender=self, dispatch_uid="core.roles")
