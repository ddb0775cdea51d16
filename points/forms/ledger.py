"""The filters of the ledger, and points given or taken by hand."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import CommandForm, LenientDateField, PointsField
from points.models import Entry

GIVE, TAKE = "give", "take"


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


class AdjustmentForm(CommandForm):
    """Points given or taken by hand; the reason stays with the entry and in the audit trail."""

    direction = forms.ChoiceField(
        label=_("What to do"),
        choices=[(GIVE, _("give points")), (TAKE, _("take points"))],
        initial=GIVE,
        widget=forms.RadioSelect,
    )
    amount = PointsField(label=_("How many"), above=0, maximum=10_000_000)
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The member may ask: say what happened in one sentence.")
    )

    @property
    def points(self) -> int:
        """The signed change."""
        amount: int = self.cleaned_data["amount"]
        return amount if self.cleaned_data["direction"] == GIVE else -amount
