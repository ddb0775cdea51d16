"""Text in, templates and members out."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import CommandForm, LenientDateField, MoneyField, PointsField
from coupons.models import Template
from coupons.selectors import list_active_templates
from members.selectors import find_members

SHOWN_MATCHES = 5


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


class IssueForm(CommandForm):
    """Give one coupon of a template to one member, who is found as at the till."""

    member = forms.CharField(
        label=_("Member"), max_length=60, help_text=_("Member number, phone, last 4 digits, name or pinyin.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def clean_member(self) -> int:
        """The id of the one member who fits; several are listed so that the number can be typed."""
        found = find_members(self.cleaned_data["member"])
        if not found:
            raise forms.ValidationError(gettext("No member fits this."))
        if len(found) > 1:
            names = ", ".join(f"{member.number} {member.name}" for member in found[:SHOWN_MATCHES])
            raise forms.ValidationError(
                gettext("Several members fit: %(names)s. Type the member number.") % {"names": names}
            )
        return found[0].pk


class MemberIssueForm(CommandForm):
    """Give a member one coupon of a template that is active now."""

    template = forms.ModelChoiceField(label=_("Coupon"), queryset=Template.objects.none(), empty_label=None)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["template"].queryset = list_active_templates()  # type: ignore[attr-defined]  # a ModelChoiceField

    @property
    def content(self) -> dict[str, Any]:
        """By id, so that the digest does not change with the name."""
        return {"template": self.cleaned_data["template"].pk, "reason": self.cleaned_data["reason"]}


class VoidForm(CommandForm):
    """Withdraw a coupon that was not used."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
