"""The editor of a level: what must be reached, how it is kept, what it gives. Text in, terms out."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.selectors import get_category_tree
from core.forms import PointsField
from tiers.forms.boxes import (
    HUNDRED,
    INDENT,
    MODES,
    OWN,
    ROWS,
    SAME,
    STREAK,
    STREAK_METRICS,
    UNDER,
    WINDOWS,
    PercentField,
    TimesField,
    initial_of,
    metric_field,
)
from tiers.models import Tier, Track, Version
from tiers.rules import (
    AND,
    ANY,
    METRICS_OF_TRACK,
    OR,
    PER_MONTH,
    ROLLING_DAYS,
    ROLLING_MONTHS,
    WINDOW_TOTAL,
    Streak,
    Thresholds,
    Validity,
    Window,
)
from tiers.terms import Terms


class LevelForm(forms.Form):
    """Everything that a version of a level says. The track decides what is asked: the lowest level and levels that are
    bought or given by hand have no thresholds.

    Discounts of categories and services stand in numbered rows (``category_0``, ``category_pays_0``; ``perk_name_0``,
    ``perk_per_month_0``, ``perk_note_0``).
    """

    pays = PercentField(label=_("Members pay"), above=0, maximum=100, help_text=_("95 is 5% off; 100 is no discount."))
    points_multiple = TimesField(label=_("Points multiple"), maximum=100)

    def __init__(
        self,
        *args: Any,
        tier: Tier,
        is_base: bool,
        perk_codes: Sequence[str] = (),
        known: Terms | None = None,
        **options: Any,
    ) -> None:
        self.known = known or Terms()
        options.setdefault("initial", initial_of(self.known))
        super().__init__(*args, **options)
        self.tier, self.is_base = tier, is_base
        self.metrics: tuple[str, ...] = () if is_base else METRICS_OF_TRACK[tier.track.kind]
        self._perk_codes = set(perk_codes) | {perk["code"] for perk in self.known.perks}
        if self.metrics:
            self._add_thresholds()
            self._add_keeping()
        elif not is_base and tier.track.kind == Track.Kind.INVITED:
            self.fields["valid_months"] = self._months_field()
        self._add_category_rows()
        self._add_perk_rows()

    # The fields

    def _months_field(self) -> forms.Field:
        return PointsField(
            label=_("How long it lasts"),
            unit=_("months"),
            minimum=1,
            maximum=120,
            required=False,
            help_text=_("Empty: as long as the window, or for good where there is none."),
        )

    def _add_thresholds(self) -> None:
        for metric in self.metrics:
            self.fields[metric] = metric_field(metric)
        self._add_counting("")

    def _add_counting(self, prefix: str) -> None:
        self.fields[f"{prefix}mode"] = forms.ChoiceField(
            label=_("Which must be reached"), choices=MODES, widget=forms.RadioSelect, required=not prefix
        )
        self.fields[f"{prefix}window"] = forms.ChoiceField(
            label=_("Counting window"),
            choices=WINDOWS,
            required=not prefix,
            help_text=""
            if prefix
            else _("Counting since the beginning is not advised: nobody has a reason to come back."),
        )
        self.fields[f"{prefix}window_length"] = PointsField(
            label=_("Length of the window"), unit=_("months or days"), minimum=1, maximum=3660, required=False
        )

    def _add_keeping(self) -> None:
        self.fields["valid_months"] = self._months_field()
        self.fields["round_up"] = forms.ChoiceField(
            label=_("Rounded up"),
            choices=[
                ("", _("no")),
                ("month", _("to the end of the month")),
                ("quarter", _("to the end of the quarter")),
                ("half_year", _("to the end of the half-year")),
                ("year", _("to the end of the year")),
            ],
            required=False,
        )
        self.fields["keep_basis"] = forms.ChoiceField(
            label=_("What keeps it"),
            choices=[
                (SAME, _("reaching the same again")),
                (OWN, _("reaching something else")),
                (STREAK, _("no weak months in a row")),
            ],
            widget=forms.RadioSelect,
        )
        for metric in self.metrics:
            self.fields[f"keep_{metric}"] = metric_field(metric)
        self._add_counting("keep_")
        self._add_streak()
        self.fields["keep"] = forms.ChoiceField(
            label=_("Who does not"), choices=Version.Keep.choices, widget=forms.RadioSelect
        )
        self.fields["grace_days"] = PointsField(
            label=_("Days of grace"),
            unit=_("days"),
            maximum=365,
            required=False,
            help_text=_("After the validity ends."),
        )

    def _add_streak(self) -> None:
        self.fields["streak_months"] = PointsField(
            label=_("Months in a row"), unit=_("months"), minimum=1, maximum=24, required=False
        )
        readings = [(PER_MONTH, _("in each month")), (WINDOW_TOTAL, _("in all of them together"))]
        for metric in STREAK_METRICS:
            if metric in self.metrics:
                field = self.fields[f"streak_{metric}"] = metric_field(metric)
                field.label = UNDER[metric]
                self.fields[f"streak_reading_{metric}"] = forms.ChoiceField(
                    label=_("Counted"), choices=readings, required=False
                )
        self.fields["streak_joint"] = forms.ChoiceField(
            label=_("Weak is who is under"),
            choices=[(OR, _("any of them")), (AND, _("all of them"))],
            required=False,
            widget=forms.RadioSelect,
        )

    def _add_category_rows(self) -> None:
        choices = [
            ("", gettext("none")),
            *((str(category.pk), f"{INDENT * depth}{category.name}") for depth, category in get_category_tree().flat()),
        ]
        for index in range(max(ROWS, len(self.known.category_factors) + 1)):
            self.fields[f"category_{index}"] = forms.ChoiceField(label=_("Category"), choices=choices, required=False)
            self.fields[f"category_pays_{index}"] = PercentField(
                label=_("Members pay"), above=0, maximum=100, required=False
            )

    def _add_perk_rows(self) -> None:
        for index in range(max(ROWS, len(self.known.perks) + 1)):
            self.fields[f"perk_code_{index}"] = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
            self.fields[f"perk_name_{index}"] = forms.CharField(label=_("Service"), max_length=60, required=False)
            self.fields[f"perk_per_month_{index}"] = PointsField(
                label=_("Times a month"), unit=_("times"), minimum=1, maximum=1000, required=False
            )
            self.fields[f"perk_note_{index}"] = forms.CharField(
                label=_("Note for the staff"), max_length=120, required=False
            )

    # For the template

    @property
    def metric_fields(self) -> list[forms.BoundField]:
        """What must be reached."""
        return [self[metric] for metric in self.metrics]

    @property
    def keep_fields(self) -> list[forms.BoundField]:
        """What must be reached to keep it, where that differs."""
        return [self[f"keep_{metric}"] for metric in self.metrics]

    @property
    def streak_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Weak months: the figure and how it is counted."""
        return [
            (self[f"streak_{metric}"], self[f"streak_reading_{metric}"])
            for metric in STREAK_METRICS
            if metric in self.metrics
        ]

    @property
    def category_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Category and what is paid, row by row."""
        return [(self[f"category_{n}"], self[f"category_pays_{n}"]) for n in self._numbers("category_pays_")]

    @property
    def perk_rows(self) -> list[tuple[forms.BoundField, ...]]:
        """A service, how often and the note, row by row."""
        return [
            (self[f"perk_code_{n}"], self[f"perk_name_{n}"], self[f"perk_per_month_{n}"], self[f"perk_note_{n}"])
            for n in self._numbers("perk_name_")
        ]

    def _numbers(self, prefix: str) -> list[str]:
        return [name.removeprefix(prefix) for name in self.fields if name.startswith(prefix)]

    # Checks

    def clean(self) -> dict[str, Any]:
        """What belongs together; whatever is wrong stands beside its field."""
        data = super().clean() or self.cleaned_data
        if self.metrics:
            self._check_counted("")
            self._check_keeping(data)
        self._check_categories(data)
        for number in self._numbers("perk_name_"):
            if not data.get(f"perk_name_{number}") and (
                data.get(f"perk_per_month_{number}") or data.get(f"perk_note_{number}")
            ):
                self.add_error(f"perk_name_{number}", gettext("Say which service."))
        return data

    def _check_counted(self, prefix: str) -> None:
        data = self.cleaned_data
        names = [f"{prefix}{metric}" for metric in self.metrics]
        if not any(data.get(name) or name in self.errors for name in names):
            self.add_error(names[0], gettext("Set at least one threshold."))
        length = f"{prefix}window_length"
        is_rolling = data.get(f"{prefix}window") in (ROLLING_MONTHS, ROLLING_DAYS)
        if is_rolling and not data.get(length) and length not in self.errors:
            self.add_error(length, gettext("Say how many."))

    def _check_keeping(self, data: dict[str, Any]) -> None:
        if data.get("keep_basis") == OWN:
            self._check_counted("keep_")
        if data.get("keep_basis") == STREAK:
            if not data.get("streak_months") and "streak_months" not in self.errors:
                self.add_error("streak_months", gettext("Say how many."))
            names = [bound.name for bound, _reading in self.streak_rows]
            if not names:
                self.add_error("keep_basis", gettext("This track does not count sales by month."))
            elif not any(data.get(name) or name in self.errors for name in names):
                self.add_error(names[0], gettext("Say below which figure the months count."))

    def _check_categories(self, data: dict[str, Any]) -> None:
        seen = set()
        for number in self._numbers("category_pays_"):
            category, pays = data.get(f"category_{number}"), data.get(f"category_pays_{number}")
            if category and pays is None and f"category_pays_{number}" not in self.errors:
                self.add_error(f"category_pays_{number}", gettext("Say how many percent."))
            if pays is not None and not category:
                self.add_error(f"category_{number}", gettext("Choose the category."))
            if category and category in seen:
                self.add_error(f"category_{number}", gettext("This category stands here twice."))
            seen.add(category)

    # Out

    def _thresholds(self, prefix: str) -> Thresholds:
        data = self.cleaned_data
        return Thresholds(
            metrics={m: _amount(data[f"{prefix}{m}"]) for m in self.metrics if data.get(f"{prefix}{m}")},
            mode=data.get(f"{prefix}mode") or ANY,
            window=Window(data.get(f"{prefix}window") or ROLLING_MONTHS, data.get(f"{prefix}window_length") or 1),
        )

    @property
    def terms(self) -> Terms:
        """What the boxes say."""
        data = self.cleaned_data
        return Terms(
            thresholds=self._thresholds("") if self.metrics else Thresholds(),
            keep=data.get("keep") or (Version.Keep.REQUALIFY if self.is_base else Version.Keep.NEVER_FALLS).value,
            discount_factor=data["pays"] / HUNDRED,
            points_multiple=data["points_multiple"],
            keep_rule=self._keep_rule() if self.metrics else {},
            validity=Validity(months=data.get("valid_months"), round_up=data.get("round_up") or "").to_json(),
            grace_days=data.get("grace_days") or 0,
            category_factors={
                data[f"category_{n}"]: f"{data[f'category_pays_{n}'] / HUNDRED:.4f}"
                for n in self._numbers("category_pays_")
                if data.get(f"category_{n}")
            },
            perks=tuple(self._perks()),
        )

    def _keep_rule(self) -> dict[str, Any]:
        data = self.cleaned_data
        if data["keep_basis"] == OWN:
            return {"thresholds": self._thresholds("keep_").to_json()}
        if data["keep_basis"] == STREAK:
            asked = [m for m in STREAK_METRICS if m in self.metrics and data.get(f"streak_{m}")]
            streak = Streak(
                months=data["streak_months"],
                metrics={metric: _amount(data[f"streak_{metric}"]) for metric in asked},
                readings={metric: data.get(f"streak_reading_{metric}") or "" for metric in asked},
                joint=data.get("streak_joint") or OR,
            )
            return {"streak": streak.to_json()}
        return {}

    def _perks(self) -> list[dict[str, Any]]:
        """Services with the codes that uses are kept under: an old one keeps its own, a new one gets the next."""
        data, codes = self.cleaned_data, set(self._perk_codes)
        found: list[dict[str, Any]] = []
        for number in self._numbers("perk_name_"):
            name = data.get(f"perk_name_{number}")
            if not name:
                continue
            code = data.get(f"perk_code_{number}")
            if code not in self._perk_codes or code in {perk["code"] for perk in found}:
                code = next(f"p{n}" for n in range(1, 1000) if f"p{n}" not in codes)
            codes.add(code)
            per_month, note = data.get(f"perk_per_month_{number}"), data.get(f"perk_note_{number}") or ""
            found.append({"code": code, "name": name, "per_month": per_month, "note": note})
        return found


def _amount(typed: Decimal | int) -> Decimal:
    """500 for 500.00, so that what nobody changed is the same as before."""
    amount = Decimal(typed)
    return Decimal(int(amount)) if amount == int(amount) else amount
