"""What people ask of the audit trail."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit.selectors import RecordFilter
from core import audit
from core.forms import LenientDateField
from stores.selectors import list_staff, list_stores


def _actions() -> list[tuple[str, Any]]:
    return [("", _("all")), *sorted(audit.labels().items(), key=lambda pair: str(pair[1]))]


class RecordFilterForm(forms.Form):
    """Filters of the list; nonsense in one of them is ignored, the others hold."""

    action = forms.ChoiceField(label=_("What was done"), required=False, choices=_actions)
    actor = forms.TypedChoiceField(label=_("By whom"), required=False, coerce=int, empty_value=None)
    store = forms.TypedChoiceField(label=_("Store"), required=False, coerce=int, empty_value=None)
    first_day = LenientDateField(label=_("From"), required=False)
    last_day = LenientDateField(label=_("To"), required=False)
    subject = forms.CharField(
        label=_("Subject"), required=False, max_length=100, widget=forms.TextInput(attrs={"placeholder": "member:7"})
    )

    def __init__(self, *args: Any, staff: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        people = [(person.pk, str(person)) for person in list_staff().prefetch_related(None)]
        stores = list_stores(staff).values_list("pk", "name")
        for name, choices in (("actor", people), ("store", stores)):
            self.fields[name].widget.choices = self.fields[name].choices = [("", _("all")), *choices]  # type: ignore[attr-defined]  # both are choice fields

    @property
    def criteria(self) -> RecordFilter:
        """What the selector takes."""
        self.is_valid()
        values = self.cleaned_data
        return RecordFilter(
            action=values.get("action") or "",
            actor_id=values.get("actor"),
            store_id=values.get("store"),
            subject=values.get("subject") or "",
            first_day=values.get("first_day"),
            last_day=values.get("last_day"),
        )
