"""The list of odd accounts, and what came of looking at one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField
from points.models import Watch
from points.selectors.watching import REVIEWED, WAITING, WatchFilter


class WatchFilterForm(forms.Form):
    """The filters of the list; nonsense in one of them is ignored. Without any the waiting ones are shown."""

    state = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("waiting for a look")), (REVIEWED, _("reviewed")), ("all", _("all"))],
    )
    kind = forms.ChoiceField(label=_("Pattern"), required=False, choices=[("", _("all")), *Watch.Kind.choices])
    outcome = forms.ChoiceField(label=_("Outcome"), required=False, choices=[("", _("all")), *Watch.Outcome.choices])
    since = LenientDateField(label=_("From"), required=False)
    until = LenientDateField(label=_("To"), required=False)

    @property
    def criteria(self) -> WatchFilter:
        """What the selector takes."""
        self.is_valid()
        values = self.cleaned_data
        state = values.get("state") or WAITING
        return WatchFilter(
            state="" if state == "all" else state,
            kind=values.get("kind") or "",
            outcome=values.get("outcome") or "",
            since=values.get("since"),
            until=values.get("until"),
        )


class ReviewForm(forms.Form):
    """What a person found."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=Watch.Outcome.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note"),
        max_length=200,
        required=False,
        help_text=_("Needed where it is suspicious: what you saw and what should happen."),
    )
