"""What people type about stored value."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField, MoneyField
from stores.models import Staff, Store
from stores.selectors import list_staff_for
from wallet.models import Entry
from wallet.selectors import LedgerFilter


class EntryFilter(forms.Form):
    """The filters of the ledger page, kept in the URL; nonsense shows everything."""

    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("all kinds")), *Entry.Kind.choices], required=False)
    since = LenientDateField(label=_("From"), required=False)
    until = LenientDateField(label=_("To"), required=False)

    @property
    def criteria(self) -> dict[str, Any]:
        """Arguments of ``selectors.list_entries``: the fields that make sense."""
        self.is_valid()
        given = {name: self.cleaned_data.get(name) for name in ("since", "until")}
        return {"kind": self.cleaned_data.get("kind") or "", **given}


class LedgerFilterForm(EntryFilter):
    """The filters of the chain's ledger; nonsense in one of them is ignored, the others hold."""

    member = forms.CharField(label=_("Member"), required=False, max_length=60)
    store = forms.TypedChoiceField(label=_("Store"), required=False, coerce=int, empty_value=None)
    staff = forms.TypedChoiceField(label=_("By"), required=False, coerce=int, empty_value=None)
    least = MoneyField(label=_("From the amount"), required=False, above=0)

    field_order = ("member", "kind", "store", "staff", "since", "until", "least")

    def __init__(self, *args: Any, person: Staff, stores: list[Store], **options: Any) -> None:
        super().__init__(*args, **options)
        people = [(found.pk, str(found)) for found in list_staff_for(person).prefetch_related(None)]
        for name, choices in (("store", [(store.pk, store.name) for store in stores]), ("staff", people)):
            field: Any = self.fields[name]
            field.choices = field.widget.choices = [("", gettext("all")), *choices]

    @property
    def ledger_filter(self) -> LedgerFilter:
        """What the selector takes."""
        self.is_valid()
        values = self.cleaned_data
        return LedgerFilter(
            member=values.get("member") or "",
            kind=values.get("kind") or "",
            store_id=values.get("store"),
            actor_id=values.get("staff"),
            since=values.get("since"),
            until=values.get("until"),
            least=values.get("least"),
        )
