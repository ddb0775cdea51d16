"""What lists of templates and coupons are narrowed to; kept in the URL."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import days
from core.forms import LenientDateField
from coupons.models import StackCategory, Template
from members.selectors import find_members

SEARCH = {"type": "search"}
STATE_CHOICES = (
    ("", _("all")),
    ("usable", pgettext_lazy("coupon", "usable")),
    ("not_yet", pgettext_lazy("coupon", "not yet valid")),
    ("used", pgettext_lazy("coupon", "used")),
    ("expired", pgettext_lazy("coupon", "expired")),
    ("void", pgettext_lazy("coupon", "void")),
)


class TemplateFilterForm(forms.Form):
    """Which templates are listed."""

    q = forms.CharField(label=_("Name"), required=False, max_length=60, widget=forms.TextInput(attrs=SEARCH))
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("all")), *Template.Status.choices])
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *Template.Kind.choices])
    stack_category = forms.ModelChoiceField(
        label=_("Coupon class"),
        queryset=StackCategory.objects.order_by("position", "pk"),
        required=False,
        empty_label=_("all"),
    )

    @property
    def criteria(self) -> dict[str, Any]:
        """The choices that make sense; the others ask nothing."""
        self.is_valid()
        return self.cleaned_data


class CouponFilterForm(forms.Form):
    """Which coupons are listed, and downloaded."""

    code = forms.CharField(
        label=_("Coupon code or its last digits"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={**SEARCH, "inputmode": "numeric"}),
    )
    q = forms.CharField(label=_("Member"), required=False, max_length=60, widget=forms.TextInput(attrs=SEARCH))
    state = forms.ChoiceField(label=_("Status"), required=False, choices=STATE_CHOICES)
    template = forms.ModelChoiceField(
        label=_("Coupon template"),
        queryset=Template.objects.order_by("name", "pk"),
        required=False,
        empty_label=_("all"),
    )
    since = LenientDateField(label=_("Issued from"), required=False)
    until = LenientDateField(label=_("Issued to"), required=False)

    @property
    def criteria(self) -> dict[str, Any]:
        """What the selector takes; days are whole and include the last."""
        self.is_valid()
        values = self.cleaned_data
        found: dict[str, Any] = {name: values.get(name) for name in ("code", "state", "template")}
        if text := values.get("q"):
            found["member"] = [member.pk for member in find_members(text, limit=200)]
        if day := values.get("since"):
            found["since"] = days.start_of(day)
        if day := values.get("until"):
            found["until"] = days.end_of(day)
        return found
