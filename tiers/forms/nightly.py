"""Filters of the pages about the night: nonsense in the URL falls back to the usual days."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField
from core.months import add_months
from tiers.models import Tier
from tiers.selectors import EARNED

LONGEST_DAYS = 3660


class MatrixFilterForm(forms.Form):
    """The days whose decisions are counted; the last twelve months unless both are given in order."""

    first = LenientDateField(label=_("From"), required=False)
    last = LenientDateField(label=_("To"), required=False)

    def chosen(self, today: date) -> tuple[date, date]:
        """First and last day."""
        data = self.cleaned_data if self.is_valid() else {}
        last = data.get("last") or today
        first = data.get("first") or add_months(last, -12) + timedelta(days=1)
        if first > last or (last - first).days > LONGEST_DAYS:
            return add_months(today, -12) + timedelta(days=1), today
        return first, last


class RiskFilterForm(forms.Form):
    """How far ahead, and which tier."""

    days = forms.TypedChoiceField(
        label=_("Ends within"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=((30, _("30 days")), (7, _("7 days")), (60, _("60 days")), (90, _("90 days"))),
    )
    tier = forms.TypedChoiceField(label=_("Tier"), coerce=int, empty_value=None, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tiers = Tier.objects.filter(track__kind__in=EARNED, rank__gt=0).order_by("track", "rank")
        field = self.fields["tier"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 (tells the type checker)
        field.choices = [("", _("all")), *((tier.pk, tier.label) for tier in tiers)]

    def chosen(self) -> tuple[int, int | None]:
        """Days and the tier's id."""
        data = self.cleaned_data if self.is_valid() else {}
        return data.get("days") or 30, data.get("tier")


class PreviewFilterForm(forms.Form):
    """One kind of move to be listed, by its key; all without one."""

    move = forms.RegexField(label=_("Move"), regex=r"^\d+-\d+-[a-z]+$", required=False)

    @property
    def chosen(self) -> str:
        """The key, or nothing for all."""
        return str(self.cleaned_data.get("move", "")) if self.is_valid() else ""
