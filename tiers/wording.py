"""What a level asks and gives, in plain sentences for forms, lists and the member page."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.conf import settings
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from tiers.rules import (
    ANY,
    BALANCE,
    CALENDAR_MONTH,
    CALENDAR_QUARTER,
    CALENDAR_YEAR,
    GROWTH,
    MEMBERSHIP_YEAR,
    ORDERS,
    POINTS,
    RECHARGE,
    ROLLING_DAYS,
    ROLLING_MONTHS,
    SINGLE_RECHARGE,
    SPEND,
    THRESHOLD_METRICS,
    Thresholds,
    Window,
)
from tiers.selectors import Progress

MONEY = (SPEND, RECHARGE, SINGLE_RECHARGE, BALANCE)


def amount_of(metric: str, amount: Decimal) -> str:
    """An amount of a metric with its unit: "¥132.00", "40 points", "3 orders"."""
    if metric in MONEY:
        return f"{settings.CURRENCY_SYMBOL}{amount:,.2f}"
    count = int(amount)
    if metric == POINTS:
        return ngettext("%(count)s point", "%(count)s points", count) % {"count": f"{count:,}"}
    if metric == GROWTH:
        return ngettext("%(count)s growth point", "%(count)s growth points", count) % {"count": f"{count:,}"}
    return ngettext("%(count)s order", "%(count)s orders", count) % {"count": f"{count:,}"}


def figure(item: Mapping[str, str]) -> str:
    """One of the figures that a change keeps: "spend ¥512.50 since 2025-03-19", with its last day where it has one."""
    metric = item["metric"]
    amount = amount_of(metric, Decimal(item["amount"]))
    if metric in MONEY:
        names = {
            SPEND: _("spend %(amount)s"),
            RECHARGE: _("recharge %(amount)s"),
            SINGLE_RECHARGE: _("recharge %(amount)s at once"),
            BALANCE: _("balance %(amount)s"),
        }
        amount = names[metric] % {"amount": amount}
    first, last = item.get("since"), item.get("until")
    if first and last:
        return _("%(amount)s, %(first)s to %(last)s") % {"amount": amount, "first": first, "last": last}
    if not first:
        return amount
    return _("%(amount)s since %(day)s") % {"amount": amount, "day": first}


def _condition(metric: str, amount: Decimal) -> str:
    text = {
        SPEND: _("spend %(amount)s"),
        ORDERS: _("place %(amount)s"),
        POINTS: _("earn %(amount)s"),
        RECHARGE: _("recharge %(amount)s"),
        GROWTH: _("get %(amount)s"),
        SINGLE_RECHARGE: _("recharge %(amount)s at once"),
        BALANCE: _("have a balance of %(amount)s"),
    }[metric]
    return text % {"amount": amount_of(metric, amount)}


def window_text(window: Window) -> str:
    """The time in which it counts."""
    if window.kind == ROLLING_DAYS:
        return ngettext("within the last %(n)s day", "within the last %(n)s days", window.n) % {"n": window.n}
    if window.kind == ROLLING_MONTHS:
        return ngettext("within the last %(n)s month", "within the last %(n)s months", window.n) % {"n": window.n}
    return {
        CALENDAR_MONTH: _("within a calendar month"),
        CALENDAR_QUARTER: _("within a calendar quarter"),
        CALENDAR_YEAR: _("within a calendar year"),
        MEMBERSHIP_YEAR: _("within a year from the day of joining"),
    }.get(window.kind, _("ever"))


def conditions(thresholds: Thresholds) -> str:
    """What must be reached: "spend ¥500.00 or earn 500 points"."""
    joint = _(" or ") if thresholds.mode == ANY else _(" and ")
    asked = thresholds.metrics
    return joint.join(_condition(metric, asked[metric]) for metric in THRESHOLD_METRICS if metric in asked)


def asks(thresholds: Thresholds) -> str:
    """Who gets the level."""
    if not thresholds.metrics:
        return _("Every member has this tier.")
    return _("For members who %(conditions)s %(window)s.") % {
        "conditions": conditions(thresholds),
        "window": window_text(thresholds.window),
    }


def length_text(window: Window) -> str:
    """How long a level lasts that is reached within the window: "for 12 months"."""
    if window.kind == ROLLING_DAYS:
        length = ngettext("%(n)s day", "%(n)s days", window.n) % {"n": window.n}
    elif window.kind == ROLLING_MONTHS:
        length = ngettext("%(n)s month", "%(n)s months", window.n) % {"n": window.n}
    else:
        return _("until the end of the next such period")
    return _("for %(length)s") % {"length": length}


def discount_text(factor: Decimal) -> str:
    """A factor as people say it: 95折 in Chinese, "5% off" elsewhere."""
    if factor == 1:
        return _("no discount")
    if (get_language() or "").startswith("zh"):
        return f"{(factor * 10).normalize():f}折"
    return _("%(percent)s%% off") % {"percent": f"{((1 - factor) * 100).normalize():f}"}


def gives(factor: Decimal, multiple: Decimal) -> str:
    """The benefits."""
    return _("Benefits: %(discount)s, points × %(multiple)s.") % {
        "discount": discount_text(factor),
        "multiple": f"{multiple.normalize():f}",
    }


def still_needed(progress: Progress) -> str:
    """The way to the next level: "¥132.00 or 497 points to Silver", with the last day where there is one."""
    joint = _(" or ") if progress.mode == ANY else _(" and ")
    missing = joint.join(_missing(progress))
    if progress.by is None:
        return _("%(missing)s to %(tier)s") % {"missing": missing, "tier": progress.tier.label}
    return _("%(missing)s to %(tier)s by %(day)s") % {
        "missing": missing,
        "tier": progress.tier.label,
        "day": progress.by.isoformat(),
    }


def still_needed_to_keep(progress: Progress) -> str:
    """What is missing to keep the level held: "¥132.00 to keep Silver, by 2026-12-31"."""
    day = "" if progress.by is None else progress.by.isoformat()
    if progress.is_met:
        return _("%(tier)s is kept beyond %(day)s.") % {"tier": progress.tier.label, "day": day}
    joint = _(" or ") if progress.mode == ANY else _(" and ")
    return _("%(missing)s to keep %(tier)s, by %(day)s") % {
        "missing": joint.join(_missing(progress)),
        "tier": progress.tier.label,
        "day": day,
    }


def _missing(progress: Progress) -> Sequence[str]:
    return [amount_of(item.metric, item.missing) for item in progress.metrics if item.missing]
