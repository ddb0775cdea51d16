"""What points tells the doors of core and the registries of jobs and proofs at start."""

from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import audit, facts, settings
from core.links import Link, register_member_panel
from core.settings import Setting
from jobs.registry import Job, register_job, register_proof
from points import desk, proofs, rules, services
from points.facts import FACTS


def _between(low: int | Decimal, high: int | Decimal) -> Any:
    def check(value: Any) -> Any:
        return (
            None
            if low <= value <= high
            else _("Choose a number from %(low)s to %(high)s.")
            % {
                "low": low,
                "high": high,
            }
        )

    return check


def define_settings() -> None:
    """The owner's rules of points (read through ``selectors.get_rules``)."""
    group = _("Points")
    settings.define(
        Setting(
            "points.per_yuan",
            Decimal,
            Decimal(1),
            _("Points for every ¥1 paid"),
            _("Counted on what was really paid, after all discounts, coupons and points."),
            group,
            check=_between(Decimal(0), Decimal(1000)),
        ),
        Setting(
            "points.face_points",
            int,
            100,
            _("Points that make up one unit of worth"),
            _("With 100 here and 100 fen below, 100 points are worth ¥1."),
            group,
            check=_between(1, 1_000_000),
            only_later=True,
        ),
        Setting(
            "points.face_fen",
            int,
            100,
            _("Worth of that many points, in fen"),
            "",
            group,
            check=_between(1, 1_000_000),
            only_later=True,
        ),
        Setting(
            "points.minimum",
            int,
            100,
            _("Fewest points that can be used on an order"),
            "",
            group,
            check=_between(1, 10_000_000),
        ),
        Setting(
            "points.step",
            int,
            100,
            _("Points are used in multiples of"),
            "",
            group,
            check=_between(1, 10_000_000),
        ),
        Setting(
            "points.max_share_percent",
            int,
            50,
            _("Largest part of an order that points may pay, in percent"),
            "",
            group,
            check=_between(0, 100),
        ),
        Setting(
            "points.expiry_method",
            str,
            rules.YEAR_END,
            _("When points expire"),
            _("Changing this affects only points given from then on."),
            group,
            choices=(
                (rules.NEVER, _("never")),
                (rules.DAYS, _("N days after they were given")),
                (rules.MONTHS, _("N months after they were given")),
                (rules.MONTH_END, _("at the end of the month N months later")),
                (rules.QUARTER_END, _("at the end of the quarter N quarters later")),
                (rules.YEAR_END, _("at the end of the year N years later")),
            ),
        ),
        Setting(
            "points.expiry_count",
            int,
            1,
            _("N in the rule above"),
            _("With the end of the year and 1, points last until the end of next year."),
            group,
            check=_between(0, 3650),
        ),
        Setting(
            "points.grace_days",
            int,
            30,
            _("Days for which returned points that have expired meanwhile can be used again"),
            _("0: they stay expired."),
            group,
            check=_between(0, 3650),
        ),
        Setting(
            "points.multiple_mode",
            str,
            rules.HIGHEST,
            _("How the multiples of tier and campaigns combine"),
            "",
            group,
            choices=(
                (rules.HIGHEST, _("the highest counts")),
                (rules.ADDED, _("extras are added up")),
                (rules.MULTIPLIED, _("they are multiplied")),
            ),
        ),
        Setting(
            "points.multiple_cap",
            Decimal,
            Decimal(10),
            _("Highest multiple"),
            "",
            group,
            check=_between(Decimal(1), Decimal(100)),
        ),
    )


def define_limits() -> None:
    """Caps and budgets of what is earned, pending points, and what a return may do (R-P4, R-P5, R-P10, R-P11)."""
    group = _("Points")
    none = _("0: no limit.")
    settings.define(
        *(
            Setting(f"points.{name}", int, 0, label, none, group, check=_between(0, 1_000_000_000))
            for name, label in (
                ("cap_per_order", _("Most points that an order can earn")),
                ("cap_per_day", _("Most points that a member can earn in a day")),
                ("cap_per_month", _("Most points that a member can earn in a month")),
                ("cap_lifetime", _("Most points that a member can ever earn")),
                ("budget_per_month", _("Most points that all members together can earn in a month")),
            )
        ),
        Setting(
            "points.pending_until_return",
            bool,
            False,
            _("Points for goods can be used only after the return window"),
            _("Points for services can be used at once. Pending points are shown to the member."),
            group,
        ),
        Setting(
            "points.return_window_days",
            int,
            7,
            _("Days of the return window"),
            _("The points come free at the end of the last of these days."),
            group,
            check=_between(0, 365),
        ),
        Setting(
            "points.debt_policy",
            str,
            rules.DEBT,
            _("When earned points must go back but have been used"),
            _("A lawful refund is never refused because of points."),
            group,
            choices=(
                (rules.DEBT, _("the member owes them; later points repay it first")),
                (rules.CHARGE, _("their worth is kept off the cash of the refund")),
                (rules.ABSORB, _("the shop writes them off")),
            ),
            warning=_(
                "Keeping money off a refund needs terms that the customer has accepted; see the next setting. Without"
                " them the points are owed."
            ),
        ),
        Setting(
            "points.charge_terms_accepted",
            bool,
            False,
            _("Our terms say that used points are kept off a refund, and customers accept them"),
            "",
            group,
            warning=_(
                "Switch this on only when every member has been shown these terms before buying. A standard term that"
                " the customer was not clearly shown does not bind them."
            ),
        ),
        Setting(
            "points.threshold_lost",
            str,
            rules.RECLAIM,
            _("When a partial return falls below the amount from which a rule counts"),
            "",
            group,
            choices=(
                (rules.RECLAIM, _("the rest is reckoned at the shop's own rate")),
                (rules.KEEP, _("the rule still counts for the rest")),
            ),
        ),
    )


def register() -> None:
    """Everything of this app."""
    define_settings()
    define_limits()
    facts.register(*FACTS)
    audit.register_action("points.adjusted", _("Points adjusted by hand"))
    audit.register_action("points.adjustment_undone", _("Adjustment of points undone"))
    audit.register_action("points.exported", _("Points entries downloaded"))
    register_member_panel(
        Link(
            "points-panel",
            "points:member-panel",
            _("Points"),
            "points.view_entry",
            order=20,
            kwargs=("member_id",),
        )
    )
    register_job(
        Job(
            "points.expire",
            _("Expire points"),
            _("Posts the expiry of every lot of points whose last day has passed."),
            services.expire_due,
            time(0, 10),
        )
    )
    register_job(
        Job(
            "points.release",
            _("Release pending points"),
            _("Enters that pending points have come free at the end of their return window."),
            services.release_due,
            time(0, 5),
        )
    )
    for proof in proofs.PROOFS:
        register_proof(proof)
    desk.register()
