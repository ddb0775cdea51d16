"""What lifecycle tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit
from core.links import Link, register, register_navigation


def register_doors() -> None:
    """Labels of the trail, the page of the side navigation and the link of an import."""
    audit.register_action("import.uploaded", _("Import file uploaded"))
    audit.register_action("import.finished", _("Import finished"))
    audit.register_action("import.dropped", _("Import file dropped"))
    audit.register_action("demo.loaded", _("Demo data loaded"))
    register_navigation(
        Link(
            "imports", "lifecycle:import-list", _("Imports"), "lifecycle.view_importrun", "arrow-up-tray", "system", 230
        )
    )
    register(Link("import", "lifecycle:import-detail", _("Import"), "lifecycle.view_importrun", kwargs=("pk",)))
