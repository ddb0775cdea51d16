"""What passes tells the doors of core and the registries of members, jobs, proofs and approvals at start."""

from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from approvals.registry import MONEY, Kind, register_kind
from core import audit, dashboard, settings
from core.dashboard import Tile
from core.links import Link, register_member_panel, register_navigation
from core.links import register as register_link
from core.settings import Setting
from jobs.registry import Job, register_job, register_proof
from members.registry import register_reminder_kind
from passes import proofs, services


def _days(value: Any) -> Any:
    return None if 0 <= value <= 3650 else _("Choose a number of days from 0 to 3650.")


def _stages(value: Any) -> Any:
    try:
        services.stages_of(value)
    except ValueError:
        return _("Write days like 30, 7, 1.")
    return None


def define_settings() -> None:
    """The owner's rules of count passes."""
    group = _("Count passes")
    settings.define(
        Setting(
            "passes.contract_version",
            str,
            "1",
            _("Version of the terms of count passes"),
            _("Kept with every pass that is sold."),
            group,
        ),
        Setting(
            "passes.refund_promise",
            str,
            "package",
            _("What we promise for an unused pass"),
            _("The customer always gets at least what the law says."),
            group,
            choices=(
                ("package", _("every unused share of the price")),
                ("law", _("what the law says")),
            ),
        ),
        Setting(
            "passes.payout_days",
            int,
            15,
            _("Days in which a refund is paid"),
            "",
            group,
            check=_days,
        ),
        Setting(
            "passes.grace_days",
            int,
            30,
            _("Days for which a use that comes back can be used where the pass has ended meanwhile"),
            _("0: it stays ended."),
            group,
            check=_days,
        ),
        Setting(
            "passes.reminder_days",
            str,
            "30,7,1",
            _("Remind of the end so many days before"),
            _("Separated by commas; empty: never."),
            group,
            check=_stages,
        ),
    )


def describe_ending(details: Mapping[str, Any]) -> str:
    """The line of a reminder."""
    if details.get("left") is None:
        return _t("%(name)s ends on %(day)s.") % {"name": details["name"], "day": details["ends"]}
    return _t("%(name)s ends on %(day)s; %(left)s uses are left.") % {
        "name": details["name"],
        "day": details["ends"],
        "left": details["left"],
    }


def register() -> None:
    """Everything of this app."""
    define_settings()
    for action, label in (
        ("pass_plan.created", _("Pass plan created")),
        ("pass_plan.changed", _("Pass plan changed")),
        ("pass.extended", _("Count pass extended")),
        ("pass.shared", _("Count pass shared")),
        ("pass.unshared", _("Sharing of a count pass ended")),
        ("pass.voided", _("Sale of a count pass voided")),
        ("pass.refunded", _("Count pass refunded")),
        ("pass_refund.paid", _("Refund of a count pass paid")),
        ("pass.exported", _("Count passes downloaded")),
    ):
        audit.register_action(action, label)
    register_reminder_kind(services.REMINDER, _("Count pass ends"), describe_ending)
    register_kind(
        Kind(
            name=services.KIND,
            label=_("Refund of a count pass"),
            unit=MONEY,
            approve_right="passes.approve_refund",
            preview=services.preview,
            execute=services.execute,
            labels={
                "pass": _("Count pass"),
                "uses": _("Uses left"),
                "value": _("Unused value"),
                "article": _("Article of 法释〔2025〕4号"),
                "formula": _("Formula"),
                "lawful": _("By law"),
                "promised": _("By our promise"),
                "amount": _("To be paid"),
            },
            limits={"owner": None, "manager": Decimal("200.00")},
            lock=services.lock,
        )
    )
    register_jobs()
    for proof in proofs.PROOFS:
        register_proof(proof)
    register_pages()


def register_jobs() -> None:
    """What runs every night."""
    register_job(
        Job(
            "passes.expire",
            _("Close ended passes"),
            _("Posts the end of count passes whose last day has passed; passes without an end never end."),
            services.expire_due,
            time(0, 16),
        )
    )
    register_job(
        Job(
            "passes.remind",
            _("Remind of ending passes"),
            _("Makes a reminder for the store of registration of every owner of a pass that ends soon."),
            services.remind,
            time(0, 22),
        )
    )


def register_pages() -> None:
    """Navigation, the block of the member page, the tile of the home page, and where entries point."""
    register_link(Link("pass", "passes:pass-detail", _("Count pass"), "passes.view_pass", kwargs=("pk",)))
    register_link(
        Link("pass-refund", "passes:refund-detail", _("Refund of a count pass"), "passes.view_refund", kwargs=("pk",))
    )
    register_navigation(
        Link("passes", "passes:pass-list", _("Count passes"), "passes.view_pass", "ticket", "value", 130)
    )
    register_navigation(
        Link("pass-plans", "passes:plan-list", _("Pass plans"), "passes.view_plan", "rectangle-stack", "value", 135)
    )
    register_member_panel(
        Link(
            "passes-panel",
            "passes:member-panel",
            _("Count passes"),
            "passes.view_pass",
            order=25,
            kwargs=("member_id",),
        )
    )
    dashboard.register(
        Tile("passes-ending", "passes:ending", _("Passes about to end"), "passes.view_pass", order=60, width=2)
    )
