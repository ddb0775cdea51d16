"""What a rule says, in plain sentences for forms, lists and histories."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from core.templatetags.interface import money
from points import rules
from points.models import Rule, RuleVersion
from points.selectors.batches import ENDING, GIVEN, LISTED, TAGGED, Criteria
from points.services import VersionData
from tags.models import Tag

FIELD_LABELS = {
    "per_yuan": gettext_lazy("Points for every ¥1"),
    "is_payable": gettext_lazy("Points may pay for these goods"),
    "order_minimum": gettext_lazy("From this amount of these goods"),
    "expiry_method": gettext_lazy("When these points expire"),
    "expiry_count": gettext_lazy("N in the rule above"),
    "cap_per_order": gettext_lazy("Most points per order"),
    "cap_per_day": gettext_lazy("Most points per member and day"),
    "cap_per_month": gettext_lazy("Most points per member and month"),
    "budget": gettext_lazy("Budget in points"),
}
_EXPIRIES = {
    rules.NEVER: gettext_lazy("these points never expire"),
    rules.DAYS: gettext_lazy("these points expire %(count)s days after they were given"),
    rules.MONTHS: gettext_lazy("these points expire %(count)s months after they were given"),
    rules.MONTH_END: gettext_lazy("these points expire at the end of the month %(count)s months later"),
    rules.QUARTER_END: gettext_lazy("these points expire at the end of the quarter %(count)s quarters later"),
    rules.YEAR_END: gettext_lazy("these points expire at the end of the year %(count)s years later"),
}


def describe_scope(rule: Rule) -> str:
    """The category, brand or product that a rule is about."""
    return str(rule.category or rule.brand or rule.product)


def describe_version(version: RuleVersion | VersionData, scope: str) -> str:
    """One sentence: "Every ¥1 of Fruit gives 2 points, at most 100 per order; points may not pay for it." """
    named = {"scope": scope, "points": _plain(version.per_yuan)}
    if version.per_yuan:
        text = _("Every ¥1 of %(scope)s gives %(points)s points") % named
    else:
        text = _("%(scope)s earns no points") % named
    if version.order_minimum:
        text += _(", from %(amount)s in one order") % {"amount": money(version.order_minimum)}
    limits = [
        template % {"points": f"{cap:,}"}
        for cap, template in (
            (version.cap_per_order, _("%(points)s per order")),
            (version.cap_per_day, _("%(points)s per member and day")),
            (version.cap_per_month, _("%(points)s per member and month")),
            (version.budget, _("%(points)s in all")),
        )
        if cap is not None
    ]
    if limits:
        text += _(", at most %(limits)s") % {"limits": pgettext("list", ", ").join(limits)}
    more = []
    if version.expiry_method:
        more.append(str(_EXPIRIES[version.expiry_method]) % {"count": version.expiry_count})
    if not version.is_payable:
        more.append(_("points may not pay for it"))
    return _("%(sentence)s.") % {"sentence": pgettext("clauses", "; ").join([text, *more])}


def describe_differences(found: Sequence[tuple[str, Any, Any]]) -> list[tuple[Any, str, str]]:
    """Label, before and after of each field that differs."""
    return [(FIELD_LABELS[name], _value(name, before), _value(name, after)) for name, before, after in found]


def _value(name: str, value: Any) -> str:
    if name == "is_payable":
        return _("yes") if value else _("no")
    if name == "order_minimum":
        return money(value) if value else "—"
    if name == "expiry_method":
        return str(_SHORT[value])
    if value is None:
        return "—"
    return _plain(value) if isinstance(value, Decimal) else f"{value:,}"


_SHORT = {
    "": gettext_lazy("as the shop's points"),
    rules.NEVER: gettext_lazy("never"),
    rules.DAYS: gettext_lazy("N days after they were given"),
    rules.MONTHS: gettext_lazy("N months after they were given"),
    rules.MONTH_END: gettext_lazy("at the end of the month N months later"),
    rules.QUARTER_END: gettext_lazy("at the end of the quarter N quarters later"),
    rules.YEAR_END: gettext_lazy("at the end of the year N years later"),
}


def describe_criteria(criteria: Criteria) -> str:
    """Whom a batch concerns, and which of their points."""
    if criteria.who == TAGGED:
        tag = Tag.objects.filter(pk=criteria.tag_id or 0).first()
        text = _("members with the tag %(tag)s") % {"tag": tag or "—"}
    elif criteria.who == LISTED:
        text = _("%(count)s members by number") % {"count": f"{len(criteria.member_ids):,}"}
    else:
        text = _("all active and frozen members")
    if criteria.lots == ENDING and criteria.day:
        text = _("%(who)s; points that end on or before %(day)s") % {"who": text, "day": criteria.day.isoformat()}
    if criteria.lots == GIVEN and criteria.day:
        text = _("%(who)s; points that were given before %(day)s") % {"who": text, "day": criteria.day.isoformat()}
    return text


def describe_evidence(kind: str, evidence: dict[str, Any]) -> str:
    """The figures that made an account odd, as a sentence."""
    figures = {name: f"{value:,}" if isinstance(value, int) else value for name, value in evidence.items()}
    return str(_EVIDENCE[kind]) % figures


_EVIDENCE = {
    "many_earns": gettext_lazy("%(count)s orders earned %(points)s points; more than %(limit)s orders is odd"),
    "many_points": gettext_lazy("%(points)s points from %(count)s orders; more than %(limit)s is odd"),
    "many_returns": gettext_lazy(
        "points taken back %(count)s times in 30 days, %(points)s in all; more than %(limit)s times is odd"
    ),
    "many_gifts": gettext_lazy("%(points)s points by hand in %(count)s entries; more than %(limit)s is odd"),
    "quick_spend": gettext_lazy("%(points)s points spent at %(to)s, %(minutes)s minutes after points came at %(from)s"),
}


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
