"""What the owner types about recharge plans."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField, MoneyField, PointsField
from gifts.models import RechargePlan
from stores.models import Staff, Store
from stores.selectors import list_active_stores


class PlanForm(forms.Form):
    """One plan; no store ticked means every store."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Stands on the cashier's button."))
    amount = MoneyField(label=_("Amount to pay"), above=0, maximum=1_000_000)
    bonus = MoneyField(label=_("Bonus money"), maximum=1_000_000)
    points = PointsField(label=_("Bonus points"), maximum=10_000_000)
    bonus_days = forms.IntegerField(
        label=_("Days that the bonus lasts"),
        min_value=1,
        max_value=3650,
        required=False,
        help_text=_("After the day of payment. Empty: it never expires. The customer must be told before paying."),
    )
    starts_on = LenientDateField(label=_("First day of the offer"), required=False)
    ends_on = LenientDateField(label=_("Last day of the offer"), required=False)
    position = forms.IntegerField(
        label=_("Position"), min_value=0, max_value=999, help_text=_("Buttons stand in this order.")
    )
    is_active = forms.BooleanField(label=_("Offered at the till"), required=False)
    stores = forms.ModelMultipleChoiceField(
        label=_("Stores"),
        queryset=Store.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every store."),
    )

    def __init__(self, *args: Any, staff: Staff, plan: RechargePlan, **options: Any) -> None:
        options["initial"] = self.initial_of(plan)
        super().__init__(*args, **options)
        self.plan = plan
        self.fields["stores"].queryset = list_active_stores(staff)  # type: ignore[attr-defined]  # a ModelChoiceField

    @staticmethod
    def initial_of(plan: RechargePlan) -> dict[str, Any]:
        """What stands in the boxes."""
        names = ("name", "amount", "bonus", "points", "bonus_days", "starts_on", "ends_on", "position", "is_active")
        initial: dict[str, Any] = {name: getattr(plan, name) for name in names}
        initial["stores"] = list(plan.stores.all()) if plan.pk else []
        return initial

    def clean_name(self) -> str:
        """Two buttons with one name would be mixed up."""
        name = str(self.cleaned_data["name"])
        if RechargePlan.objects.filter(name=name).exclude(pk=self.plan.pk).exists():
            raise forms.ValidationError(gettext("Another plan has this name."))
        return name

    def filled_plan(self) -> RechargePlan:
        """The plan with what was typed."""
        for name in self.fields:
            if name != "stores":
                setattr(self.plan, name, self.cleaned_data[name])
        return self.plan
