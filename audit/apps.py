from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Audit trail")

    def ready(self) -> None:
        from audit import receivers, registrations, services, urls
        from core import audit, permissions

        audit.register_sink(services.write_record)
        permissions.declare(urls.PERMISSIONS)
        registrations.register()
        receivers.connect()
