"""What reports tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit, dashboard
from core.dashboard import Tile
from core.links import Link, register_navigation


def register_doors() -> None:
    """Label of the trail, the page of the side navigation and the tiles of the home page."""
    audit.register_action("report.exported", _("Report downloaded"))
    register_navigation(
        Link("sales-report", "reports:sales", _("Sales report"), "reports.view_sales", "chart-bar", "reports", 150)
    )
    dashboard.register(Tile("sales-today", "reports:today-tile", _("Today"), "reports.view_sales", 10, 4))
    dashboard.register(Tile("sales-trend", "reports:trend-tile", _("Last 30 days"), "reports.view_sales", 20, 4))
