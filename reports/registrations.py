"""What reports tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core import audit, dashboard, settings
from core.dashboard import Tile
from core.links import Link, register_navigation
from core.settings import Setting


def register_doors() -> None:
    """Label of the trail, the page of the side navigation and the tiles of the home page."""
    audit.register_action("report.exported", _("Report downloaded"))
    define_settings()
    register_navigation(
        Link("sales-report", "reports:sales", _("Sales report"), "reports.view_sales", "chart-bar", "reports", 150)
    )
    register_navigation(
        Link("coupons-report", "reports:coupons", _("Coupon report"), "reports.view_sales", "ticket", "reports", 151)
    )
    for number, (name, label, icon) in enumerate(
        (
            ("books", _("Books of value"), "book-open"),
            ("liability", _("Liability"), "scale"),
            ("clearing", _("Clearing between stores"), "arrows-right-left"),
        )
    ):
        register_navigation(
            Link(f"{name}-report", f"reports:{name}", label, "reports.view_value", icon, "reports", 152 + number)
        )
    dashboard.register(
        Tile("liability", "reports:liability-tile", _("What we owe members"), "reports.view_value", 65, 4)
    )
    dashboard.register(Tile("sales-today", "reports:today-tile", _("Today"), "reports.view_sales", 10, 4))
    dashboard.register(Tile("sales-trend", "reports:trend-tile", _("Last 30 days"), "reports.view_sales", 70, 4))


def define_settings() -> None:
    """What the owner expects of bonus and points, for the liability (IFRS 15)."""

    def in_percent(value: int) -> object:
        return None if 0 <= value <= 100 else _("Choose a number from 0 to 100.")

    group = _("Reports")
    for code, label in (
        ("reports.bonus_use_percent", _("Share of bonus money that is expected to be used, in percent")),
        ("reports.points_use_percent", _("Share of points that is expected to be used, in percent")),
    ):
        settings.define(
            Setting(
                code,
                int,
                100,
                label,
                _("Only for the liability report; 100 is the careful choice."),
                group,
                check=in_percent,
            )
        )
