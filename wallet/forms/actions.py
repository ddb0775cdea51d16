"""What people type to freeze, transfer, clear, correct and state stored value."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.forms import ApproverFields
from core.forms import CommandForm, LenientDateField, MoneyField
from wallet.models import Account, Lot, Recharge
from wallet.selectors import BonusFilter, list_plan_names

REASON = gettext_lazy("Reason")


class FreezeForm(CommandForm):
    """Why stored value is frozen or a freeze is lifted."""

    reason = forms.CharField(
        label=REASON, max_length=500, help_text=gettext_lazy("Stays in the audit trail with your name.")
    )


class RechargeLimitForm(CommandForm):
    """How often and how long a card can be recharged."""

    recharging = forms.ChoiceField(
        label=gettext_lazy("How often it can be recharged"),
        choices=Account.Recharging.choices,
        widget=forms.RadioSelect,
    )
    until = LenientDateField(
        label=gettext_lazy("Last day of recharges"),
        required=False,
        help_text=gettext_lazy("Empty: no end. The money that is on the card never expires."),
    )
    reason = forms.CharField(
        label=REASON, max_length=500, help_text=gettext_lazy("Stays in the audit trail with your name.")
    )


WHOLE, PART = "whole", "part"


class TransferChoice(forms.Form):
    """How much goes to whom, kept in the URL so that the preview can be looked at first."""

    taker = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)
    extent = forms.ChoiceField(
        label=gettext_lazy("How much"),
        choices=[(WHOLE, gettext_lazy("everything that can be used")), (PART, gettext_lazy("a part"))],
        widget=forms.RadioSelect,
    )
    amount = MoneyField(label=gettext_lazy("Amount of the part"), required=False, above=0)
    involves_staff = forms.BooleanField(
        label=gettext_lazy("One of the two works here"),
        required=False,
        help_text=gettext_lazy("Then a second person always has to agree."),
    )

    def clean(self) -> dict[str, Any]:
        """A part has an amount; everything has none."""
        values = super().clean() or self.cleaned_data
        if values.get("extent") == WHOLE:
            values["amount"] = None
        elif values.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", _("Type how much."))
        return values


def _pin(label: Any) -> forms.CharField:
    attrs = {"autocomplete": "off", "inputmode": "numeric"}
    return forms.CharField(label=label, max_length=6, widget=forms.PasswordInput(attrs=attrs))


class TransferForm(ApproverFields):
    """Both confirm by PIN, the taker only where they have one (R-W9)."""

    giver_pin = _pin(gettext_lazy("PIN of the giver"))
    taker_pin = _pin(gettext_lazy("PIN of the taker"))
    reason = forms.CharField(label=REASON, max_length=200)

    def __init__(self, *args: Any, taker_has_pin: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not taker_has_pin:
            del self.fields["taker_pin"]

    @property
    def content(self) -> dict[str, Any]:
        """Without any PIN."""
        return {name: value for name, value in super().content.items() if not name.endswith("_pin")}


class ClearingChoice(forms.Form):
    """Which bonus, kept in the URL."""

    plan = forms.ChoiceField(label=gettext_lazy("Given by the plan"), required=False)
    given_before = LenientDateField(label=gettext_lazy("Given before"), required=False)

    def __init__(self, *args: Any, member_id: int | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._member_id = member_id
        field: Any = self.fields["plan"]
        field.choices = field.widget.choices = [("", _("any")), *((name, name) for name in list_plan_names())]

    @property
    def bonus_filter(self) -> BonusFilter | None:
        """None where nothing is chosen: clearing everybody's bonus is not offered."""
        if not self.is_valid():
            return None
        plan, day = self.cleaned_data["plan"], self.cleaned_data["given_before"]
        return BonusFilter(self._member_id, plan, day) if self._member_id or plan or day else None


class ClearingForm(ApproverFields):
    """Notice and approval, without which no bonus is cleared (R-W11)."""

    notice = forms.CharField(
        label=gettext_lazy("What the members were told"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    notified_on = LenientDateField(label=gettext_lazy("Told on"))
    reason = forms.CharField(label=REASON, max_length=200)


MORE, LESS = "more", "less"


class CorrectionForm(ApproverFields):
    """What was really paid or given, and what proves it (R-W11)."""

    recharge = forms.TypedChoiceField(label=gettext_lazy("Recharge to correct"), coerce=int)
    bucket = forms.ChoiceField(
        label=gettext_lazy("What is wrong"), choices=Lot.Bucket.choices, widget=forms.RadioSelect
    )
    direction = forms.ChoiceField(
        label=gettext_lazy("It must be"),
        choices=[(MORE, gettext_lazy("more")), (LESS, gettext_lazy("less"))],
        widget=forms.RadioSelect,
    )
    amount = MoneyField(label=gettext_lazy("by"), above=0)
    evidence = forms.CharField(
        label=gettext_lazy("Evidence"),
        max_length=500,
        help_text=gettext_lazy("Receipt, bank statement, contract: what shows the right figure."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reason = forms.CharField(label=REASON, max_length=200)

    def __init__(self, *args: Any, recharges: list[tuple[Recharge, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["recharge"]
        field.choices = field.widget.choices = [(made.pk, text) for made, text in recharges]


class PeriodForm(forms.Form):
    """The days of a statement; without any, the last twelve months."""

    since = LenientDateField(label=gettext_lazy("From"), required=False)
    until = LenientDateField(label=gettext_lazy("To"), required=False)

    def clean(self) -> dict[str, Any]:
        """The end is not before the beginning."""
        values = super().clean() or self.cleaned_data
        if values.get("since") and values.get("until") and values["until"] < values["since"]:
            self.add_error("until", _("The last day lies before the first."))
        return values

    def period(self, today: date) -> tuple[date, date]:
        """First and last day, both included; what makes no sense falls back to the last twelve months."""
        self.is_valid()
        until = self.cleaned_data.get("until") or today
        since = self.cleaned_data.get("since") or until - timedelta(days=365)
        return min(since, until), until
