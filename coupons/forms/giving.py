"""Batches and offers: what is typed in, and what is claimed."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core import days
from core.forms import CommandForm, LenientDateField, PointsField
from coupons.models import Batch, Offer, Template
from coupons.selectors.batches import BatchPreview
from coupons.selectors.templates import list_active_templates
from tags.forms import RuleBuilder
from tags.models import Tag

EVERYBODY, TAGGED, FITTING = "all", "tag", "rule"


class BatchForm(CommandForm):
    """Which coupon for whom. The conditions of a filter stand in the rows of a :class:`RuleBuilder`."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("What you will find it by later."))
    template = forms.ModelChoiceField(label=_("Coupon"), queryset=Template.objects.none(), empty_label=None)
    who = forms.ChoiceField(
        label=_("For whom"),
        choices=(
            (EVERYBODY, _("All members")),
            (TAGGED, _("Members with a tag")),
            (FITTING, _("Members who fit conditions, for example a tier")),
        ),
        widget=forms.RadioSelect,
        initial=EVERYBODY,
    )
    tag = forms.ModelChoiceField(
        label=_("Tag"), queryset=Tag.objects.filter(is_active=True).order_by("name"), required=False
    )

    def __init__(self, *args: Any, builder: RuleBuilder, **options: Any) -> None:
        super().__init__(*args, **options)
        self.builder = builder
        self.fields["template"].queryset = list_active_templates()  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        """A tag where one is asked for, and conditions that are whole."""
        data = super().clean() or {}
        if data.get("who") == TAGGED and data.get("tag") is None and "tag" not in self.errors:
            self.add_error("tag", gettext("Choose a tag."))
        if data.get("who") == FITTING and not self.builder.is_valid():
            self.add_error(None, self.builder.problem)
        return data

    @property
    def audience(self) -> dict[str, Any]:
        """In the form that a batch keeps."""
        who = self.cleaned_data["who"]
        if who == TAGGED:
            return {"tag": self.cleaned_data["tag"].pk}
        return {"rule": self.builder.rule} if who == FITTING else {}

    @property
    def content(self) -> dict[str, Any]:
        """By id, so that the digest does not change with names."""
        return {
            "name": self.cleaned_data["name"],
            "template": self.cleaned_data["template"].pk,
            "audience": self.audience,
        }

    def seen_key(self, found: BatchPreview) -> str:
        """What was shown: a yes to other figures than these is asked again."""
        return f"{self.cleaned_data['template'].pk}:{found.members}"


class BatchFilter(forms.Form):
    """Which batches are listed."""

    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", pgettext_lazy("coupon batches", "all")), *(Batch.Status.choices[1:])],
    )

    @property
    def chosen(self) -> str:
        """The valid choice, or "" for all."""
        return str(self.cleaned_data.get("status", "")) if self.is_valid() else ""


class PauseForm(CommandForm):
    """Stop giving, and maybe using."""

    stops_use = forms.BooleanField(label=_("Coupons given already cannot be used meanwhile"), required=False)


class VoidBatchForm(CommandForm):
    """Withdraw what nobody used."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class OfferForm(forms.Form):
    """An offer to claim; days are whole days of the shop."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Customers do not see it."))
    template = forms.ModelChoiceField(label=_("Coupon"), queryset=Template.objects.none(), empty_label=None)
    starts_on = LenientDateField(label=_("Can be claimed from"))
    through_on = LenientDateField(label=_("through"), required=False, help_text=_("Empty: until it is closed."))
    limit = PointsField(
        label=_("Claims in all"),
        unit=_("claims"),
        minimum=1,
        maximum=100_000_000,
        required=False,
        help_text=_("Every member can claim it once. Empty: no limit in all."),
    )
    is_open = forms.BooleanField(label=_("Open for claims"), required=False, initial=True)

    def __init__(self, *args: Any, offer: Offer | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        templates = list_active_templates()
        if offer is not None:
            templates = (templates | Template.objects.filter(pk=offer.template_id)).distinct()
        self.fields["template"].queryset = templates  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first."""
        data = super().clean() or {}
        first, last = data.get("starts_on"), data.get("through_on")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("through_on", gettext("The last day is before the first."))
        return data

    @property
    def span(self) -> tuple[datetime, datetime | None]:
        """From the start of the first day to the end of the last."""
        last = self.cleaned_data["through_on"]
        return days.start_of(self.cleaned_data["starts_on"]), None if last is None else days.end_of(last)

    @classmethod
    def initial_of(cls, offer: Offer | None) -> dict[str, Any]:
        """What the boxes show."""
        if offer is None:
            return {"starts_on": days.local_day(timezone.now()), "is_open": True}
        end = offer.ends_at
        return {
            "name": offer.name,
            "template": offer.template_id,
            "starts_on": days.local_day(offer.starts_at),
            "through_on": None if end is None else days.local_day(end - timedelta(microseconds=1)),
            "limit": offer.limit,
            "is_open": offer.is_open,
        }


class OfferFilter(forms.Form):
    """Which offers are listed."""

    state = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[
            ("", pgettext_lazy("coupon offers", "all")),
            ("open", pgettext_lazy("coupon offers", "can be claimed now")),
            ("ended", pgettext_lazy("coupon offers", "cannot be claimed now")),
        ],
    )

    @property
    def chosen(self) -> str:
        """The valid choice, or "" for all."""
        return str(self.cleaned_data.get("state", "")) if self.is_valid() else ""


class ClaimForm(forms.Form):
    """The phone of whoever claims."""

    phone = forms.CharField(
        label=_("Phone"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel", "autofocus": True}),
    )
