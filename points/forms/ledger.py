"""The filters of the ledgers, and points given or taken by hand."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.forms import ApproverFields
from core.forms import LenientDateField, PointsField
from points.models import Entry
from points.selectors.ledger import LedgerFilter
from stores.models import Staff, Store
from stores.selectors import list_staff_for

GIVE, TAKE = "give", "take"


class EntryFilter(forms.Form):
    """The filters of a member's ledger, kept in the URL; nonsense shows everything."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[("", gettext_lazy("all kinds")), *Entry.Kind.choices], required=False
    )
    since = LenientDateField(label=gettext_lazy("From"), required=False)
    until = LenientDateField(label=gettext_lazy("To"), required=False)

    @property
    def criteria(self) -> dict[str, Any]:
        """Arguments of ``selectors.list_entries``: the fields that make sense."""
        self.is_valid()
        given = {name: self.cleaned_data.get(name) for name in ("since", "until")}
        return {"kind": self.cleaned_data.get("kind") or "", **given}


class LedgerFilterForm(EntryFilter):
    """The filters of the chain's ledger; nonsense in one of them is ignored, the others hold."""

    member = forms.CharField(label=gettext_lazy("Member"), required=False, max_length=60)
    store = forms.TypedChoiceField(label=gettext_lazy("Store"), required=False, coerce=int, empty_value=None)
    staff = forms.TypedChoiceField(label=gettext_lazy("By"), required=False, coerce=int, empty_value=None)
    limited = forms.BooleanField(label=gettext_lazy("cut by a cap only"), required=False)

    field_order = ("member", "kind", "store", "staff", "since", "until", "limited")

    def __init__(self, *args: Any, person: Staff, stores: list[Store], **options: Any) -> None:
        super().__init__(*args, **options)
        people = [(found.pk, str(found)) for found in list_staff_for(person).prefetch_related(None)]
        for name, choices in (("store", [(store.pk, store.name) for store in stores]), ("staff", people)):
            field = self.fields[name]
            field.choices = field.widget.choices = [("", _("all")), *choices]  # type: ignore[attr-defined]  # a choice field

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
            is_limited=bool(values.get("limited")),
            since=values.get("since"),
            until=values.get("until"),
        )


class AdjustmentForm(ApproverFields):
    """Points given or taken by hand; the reason stays with the entry and in the audit trail."""

    direction = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        choices=[(GIVE, gettext_lazy("give points")), (TAKE, gettext_lazy("take points"))],
        initial=GIVE,
        widget=forms.RadioSelect,
    )
    amount = PointsField(label=gettext_lazy("How many"), above=0, maximum=10_000_000)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("The member may ask: say what happened in one sentence."),
    )

    @property
    def points(self) -> int:
        """The signed change."""
        amount: int = self.cleaned_data["amount"]
        return amount if self.cleaned_data["direction"] == GIVE else -amount


class UndoForm(ApproverFields):
    """Taking back points that were given or taken by hand."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("The member may ask: say what happened in one sentence."),
    )
