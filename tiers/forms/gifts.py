"""A gift of a level."""

from django import forms
from django.utils.translation import gettext_lazy as _

from gifts.models import Pack
from tiers.models import TierGift


class TierGiftForm(forms.Form):
    """Which pack, when, and how often."""

    occasion = forms.ChoiceField(
        label=_("Occasion"),
        choices=TierGift.Occasion.choices,
        widget=forms.RadioSelect,
        initial=TierGift.Occasion.UPGRADE,
    )
    pack = forms.ModelChoiceField(label=_("Gift pack"), queryset=Pack.objects.none(), empty_label=None)
    is_pending = forms.BooleanField(
        label=_("Held back until the return window is over"),
        required=False,
        help_text=_("A returned order then takes nothing away that was used."),
    )
    is_yearly = forms.BooleanField(
        label=_("Again in another year"),
        required=False,
        help_text=_("Otherwise a member who falls and rises again gets it once only."),
    )
    rolls_over = forms.BooleanField(label=_("One that was not taken may be taken a month later"), required=False)
    is_active = forms.BooleanField(label=_("Given at present"), required=False, initial=True)

    def __init__(self, *args: object, gift: TierGift, **options: object) -> None:
        if gift.pk:
            options["initial"] = {
                name: getattr(gift, name) for name in ("occasion", "is_pending", "is_yearly", "rolls_over", "is_active")
            } | {"pack": gift.pack_id}
        super().__init__(*args, **options)  # type: ignore[arg-type]  # handed on as they are
        packs = Pack.objects.filter(is_active=True) | Pack.objects.filter(pk=gift.pack_id or 0)
        self.fields["pack"].queryset = packs.order_by("name")  # type: ignore[attr-defined]  # a ModelChoiceField

    def fill(self, gift: TierGift) -> TierGift:
        """The gift with what was typed."""
        for name, value in self.cleaned_data.items():
            setattr(gift, name, value)
        return gift
