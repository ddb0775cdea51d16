"""Filters of the list of trials."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from trials import registry
from trials.models import Trial


class TrialFilterForm(forms.Form):
    """Kind of draft and state; what does not fit filters nothing."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)
    status = forms.ChoiceField(label=_("Status"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        everything = [("", pgettext_lazy("trial", "All"))]
        kinds = [(kind.name, kind.label) for kind in registry.all_kinds().values()]
        self.fields["kind"].choices = everything + kinds  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["status"].choices = everything + list(Trial.Status.choices)  # type: ignore[attr-defined]  # same

    @property
    def criteria(self) -> dict[str, Any]:
        """What was chosen."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
