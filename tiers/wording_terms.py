"""Everything that a version says, line by line in plain words, and where two versions differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tiers import wording
from tiers.models import Tier, Track, Version
from tiers.rules import (
    LIFETIME,
    OR,
    ORDERS,
    PER_MONTH,
    POINTS,
    RECHARGE,
    SPEND,
    Streak,
    keep_rule_from,
    validity_from,
)
from tiers.terms import Terms

Names = Mapping[int, str]


@dataclass(frozen=True)
class Line:
    """One thing that a version says: its heading and its sentences; ``key`` tells lines of two versions together."""

    key: str
    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A line as it was and as it is to be."""

    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def is_changed(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after


def lines_of(terms: Terms, tier: Tier, *, is_base: bool, categories: Names) -> list[Line]:
    """What a level says, in the order of its editor. ``categories`` names the categories with a discount."""
    lines = [Line("asks", _("Who gets it"), (_asks(terms, tier, is_base),))]
    if terms.thresholds.metrics:
        lines += [
            Line("valid", _("Validity"), (_validity(terms),)),
            Line("keeps", _("Keeping it"), tuple(_keeping(terms))),
        ]
    elif terms.validity.get("months"):
        lines.append(Line("valid", _("Validity"), (_validity(terms),)))
    lines += [
        Line("discount", _("Discount"), (" · ".join(_discounts(terms, categories)),)),
        Line("multiple", _("Points"), (f"× {plain(terms.points_multiple)}",)),
    ]
    if terms.perks:
        lines.append(Line("perks", _("Services"), (" · ".join(perk_text(perk) for perk in terms.perks),)))
    return lines


def differences(before: Sequence[Line], after: Sequence[Line]) -> list[Difference]:
    """Both, line by line; a line that only one has is empty in the other."""
    old, new = {line.key: line for line in before}, {line.key: line for line in after}
    order = ["asks", "valid", "keeps", "discount", "multiple", "perks"]
    found = []
    for key in order:
        line = new.get(key) or old.get(key)
        if line is not None:
            texts = [side[key].texts if key in side else () for side in (old, new)]
            found.append(Difference(line.label, texts[0], texts[1]))
    return found


def plain(number: Decimal) -> str:
    """``1.5`` for 1.50."""
    return f"{number.normalize():f}"


def _asks(terms: Terms, tier: Tier, is_base: bool) -> str:
    if is_base:
        if tier.track.kind == Track.Kind.GROWTH:
            return _("Every member has this tier.")
        return _("Who is not on this track.")
    if tier.track.kind == Track.Kind.PAID:
        return _("For members who buy it at the till.")
    if tier.track.kind == Track.Kind.INVITED:
        return _("For members whom the staff give it to.")
    return wording.asks(terms.thresholds)


def _months(count: int) -> str:
    return ngettext("%(n)s month", "%(n)s months", count) % {"n": count}


def _validity(terms: Terms) -> str:
    validity = validity_from(terms.validity)
    endless = terms.thresholds.window.kind == LIFETIME and validity.months is None
    if terms.thresholds.metrics and (terms.keep == Version.Keep.NEVER_FALLS or endless):
        return _("Valid for good once reached.")
    if validity.months is None:
        length = wording.length_text(terms.thresholds.window)
    else:
        length = _("for %(length)s") % {"length": _months(validity.months)}
    rounded = {
        "month": _("to the end of the month"),
        "quarter": _("to the end of the quarter"),
        "half_year": _("to the end of the half-year"),
        "year": _("to the end of the year"),
    }.get(validity.round_up)
    if rounded is None:
        return _("Valid %(length)s once reached.") % {"length": length}
    return _("Valid %(length)s once reached, then on %(rounded)s.") % {"length": length, "rounded": rounded}


def _keeping(terms: Terms) -> list[str]:
    if terms.keep == Version.Keep.NEVER_FALLS:
        return [_("Nobody falls from it.")]
    falls = {
        Version.Keep.REQUALIFY: _("falls to the tier that is earned then"),
        Version.Keep.ONE_DOWN: _("falls one tier"),
        Version.Keep.TO_BASE: _("falls to the lowest tier"),
    }[Version.Keep(terms.keep)]
    rule = keep_rule_from(terms.keep_rule)
    if rule.streak is not None:
        found = [streak_text(rule.streak), _("Who is that weak %(falls)s.") % {"falls": falls}]
    elif rule.thresholds is not None:
        text = _("Kept by who can %(conditions)s %(window)s; who does not %(falls)s.")
        asked, window = wording.conditions(rule.thresholds), wording.window_text(rule.thresholds.window)
        found = [text % {"conditions": asked, "window": window, "falls": falls}]
    else:
        found = [_("Kept by reaching the same again; who does not %(falls)s.") % {"falls": falls}]
    if terms.grace_days:
        text = ngettext(
            "With %(n)s day of grace after the validity ends.",
            "With %(n)s days of grace after the validity ends.",
            terms.grace_days,
        )
        found.append(text % {"n": terms.grace_days})
    return found


def streak_text(streak: Streak) -> str:
    """The rule of consecutive months as it is read (R-T5, D-T4): which months count, each alone or all together."""
    weak = []
    for metric, amount in streak.metrics.items():
        if streak.reading(metric) == PER_MONTH:
            text = {
                SPEND: _("spends less than %(amount)s in each of them"),
                POINTS: _("earns less than %(amount)s in each of them"),
                ORDERS: _("places fewer than %(amount)s in each of them"),
                RECHARGE: _("recharges less than %(amount)s in each of them"),
            }[metric]
        else:
            text = {
                SPEND: _("spends less than %(amount)s in all of them together"),
                POINTS: _("earns less than %(amount)s in all of them together"),
                ORDERS: _("places fewer than %(amount)s in all of them together"),
                RECHARGE: _("recharges less than %(amount)s in all of them together"),
            }[metric]
        weak.append(text % {"amount": wording.amount_of(metric, amount)})
    joint = _(" or ") if streak.joint == OR else _(" and ")
    text = ngettext(
        "Lost by who, in %(n)s whole calendar month after the month it was reached in, %(weak)s.",
        "Lost by who, in %(n)s whole calendar months in a row after the month it was reached in, %(weak)s.",
        streak.months,
    )
    return text % {"n": streak.months, "weak": joint.join(weak)}


def _discounts(terms: Terms, categories: Names) -> list[str]:
    found = [wording.discount_text(terms.discount_factor)]
    for category, factor in terms.category_factors.items():
        name = categories.get(int(category), f"#{category}")
        found.append(
            _("%(category)s: %(discount)s") % {"category": name, "discount": wording.discount_text(Decimal(factor))}
        )
    return found


def perk_text(perk: Mapping[str, Any]) -> str:
    """A service with how often it may be used: "Free parking (2 times a month)"."""
    if not perk.get("per_month"):
        return str(perk["name"])
    text = ngettext("%(name)s (%(n)s time a month)", "%(name)s (%(n)s times a month)", perk["per_month"])
    return text % {"name": perk["name"], "n": perk["per_month"]}
