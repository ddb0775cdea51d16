"""The filter bar of reports; nonsense in the URL falls back to the last 30 days."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField
from reports.periods import Period, preset
from stores.models import Store

LONGEST_DAYS = 1100
PERIODS = (
    ("last_30", _("last 30 days")),
    ("today", _("today")),
    ("yesterday", _("yesterday")),
    ("last_7", _("last 7 days")),
    ("month", _("this month")),
    ("last_month", _("last month")),
    ("year", _("this year")),
    ("last_year", _("last year")),
    ("custom", _("from … to …")),
)


class SalesFilterForm(forms.Form):
    """Period by name or by days, and a store."""

    period = forms.ChoiceField(label=_("Period"), choices=PERIODS, required=False)
    first = LenientDateField(label=_("From"), required=False)
    last = LenientDateField(label=_("To"), required=False)
    store = forms.ChoiceField(label=_("Store"), required=False)

    def __init__(self, *args: Any, stores: list[Store], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [("", _("All stores")), *[(store.code, store.name) for store in stores]]
        self.fields["store"] = forms.ChoiceField(label=_("Store"), choices=choices, required=False)
        self.stores = stores

    def clean(self) -> dict[str, Any]:
        """Days in order and not more than three years, so that a typing error does not read the whole history."""
        data = super().clean() or {}
        if data.get("period") == "custom":
            first, last = data.get("first"), data.get("last")
            if not first or not last:
                self.add_error("first", _("Both days are needed."))
            elif last < first:
                self.add_error("last", _("The last day lies before the first."))
            elif (last - first).days >= LONGEST_DAYS:
                self.add_error("last", _("At most three years."))
        return data

    def chosen_period(self, today: date) -> Period:
        """The days asked for."""
        data = self.cleaned_data if self.is_valid() else {}
        name = data.get("period") or "last_30"
        if name == "custom":
            return Period(data["first"], data["last"])
        return preset(name, today)

    def chosen_stores(self) -> list[Store]:
        """The stores asked for, of those the person may see."""
        code = self.cleaned_data.get("store") if self.is_valid() else ""
        return [store for store in self.stores if not code or store.code == code]


class DayFilterForm(forms.Form):
    """A day and a store; nonsense falls back to today and to all of the person's stores."""

    day = LenientDateField(label=_("End of day"), required=False)
    store = forms.ChoiceField(label=_("Store"), required=False)

    def __init__(self, *args: Any, stores: list[Store], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [("", _("All stores")), *[(store.code, store.name) for store in stores]]
        self.fields["store"] = forms.ChoiceField(label=_("Store"), choices=choices, required=False)
        self.stores = stores

    def chosen_day(self, today: date) -> date:
        """The day asked for, today at the latest."""
        day = self.cleaned_data.get("day") if self.is_valid() else None
        return min(day or today, today)

    def chosen_stores(self) -> list[Store]:
        """The stores asked for, of those the person may see."""
        code = self.cleaned_data.get("store") if self.is_valid() else ""
        return [store for store in self.stores if not code or store.code == code]
