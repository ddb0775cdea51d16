"""The editor of coupon templates."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField, MoneyField, PointsField
from coupons.models import Template


class TemplateForm(forms.Form):
    """The terms of a template. :meth:`fill` puts them into an instance; the service has the last word."""

    name = forms.CharField(label=_("Name"), max_length=60)
    amount = MoneyField(label=_("Amount off"), above=0)
    threshold = MoneyField(
        label=_("From an amount of"),
        initial=0,
        help_text=_("Counted on the goods that coupons may be used for, after the tier price. 0: any purchase."),
    )
    validity = forms.ChoiceField(
        label=_("Kind of validity"), choices=Template.Validity.choices, widget=forms.RadioSelect
    )
    valid_days = PointsField(label=_("Valid for"), unit=_("days"), minimum=1, maximum=3650, required=False)
    starts_next_day = forms.BooleanField(label=_("Starts the day after receipt"), required=False)
    starts_on = LenientDateField(label=_("Valid from"), required=False)
    through_on = LenientDateField(label=_("Valid through"), required=False)
    stacks_with_tier = forms.BooleanField(label=_("Together with the tier discount"), required=False)
    stacks_with_points = forms.BooleanField(label=_("Together with points"), required=False)
    total_limit = PointsField(
        label=_("Coupons in all"), unit=_("coupons"), minimum=1, maximum=100_000_000, required=False
    )
    member_limit = PointsField(
        label=_("Coupons per member"), unit=_("coupons"), minimum=1, maximum=1000, required=False
    )
    is_usable_while_stopped = forms.BooleanField(
        label=_("Coupons given out stay usable while paused or retired"), required=False
    )

    def clean(self) -> dict[str, Any]:
        """The fields that the chosen validity needs, the others emptied."""
        data = super().clean() or {}
        if data.get("validity") == Template.Validity.FIXED:
            data["valid_days"] = None
            for name in ("starts_on", "through_on"):
                if data.get(name) is None and name not in self.errors:
                    self.add_error(name, gettext("Fill this in for fixed dates."))
            if data.get("starts_on") and data.get("through_on") and data["through_on"] < data["starts_on"]:
                self.add_error("through_on", gettext("The last day is before the first."))
        elif data.get("validity") == Template.Validity.DAYS:
            data["starts_on"] = data["through_on"] = None
            if data.get("valid_days") is None and "valid_days" not in self.errors:
                self.add_error("valid_days", gettext("Say for how many days the coupon is valid."))
        return data

    def fill(self, template: Template) -> Template:
        """The instance with the cleaned terms."""
        for name, value in self.cleaned_data.items():
            setattr(template, name, value)
        return template

    @classmethod
    def initial_of(cls, template: Template) -> dict[str, Any]:
        """What the boxes show for a template."""
        return {name: getattr(template, name) for name in cls.base_fields}
