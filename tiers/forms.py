"""Text in, versions and manual changes out."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.days import end_of, local_day, start_of
from core.forms import CommandForm, LenientDateField, MoneyField, NumberField, PointsField
from tiers.models import Tier, Version
from tiers.rules import (
    ALL,
    ANY,
    CALENDAR_MONTH,
    CALENDAR_QUARTER,
    CALENDAR_YEAR,
    GROWTH,
    LIFETIME,
    METRICS,
    ORDERS,
    POINTS,
    RECHARGE,
    ROLLING_DAYS,
    ROLLING_MONTHS,
    SPEND,
    Thresholds,
    Window,
)
from tiers.selectors import list_tiers

HUNDRED = Decimal(100)


class PercentField(NumberField):
    """A percentage with two places."""

    unit = "%"


class TimesField(NumberField):
    """A multiple with two places."""

    unit = "×"


class VersionForm(forms.Form):
    """Thresholds and benefits of a level from a day on. ``tier`` decides whether thresholds are asked at all."""

    effective_on = LenientDateField(label=_("Effective from"), help_text=_("From the first minute of this day."))
    spend = MoneyField(label=_("Spend"), above=0, required=False)
    points = PointsField(label=_("Points earned"), minimum=1, required=False)
    orders = PointsField(label=_("Number of orders"), unit=_("orders"), minimum=1, required=False)
    recharge = MoneyField(label=_("Recharge"), above=0, required=False)
    growth = PointsField(
        label=_("Growth points"),
        minimum=1,
        required=False,
        help_text=_("Given with recharge plans and by campaigns; they cannot be spent."),
    )
    mode = forms.ChoiceField(
        label=_("Which must be reached"),
        choices=[(ANY, _("any of them")), (ALL, _("all of them"))],
        widget=forms.RadioSelect,
    )
    window = forms.ChoiceField(
        label=_("Counting window"),
        choices=[
            (ROLLING_MONTHS, _("over the last months")),
            (ROLLING_DAYS, _("over the last days")),
            (CALENDAR_MONTH, _("in a calendar month")),
            (CALENDAR_QUARTER, _("in a calendar quarter")),
            (CALENDAR_YEAR, _("in a calendar year")),
            (LIFETIME, _("since the beginning")),
        ],
        help_text=_("Counting since the beginning is not advised: nobody has a reason to come back."),
    )
    window_length = PointsField(
        label=_("Length of the window"), unit=_("months or days"), minimum=1, maximum=3660, required=False
    )
    keep = forms.ChoiceField(label=_("Keeping it"), choices=Version.Keep.choices, widget=forms.RadioSelect)
    pays = PercentField(label=_("Members pay"), above=0, maximum=100, help_text=_("95 is 5% off; 100 is no discount."))
    points_multiple = TimesField(label=_("Points multiple"), maximum=100)

    def __init__(self, *args: Any, is_base: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.is_base = is_base
        if is_base:
            for name in (SPEND, POINTS, ORDERS, RECHARGE, GROWTH, "mode", "window", "window_length", "keep"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """At least one threshold, and a length where the window needs one."""
        data = super().clean() or {}
        if self.is_base:
            return data
        if not any(data.get(metric) or metric in self.errors for metric in METRICS):
            self.add_error(SPEND, gettext("Set at least one threshold."))
        is_rolling = data.get("window") in (ROLLING_MONTHS, ROLLING_DAYS)
        if is_rolling and not data.get("window_length") and "window_length" not in self.errors:
            self.add_error("window_length", gettext("Say how many."))
        return data

    @property
    def thresholds(self) -> Thresholds:
        """The cleaned thresholds."""
        if self.is_base:
            return Thresholds()
        data = self.cleaned_data
        return Thresholds(
            metrics={metric: Decimal(data[metric]) for metric in METRICS if data.get(metric)},
            mode=data["mode"] or ANY,
            window=Window(data["window"] or ROLLING_MONTHS, data.get("window_length") or 1),
        )

    @property
    def terms(self) -> dict[str, Any]:
        """What ``services.add_version`` takes."""
        data = self.cleaned_data
        return {
            "thresholds": self.thresholds,
            "keep": data.get("keep") or Version.Keep.REQUALIFY,
            "discount_factor": data["pays"] / HUNDRED,
            "points_multiple": data["points_multiple"],
        }

    def effective_at(self, at: datetime) -> datetime:
        """The first instant of the chosen day; today means now, because the past does not change."""
        day: date = self.cleaned_data["effective_on"]
        return at if day == local_day(at) else start_of(day)

    @staticmethod
    def initial_of(version: Version, today: date) -> dict[str, Any]:
        """The boxes filled with a version, to be changed from today on."""
        rule = version.rule
        counted = {metric: int(amount) for metric, amount in rule.metrics.items() if metric in (POINTS, ORDERS, GROWTH)}
        return {
            "effective_on": today,
            **rule.metrics,
            **counted,
            "mode": rule.mode,
            "window": rule.window.kind,
            "window_length": rule.window.n,
            "keep": version.keep,
            "pays": version.discount_factor * HUNDRED,
            "points_multiple": version.points_multiple,
        }


class TierForm(forms.Form):
    """What a level is called."""

    name = forms.CharField(label=_("Name"), max_length=30)
    colour = forms.ChoiceField(label=_("Colour"), choices=Tier.Colour.choices)


class MemberTierForm(CommandForm):
    """A level by hand."""

    tier = forms.ModelChoiceField(label=_("Tier"), queryset=Tier.objects.none(), empty_label=None)
    reason = forms.CharField(label=_("Reason"), max_length=500)
    locked_through = LenientDateField(
        label=_("Locked through"), required=False, help_text=_("Until then it is not lowered automatically.")
    )
    joins_auto_upgrade = forms.BooleanField(
        label=_("May rise automatically while locked"), required=False, initial=True
    )
    restart_counting = forms.BooleanField(
        label=_("Count only what comes after today"),
        required=False,
        help_text=_("Otherwise a member set lower rises again with the next purchase."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["tier"].queryset = list_tiers()  # type: ignore[attr-defined]  # a ModelChoiceField

    @property
    def locked_until(self) -> datetime | None:
        """The exclusive end of the lock."""
        day = self.cleaned_data["locked_through"]
        return None if day is None else end_of(day)

    @property
    def content(self) -> dict[str, Any]:
        """By id, so that the digest does not change with the name."""
        return {**super().content, "tier": self.cleaned_data["tier"].pk}
