"""Forms that give out and withdraw coupons."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import CommandForm
from coupons.models import Template
from coupons.selectors import list_active_templates
from members.selectors import find_members

SHOWN_MATCHES = 5


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
