"""What giving coupons to many tells the doors: pages, jobs, settings, reminders and labels of the trail."""

from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from core import audit, settings
from core.links import Link, register_navigation
from core.links import register as register_link
from core.settings import Setting
from coupons import services
from jobs.registry import Job, register_job
from members.registry import register_reminder_kind

ACTIONS = (
    ("coupon_batch.started", _("Coupon batch started")),
    ("coupon_batch.paused", _("Coupon batch paused")),
    ("coupon_batch.resumed", _("Coupon batch resumed")),
    ("coupon_batch.cancelled", _("Coupon batch cancelled")),
    ("coupon_batch.voided", _("Unused coupons of a batch withdrawn")),
    ("coupon_offer.created", _("Claim offer made")),
    ("coupon_offer.changed", _("Claim offer changed")),
)


def _between(low: int, high: int) -> Callable[[int], Any]:
    return lambda value: (
        None if low <= value <= high else _("Choose a number from %(low)s to %(high)s.") % {"low": low, "high": high}
    )


def _describe(details: Mapping[str, Any]) -> str:
    parts = [
        _now("%(count)s × %(name)s until %(day)s") % {"count": end["count"], "name": end["name"], "day": end["day"]}
        for end in details.get("ends", ())
    ]
    return _now("; ").join(parts)


def define_settings() -> None:
    """When to remind, and how often a claim page may be tried."""
    group = _("Coupons")
    for code, default, label, help_text, low, high in (
        (
            services.REMINDER_DAYS,
            3,
            _("Remind of coupons that end so many days ahead"),
            _("0: no reminders."),
            0,
            90,
        ),
        (
            services.CLAIMS_PER_ADDRESS,
            10,
            _("Tries on claim pages from one address in ten minutes"),
            _("Customers in the shop's own network share one address."),
            1,
            10_000,
        ),
        (
            services.CLAIMS_PER_OFFER,
            600,
            _("Tries on one claim page in ten minutes"),
            "",
            1,
            1_000_000,
        ),
        (
            services.CODE_MISSES,
            20,
            _("Unknown coupon codes that one person may try at a till in ten minutes"),
            _("So that nobody finds coupons by guessing."),
            1,
            10_000,
        ),
    ):
        settings.define(Setting(code, int, default, label, help_text, group, check=_between(low, high)))


def register_jobs() -> None:
    """What happens at night."""
    register_job(
        Job(
            "coupons.remind_expiry",
            _("Remind of coupons that end"),
            _("Puts members whose unused coupons end soon on the list of reminders of their store."),
            services.remind_expiry,
            time(0, 35),
        )
    )
    register_job(
        Job(
            "coupons.forget_tries",
            _("Forget tries of coupon codes"),
            _("Throws away how often codes and claim pages were tried before."),
            services.forget_tries,
            time(4, 40),
        )
    )


def register() -> None:
    """Everything."""
    for action, label in ACTIONS:
        audit.register_action(action, label)
    define_settings()
    register_jobs()
    register_reminder_kind(services.REMINDER, _("coupons end"), _describe)
    for name, url_name, label, permission, icon, order in (
        ("coupon-batches", "coupons:batch-list", _("Coupon batches"), "coupons.view_batch", "users", 62),
        ("coupon-offers", "coupons:offer-list", _("Claim offers"), "coupons.view_offer", "qr-code", 64),
    ):
        register_navigation(Link(name, url_name, label, permission, icon, "marketing", order))
    for name, label in (("batch", _("Coupon batch")), ("offer", _("Claim offer"))):
        register_link(Link(f"coupon_{name}", f"coupons:{name}-detail", label, f"coupons.view_{name}", kwargs=("pk",)))
