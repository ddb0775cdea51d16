"""What points tells the doors about the work of people: what is asked for, looked at and reminded of."""

from collections.abc import Callable, Mapping
from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approvals.registry import POINTS, Kind, register_kind
from core import audit, dashboard, settings
from core.links import Link, register_navigation
from core.links import register as register_link
from core.settings import Setting
from jobs.registry import Job, register_job
from members.registry import register_member_action, register_reminder_kind
from members.services import lock_member
from points import services

ACTIONS = (
    ("points_batch.started", _("Points batch started")),
    ("points_batch.undone", _("Points batch undone")),
    ("points_rule.created", _("Points rule made")),
    ("points_rule.draft_saved", _("Draft of a points rule saved")),
    ("points_rule.draft_dropped", _("Draft of a points rule dropped")),
    ("points_rule.scheduled", _("Points rule started or scheduled")),
    ("points_rule.called_off", _("Start of a points rule called off")),
    ("points_rule.retired", _("Points rule ended")),
    ("points_watch.reviewed", _("Odd account reviewed")),
)


def _from_zero_to(high: int) -> Callable[[Any], Any]:
    return lambda value: (
        None if 0 <= value <= high else _("Choose a number from %(low)s to %(high)s.") % {"low": 0, "high": high}
    )


def _check_stages(text: str) -> Any:
    try:
        services.stages_of(text)
    except ValueError:
        return _("Write numbers of days with commas between them, such as 30, 7, 1.")
    return None


def _describe_expiry(details: Mapping[str, Any]) -> str:
    parts = [
        _now("%(points)s points until %(day)s") % {"points": f"{int(end['points']):,}", "day": end["day"]}
        for end in details.get("ends", ())
    ]
    return _now("; ").join(parts)


def define_settings() -> None:
    """When to remind, and from where on an account is odd."""
    settings.define(
        Setting(
            "points.reminder_days",
            str,
            "30, 7, 1",
            _("Remind of points that end so many days ahead"),
            _("Numbers with commas between them; empty for no reminders."),
            _("Points"),
            check=_check_stages,
        ),
        *(
            Setting(
                f"points.watch_{kind}",
                int,
                default,
                label,
                _("0: not watched."),
                _("Points"),
                check=_from_zero_to(high),
            )
            for kind, default, high, label in (
                ("many_earns", 5, 1000, _("Look at members with more orders in a day than")),
                ("many_points", 5000, 100_000_000, _("Look at members with more points earned in a day than")),
                ("many_returns", 3, 1000, _("Look at members whose points were taken back in 30 days more often than")),
                ("many_gifts", 2000, 100_000_000, _("Look at members who got more points by hand in a day than")),
                ("quick_spend", 30, 1440, _("Look at points spent in another store within so many minutes")),
            )
        ),
    )


def register_approvals() -> None:
    """Points given or taken by hand, one member or many."""
    register_kind(
        Kind(
            name=services.ADJUSTMENT,
            label=_("Points by hand"),
            unit=POINTS,
            approve_right="points.approve_adjustment",
            preview=services.preview_adjustment,
            execute=services.execute_adjustment,
            labels={
                "change": pgettext_lazy("points", "Change"),
                "before": _("Balance now"),
                "after": _("Balance after"),
                "owed": _("Owed after"),
            },
            limits={"owner": None, "manager": Decimal(1000), "finance": Decimal(5000)},
            lock=lambda payload: lock_member(payload["member"]),
        )
    )
    register_kind(
        Kind(
            name=services.APPROVAL,
            label=_("Points of many members"),
            unit=POINTS,
            approve_right="points.approve_batch",
            preview=services.preview_request,
            execute=services.execute_request,
            labels={"members": _("Members"), "points": _("Points")},
            refused=services.refuse_batch,
        )
    )


def register_jobs() -> None:
    """What happens at night."""
    register_job(
        Job(
            "points.watch",
            _("Look for odd accounts"),
            _("Lists members whose points moved oddly on the day before, for a person to look at."),
            services.watch_accounts,
            time(0, 40),
        )
    )
    register_job(
        Job(
            "points.remind_expiry",
            _("Remind of points that end"),
            _("Puts members whose points end soon on the list of reminders of their store."),
            services.remind_expiry,
            time(0, 30),
        )
    )


def register_pages() -> None:
    """Navigation, the home page and the places that entries and requests point at."""
    for name, url_name, label, permission, icon, order in (
        ("points-ledger", "points:ledger", _("Points entries"), "points.view_ledger", "list-bullet", 10),
        ("points-rules", "points:rule-list", _("Points rules"), "points.view_rule", "star", 15),
        ("points-batches", "points:batch-list", _("Points of many"), "points.view_batch", "users", 20),
        ("points-watches", "points:watch-list", _("Odd accounts"), "points.view_watch", "eye", 25),
    ):
        register_navigation(Link(name, url_name, label, permission, icon, "value", order))
    register_link(Link("points-batch", "points:batch-detail", _("Points batch"), "points.view_batch", kwargs=("pk",)))
    register_link(Link("points-rule", "points:rule-detail", _("Points rule"), "points.view_rule", kwargs=("pk",)))
    register_link(
        Link("points-entries", "points:entry-list", _("Points entries"), "points.view_entry", kwargs=("member_id",))
    )
    register_member_action(
        Link(
            "points-adjustment",
            "points:adjustment-create",
            _("Adjust points"),
            "points.adjust_balance",
            "star",
            order=60,
            kwargs=("member_id",),
        )
    )
    dashboard.register(
        dashboard.Tile("points-watch", "points:watch-tile", _("Odd accounts"), "points.review_watch", order=31, width=1)
    )


def register() -> None:
    """Everything."""
    for action, label in ACTIONS:
        audit.register_action(action, label)
    define_settings()
    register_approvals()
    register_jobs()
    register_pages()
    register_reminder_kind(services.REMINDER, _("points end"), _describe_expiry)
