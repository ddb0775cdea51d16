"""Tracks and levels: what they are called and where they stand."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import PointsField
from tiers.forms.boxes import HUNDRED, PercentField, TimesField
from tiers.models import Tier, Track

CODE = forms.RegexField(
    r"^[a-z][a-z0-9_]*$",
    label=_("Code"),
    max_length=17,
    help_text=_("Small letters, digits and _, for example black_card. It never changes: rules are written with it."),
    error_messages={"invalid": _("Small letters, digits and _, beginning with a letter.")},
)


class TrackForm(forms.Form):
    """What a track is called."""

    name = forms.CharField(label=_("Name"), max_length=30, required=False)


class TierForm(forms.Form):
    """What a level is called."""

    name = forms.CharField(label=_("Name"), max_length=30)
    colour = forms.ChoiceField(label=_("Colour"), choices=Tier.Colour.choices)
    is_rechargeable = forms.BooleanField(
        label=_("Its holders may recharge"),
        required=False,
        initial=True,
        help_text=_("Otherwise no recharge is taken from who holds it, a gift card type for example."),
    )


class NewTierForm(TierForm):
    """A level right above another."""

    code = CODE
    above = forms.ModelChoiceField(label=_("Right above"), queryset=Tier.objects.none(), empty_label=None)
    field_order = ("code", "name", "above", "colour", "is_rechargeable")

    def __init__(self, *args: Any, track: Track, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = Tier.objects.filter(track=track).order_by("-rank")
        self.fields["above"].queryset = rows  # type: ignore[attr-defined]  # a ModelChoiceField


class CardTypeForm(TierForm):
    """A card type: how one gets it, what it gives, how long it lasts."""

    kind = forms.ChoiceField(
        label=_("How members get it"),
        choices=[
            (Track.Kind.INVITED.value, _("given by hand")),
            (Track.Kind.PAID.value, _("bought at the till")),
        ],
        widget=forms.RadioSelect,
        initial=Track.Kind.INVITED.value,
    )
    code = CODE
    pays = PercentField(
        label=_("Members pay"), above=0, maximum=100, initial=100, help_text=_("95 is 5% off; 100 is no discount.")
    )
    points_multiple = TimesField(label=_("Points multiple"), maximum=100, initial=1)
    valid_months = PointsField(
        label=_("How long it lasts"),
        unit=_("months"),
        minimum=1,
        maximum=120,
        required=False,
        help_text=_("Empty: for good, or until the day that is set when it is given."),
    )
    field_order = ("kind", "code", "name", "colour", "pays", "points_multiple", "valid_months", "is_rechargeable")

    @property
    def card(self) -> dict[str, Any]:
        """What ``services.create_card_type`` takes."""
        data = dict(self.cleaned_data)
        data["discount_factor"] = data.pop("pays") / HUNDRED
        if data["kind"] == Track.Kind.PAID:
            # How long a bought one lasts is said by its offers.
            data["valid_months"] = None
        return data
