"""What people type about stored value."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField
from wallet.models import Entry


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
