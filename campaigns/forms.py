"""What the owner types about giveaways and order rewards."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.models import Giveaway, OrderReward
from core.forms import CommandForm, LenientDateField, MoneyField, PointsField
from gifts.models import Pack
from gifts.selectors import list_packs
from stores.models import Staff, Store
from stores.selectors import list_active_stores


class PackChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # cannot be subscripted at run time
    """A pack by its name."""

    def label_from_instance(self, obj: Any) -> str:
        """One that is not in use says so: it would give nothing."""
        return str(obj.name) if obj.is_active else gettext("%(name)s (not in use)") % {"name": obj.name}


class OccasionForm(forms.Form):
    """What giveaways and order rewards share: name, pack, days, stores, and whether it is switched on."""

    model: Any = None
    columns: tuple[str, ...] = ()

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Customers read it on the receipt."))
    pack = PackChoice(label=_("Gift pack"), queryset=Pack.objects.none())
    starts_on = LenientDateField(label=_("First day"), required=False)
    ends_on = LenientDateField(label=_("Last day"), required=False)
    is_active = forms.BooleanField(label=_("Switched on"), required=False)
    stores = forms.ModelMultipleChoiceField(
        label=_("Stores"),
        queryset=Store.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every store."),
    )

    def __init__(self, *args: Any, staff: Staff, row: Any, **options: Any) -> None:
        shared = ("name", "pack", "starts_on", "ends_on", "is_active")
        initial = {name: getattr(row, name, None) for name in (*shared, *self.columns) if name != "pack"}
        initial |= {"pack": row.pack_id, "stores": list(row.stores.all()) if row.pk else []}
        options["initial"] = initial
        super().__init__(*args, **options)
        self.row = row
        self._names = (*shared, *self.columns)
        packs = list_packs() if row.pk else list_packs(is_active=True)
        self.fields["pack"].queryset = packs  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["stores"].queryset = list_active_stores(staff)  # type: ignore[attr-defined]  # likewise

    def clean_name(self) -> str:
        """Two with one name would be mixed up."""
        name = str(self.cleaned_data["name"])
        if self.model.objects.filter(name=name).exclude(pk=self.row.pk).exists():
            raise forms.ValidationError(gettext("This name is taken."))
        return name

    def clean(self) -> dict[str, Any]:
        """The days in their order."""
        data = super().clean() or self.cleaned_data
        first, last = data.get("starts_on"), data.get("ends_on")
        if first and last and first > last:
            self.add_error("ends_on", gettext("The last day is before the first."))
        return data

    def filled(self) -> Any:
        """The row with what was typed; stores are given to the service apart."""
        for name in self._names:
            if name in self.cleaned_data:
                setattr(self.row, name, self.cleaned_data[name])
        return self.row


class GiveawayForm(OccasionForm):
    """A giveaway."""

    model = Giveaway
    columns = ("trigger", "repeats")

    trigger = forms.ChoiceField(label=_("Occasion"), choices=Giveaway.Trigger.choices)
    repeats = forms.ChoiceField(
        label=_("How often"),
        choices=Giveaway.Repeats.choices,
        required=False,
        help_text=_("Only for visits: on joining it is given once."),
    )

    def clean_repeats(self) -> str:
        """Once where nothing was chosen."""
        return str(self.cleaned_data["repeats"] or Giveaway.Repeats.ONCE)


class RewardForm(OccasionForm):
    """An order reward."""

    model = OrderReward
    columns = ("threshold", "member_limit")

    threshold = MoneyField(
        label=_("From an amount of"), above=0, maximum=1_000_000, help_text=_("What the customer pays for goods.")
    )
    member_limit = PointsField(
        label=_("Times per member"), unit=_("times"), minimum=1, maximum=1000, required=False,
        help_text=_("Empty: with every order."),
    )  # fmt: skip


class VisitForm(CommandForm):
    """The button that gives the gift of a visit."""
