"""Trying and activating drafts."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.days import local_day, start_of
from core.forms import LenientDateField, PointsField

NOW, LATER = "now", "later"


class TryForm(forms.Form):
    """Over how many days of real orders a draft is run."""

    days = PointsField(label=_("Try it on the last"), unit=_("days"), minimum=1, maximum=1100, initial=90)


class ActivationForm(forms.Form):
    """From when the draft holds, and why it does without a trial."""

    when = forms.ChoiceField(
        label=_("From when"),
        choices=[(NOW, _("at once")), (LATER, _("from a day on"))],
        widget=forms.RadioSelect,
        initial=NOW,
    )
    day = LenientDateField(label=_("First day"), required=False, help_text=_("From the first minute of this day."))
    reason = forms.CharField(
        label=_("Why without a trial"),
        max_length=500,
        required=False,
        help_text=_("Stands in the audit trail with your name."),
    )

    def __init__(self, *args: Any, at: datetime, is_tried: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.at = at
        if is_tried:
            del self.fields["reason"]

    def clean(self) -> dict[str, Any]:
        """A later start needs its day, which lies ahead."""
        data = super().clean() or self.cleaned_data
        if data.get("when") == LATER and "day" not in self.errors:
            day = data.get("day")
            if day is None:
                self.add_error("day", gettext("Say from which day on."))
            elif day <= local_day(self.at):
                self.add_error("day", gettext("Choose a day after today."))
        return data

    @property
    def effective_at(self) -> datetime:
        """The first instant."""
        return self.at if self.cleaned_data["when"] == NOW else start_of(self.cleaned_data["day"])
