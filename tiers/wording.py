"""What a level asks and gives, in plain sentences for forms, lists and the member page."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.conf import settings
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from tiers.rules import (
    ANY,
    CALENDAR_MONTH,
    CALENDAR_QUARTER,
    CALENDAR_YEAR,
    GROWTH,
    LIFETIME,
    ORDERS,
    POINTS,
    RECHARGE,
    ROLLING_DAYS,
    ROLLING_MONTHS,
    SPEND,
    Thresholds,
    Window,
)
from tiers.selectors import Progress


def amount_of(metric: str, amount: Decimal) -> str:
    """An amount of a metric with its unit: "¥132.00", "40 points", "3 orders"."""
    if metric in (SPEND, RECHARGE):
        return f"{settings.CURRENCY_SYMBOL}{amount:,.2f}"
    count = int(amount)
    if metric == POINTS:
        return ngettext("%(count)s point", "%(count)s points", count) % {"count": f"{count:,}"}
    if metric == GROWTH:
        return ngettext("%(count)s growth point", "%(count)s growth points", count) % {"count": f"{count:,}"}
    return ngettext("%(count)s order", "%(count)s orders", count) % {"count": f"{count:,}"}


def figure(item: Mapping[str, str]) -> str:
    """One of the figures that a change keeps: "¥512.50 since 2025-03-19"."""
    amount = amount_of(item["metric"], Decimal(item["amount"]))
    if item["metric"] == RECHARGE:
        amount = _("recharge %(amount)s") % {"amount": amount}
    if not item["since"]:
        return amount
    return _("%(amount)s since %(day)s") % {"amount": amount, "day": item["since"]}


def _condition(metric: str, amount: Decimal) -> str:
    text = {
        SPEND: _("spend %(amount)s"),
        ORDERS: _("place %(amount)s"),
        POINTS: _("earn %(amount)s"),
        RECHARGE: _("recharge %(amount)s"),
        GROWTH: _("get %(amount)s"),
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
    }.get(window.kind, _("ever"))


def asks(thresholds: Thresholds) -> str:
    """Who has the level."""
    if not thresholds.metrics:
        return _("Every member has this tier.")
    joint = _(" or ") if thresholds.mode == ANY else _(" and ")
    conditions = joint.join(_condition(metric, amount) for metric, amount in thresholds.metrics.items())
    return _("For members who %(conditions)s %(window)s.") % {
        "conditions": conditions,
        "window": window_text(thresholds.window),
    }


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


def keeps(thresholds: Thresholds, *, falls: bool) -> str:
    """How long it lasts once reached."""
    if not thresholds.metrics:
        return ""
    window = thresholds.window
    if not falls or window.kind == LIFETIME:
        return _("Once reached it is kept for good.")
    if window.kind == ROLLING_DAYS:
        length = ngettext("%(n)s day", "%(n)s days", window.n) % {"n": window.n}
    elif window.kind == ROLLING_MONTHS:
        length = ngettext("%(n)s month", "%(n)s months", window.n) % {"n": window.n}
    else:
        return _("Once reached it is valid until the end of the next such period, then it must be earned again.")
    return _("Once reached it is valid for %(length)s, then it must be earned again.") % {"length": length}


def summary(thresholds: Thresholds, *, falls: bool, factor: Decimal, multiple: Decimal) -> list[str]:
    """Everything that a version decides, one sentence each."""
    sentences = [asks(thresholds), keeps(thresholds, falls=falls), gives(factor, multiple)]
    return [sentence for sentence in sentences if sentence]


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


def _missing(progress: Progress) -> Sequence[str]:
    return [amount_of(item.metric, item.missing) for item in progress.metrics if item.missing]
