"""The boxes of the editor of a level: fields for each figure, choices, and what stands in them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import MoneyField, NumberField, PointsField
from tiers.rules import (
    ALL,
    ANY,
    BALANCE,
    CALENDAR_MONTH,
    CALENDAR_QUARTER,
    CALENDAR_YEAR,
    GROWTH,
    LIFETIME,
    MEMBERSHIP_YEAR,
    OR,
    ORDERS,
    POINTS,
    RECHARGE,
    ROLLING_DAYS,
    ROLLING_MONTHS,
    SINGLE_RECHARGE,
    SPEND,
    Thresholds,
    default_reading,
    keep_rule_from,
    validity_from,
)
from tiers.terms import Terms

HUNDRED = Decimal(100)
SAME, OWN, STREAK = "same", "own", "streak"
#: Rows for categories and services; a level that has as many gets one more.
ROWS = 2
INDENT = "\u3000"

WINDOWS = [
    (ROLLING_MONTHS, _("over the last months")),
    (ROLLING_DAYS, _("over the last days")),
    (CALENDAR_MONTH, _("in a calendar month")),
    (CALENDAR_QUARTER, _("in a calendar quarter")),
    (CALENDAR_YEAR, _("in a calendar year")),
    (MEMBERSHIP_YEAR, _("in a year from the day of joining")),
    (LIFETIME, _("since the beginning")),
]
MODES = [(ANY, _("any of them")), (ALL, _("all of them"))]
#: Figures that weak months are told by.
STREAK_METRICS = (SPEND, POINTS, ORDERS, RECHARGE)


class PercentField(NumberField):
    """A percentage with two places."""

    unit = "%"


class TimesField(NumberField):
    """A multiple with two places."""

    unit = "×"


def metric_field(metric: str) -> forms.Field:
    """The box for a threshold."""
    makers: dict[str, Callable[[], forms.Field]] = {
        SPEND: lambda: MoneyField(label=_("Spend"), above=0, required=False),
        POINTS: lambda: PointsField(label=_("Points earned"), minimum=1, required=False),
        ORDERS: lambda: PointsField(label=_("Number of orders"), unit=_("orders"), minimum=1, required=False),
        RECHARGE: lambda: MoneyField(label=_("Recharge"), above=0, required=False),
        GROWTH: lambda: PointsField(
            label=_("Growth points"),
            minimum=1,
            required=False,
            help_text=_("Given with recharge plans and by campaigns; they cannot be spent."),
        ),
        SINGLE_RECHARGE: lambda: MoneyField(label=_("A single recharge"), above=0, required=False),
        BALANCE: lambda: MoneyField(
            label=_("Balance"),
            above=0,
            required=False,
            help_text=_("Principal on the account. Looked at every night, never during a sale."),
        ),
    }
    return makers[metric]()


UNDER = {
    SPEND: _("Spend under"),
    POINTS: _("Points earned under"),
    ORDERS: _("Orders under"),
    RECHARGE: _("Recharge under"),
}


def _boxes(metrics: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    whole = (POINTS, ORDERS, GROWTH)
    return {f"{prefix}{m}": int(amount) if m in whole else Decimal(amount) for m, amount in metrics.items()}


def _counting_of(thresholds: Thresholds, prefix: str) -> dict[str, Any]:
    return {
        **_boxes(thresholds.metrics, prefix),
        f"{prefix}mode": thresholds.mode,
        f"{prefix}window": thresholds.window.kind,
        f"{prefix}window_length": thresholds.window.n,
    }


def _validity_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    validity = validity_from(stored)
    return {"valid_months": validity.months, "round_up": validity.round_up}


def _keeping_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    rule = keep_rule_from(stored)
    initial: dict[str, Any] = {
        "keep_basis": SAME,
        "streak_months": 3,
        "streak_joint": OR,
        **{f"streak_reading_{metric}": default_reading(metric) for metric in STREAK_METRICS},
        **_counting_of(rule.thresholds or Thresholds(), "keep_"),
    }
    if rule.thresholds is not None:
        initial["keep_basis"] = OWN
    if rule.streak is not None:
        initial |= {
            "keep_basis": STREAK,
            "streak_months": rule.streak.months,
            "streak_joint": rule.streak.joint,
            **_boxes(rule.streak.metrics, "streak_"),
            **{f"streak_reading_{metric}": rule.streak.reading(metric) for metric in rule.streak.metrics},
        }
    return initial


def initial_of(terms: Terms) -> dict[str, Any]:
    """The boxes filled with what a level says."""
    initial: dict[str, Any] = {
        **_counting_of(terms.thresholds, ""),
        "keep": terms.keep,
        "grace_days": terms.grace_days or None,
        "pays": terms.discount_factor * HUNDRED,
        "points_multiple": terms.points_multiple,
        **_validity_of(terms.validity),
        **_keeping_of(terms.keep_rule),
    }
    for index, (category, factor) in enumerate(terms.category_factors.items()):
        initial |= {f"category_{index}": category, f"category_pays_{index}": Decimal(factor) * HUNDRED}
    for index, perk in enumerate(terms.perks):
        initial |= {f"perk_{name}_{index}": perk.get(name) for name in ("code", "name", "per_month", "note")}
    return initial
