"""What people type to refund stored value in money."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from approvals.forms import ApproverFields
from core.errors import DomainError
from core.forms import CommandForm, LenientDateField, MoneyField
from stores.models import Store
from wallet.models import CashOut
from wallet.models.documents import DOCUMENT_KINDS
from wallet.rules.papers import is_account_number, is_document_number, plain_number
from wallet.selectors import OVERDUE
from wallet.services import Claim, InvalidClaim


class GroundForm(forms.Form):
    """Why and when the customer ends the contract; kept in the URL, so that the sum is shown at once."""

    ground = forms.ChoiceField(label=_("Ground"), choices=CashOut.Ground.choices)
    terminated_on = LenientDateField(
        label=_("Day of notice"), help_text=_("Interest runs from this day to the day of payment.")
    )
    had_before = forms.BooleanField(
        label=_("The customer already had the same goods or services before"),
        required=False,
        help_text=_("Then the 7 days of Art. 14 do not apply."),
    )

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self._today = today

    def clean_terminated_on(self) -> date:
        """Not in the future."""
        day: date = self.cleaned_data["terminated_on"]
        if day > self._today:
            raise forms.ValidationError(_("The day of notice cannot lie in the future."))
        return day


class ClaimForm(ApproverFields):
    """Who gets the money and how; ground and day come along as they were shown, with the sum."""

    ground = forms.ChoiceField(choices=CashOut.Ground.choices, widget=forms.HiddenInput)
    terminated_on = LenientDateField(widget=forms.HiddenInput)
    had_before = forms.BooleanField(required=False, widget=forms.HiddenInput)
    shown = MoneyField(widget=forms.HiddenInput)
    payee_name = forms.CharField(
        label=_("Payee"), max_length=60, help_text=_("As in the document shown; the bank account has the same name.")
    )
    id_kind = forms.ChoiceField(label=_("Document shown"), choices=DOCUMENT_KINDS)
    id_number = forms.CharField(
        label=_("Number of the document"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted; only the last four characters are shown later."),
    )
    method = forms.ChoiceField(label=_("Paid by"), choices=CashOut.Method.choices, widget=forms.RadioSelect)
    bank_name = forms.CharField(label=_("Bank"), max_length=80, required=False)
    account_number = forms.CharField(
        label=_("Account number"),
        max_length=50,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)
    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Needed for a void contract (a minor's recharge) and where the payee is not the member."),
    )

    def clean_id_number(self) -> str:
        """Without blanks; an identity card's check character must fit."""
        number = plain_number(self.cleaned_data["id_number"])
        kind = self.data.get(self.add_prefix("id_kind"), "")
        if not is_document_number(kind, number):
            raise forms.ValidationError(_("This number does not fit the document. Check every character."))
        return number

    def clean_account_number(self) -> str:
        """Digits, without blanks."""
        number = plain_number(self.cleaned_data["account_number"])
        if number and not is_account_number(number):
            raise forms.ValidationError(_("An account number has 8 to 30 digits."))
        return number

    def clean(self) -> dict[str, Any]:
        """A bank transfer needs bank and account."""
        data = super().clean()
        if data.get("method") == CashOut.Method.BANK:
            for name in ("bank_name", "account_number"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, gettext("A bank transfer needs this."))
        return data

    @property
    def claim(self) -> Claim:
        """The typed values for the service."""
        data = self.cleaned_data
        return Claim(
            ground=data["ground"],
            terminated_on=data["terminated_on"],
            had_before=data["had_before"],
            method=data["method"],
            payee_name=data["payee_name"],
            id_kind=data["id_kind"],
            id_number=data["id_number"],
            bank_name=data["bank_name"],
            account_number=data["account_number"],
            reason=data["reason"],
            evidence=data["evidence"],
        )

    @property
    def content(self) -> dict[str, Any]:
        """What makes this command itself; of the numbers the end, so that no digest of them is kept."""
        content = super().content
        return {**content, **{name: content[name][-4:] for name in ("id_number", "account_number")}}

    def refuse(self, refusal: DomainError) -> None:
        """Beside the field that the refusal is about, where it names one that can be seen."""
        name = refusal.field if isinstance(refusal, InvalidClaim) else ""
        if name in self.fields and not self.fields[name].widget.is_hidden:
            self.add_error(name, str(refusal))
        else:
            super().refuse(refusal)


class PaymentForm(CommandForm):
    """That a bank transfer was made."""

    reference = forms.CharField(
        label=_("Reference of the transfer"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class CashOutFilter(forms.Form):
    """The filters of the list, kept in the URL; nonsense shows everything."""

    q = forms.CharField(
        label=_("Member or payee"), required=False, max_length=60, widget=forms.TextInput(attrs={"type": "search"})
    )
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("all")), *CashOut.Status.choices, (OVERDUE, _("overdue"))],
    )
    store = forms.ModelChoiceField(label=_("Store"), queryset=Store.objects.none(), required=False)

    def __init__(self, *args: Any, stores: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["store"]
        field.queryset, field.empty_label = stores, _("all")

    @property
    def criteria(self) -> dict[str, Any]:
        """Arguments of ``selectors.list_cash_outs``."""
        self.is_valid()
        store = self.cleaned_data.get("store")
        return {
            "text": (self.cleaned_data.get("q") or "").strip().replace("\0", ""),
            "status": self.cleaned_data.get("status") or "",
            "store_id": None if store is None else store.pk,
        }
