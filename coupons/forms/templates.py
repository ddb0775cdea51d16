"""The editor of coupon templates."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from catalog.selectors import get_category_tree, get_products_by_codes, list_brands
from core.forms import LenientDateField, MoneyField, NumberField, PointsField
from coupons.models import StackCategory, StoreLimit, Template
from coupons.selectors.editing import list_product_codes
from coupons.services import find_problems, tidy
from coupons.services.checking import CONDITIONS, FIELDS, OF_KINDS, SCOPE
from coupons.wording_goods import channel_choices, tier_choices
from stores.models import Staff
from stores.selectors import list_active_stores
from tags.selectors import list_tags

_PIECES = pgettext_lazy("unit", "pieces")


def _category_choices() -> list[tuple[int, str]]:
    """Every category with those above it, because the boxes stand side by side."""
    above: dict[int | None, str] = {}
    for _depth, category in get_category_tree().flat():
        parent = above.get(category.parent_id)
        above[category.pk] = f"{parent} / {category.name}" if parent else category.name
    return [(pk, name) for pk, name in above.items() if pk is not None]


class ShareField(NumberField):
    """A part of the price in percent; the cleaned value is a factor: 85 is 0.85."""

    unit = "%"

    def __init__(self, **options: Any) -> None:
        super().__init__(minimum=0, maximum=Decimal("99.99"), **options)

    def clean(self, value: Any) -> Any:
        """The factor."""
        share = super().clean(value)
        return None if share is None else share / 100

    def prepare_value(self, value: Any) -> Any:
        """85 rather than 0.8500."""
        return f"{(value * 100).normalize():f}" if isinstance(value, Decimal) else value


class MultipleField(NumberField):
    """2 for double points."""

    unit = _("times")

    def prepare_value(self, value: Any) -> Any:
        """2 rather than 2.00."""
        return f"{value.normalize():f}" if isinstance(value, Decimal) and value.is_finite() else value


class TicksField(forms.TypedMultipleChoiceField):
    """Several of a list, each a box to tick."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *, coerce: Any = int, **options: Any) -> None:
        super().__init__(coerce=coerce, required=False, empty_value=[], **options)


class CodesField(forms.CharField):
    """Products by bar code or article number, one a line; the cleaned value is their ids."""

    widget = forms.Textarea(attrs={"rows": 2})
    #: Those that stand in the box already, which stay even when they are no longer sold.
    known: Mapping[str, int] = MappingProxyType({})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=20_000, **options)

    def clean(self, value: Any) -> Any:
        """Ids in the order of their numbers; a code that nothing on sale has is named."""
        codes = [code for code in re.split(r"[\s,，;；]+", super().clean(value)) if code]
        new = [code for code in codes if code not in self.known]
        found = get_products_by_codes(new) if new else {}
        unknown = [code for code in new if code not in found]
        if unknown:
            raise forms.ValidationError(gettext("No product on sale has the code %(code)s.") % {"code": unknown[0]})
        return sorted(
            {*(self.known[code] for code in codes if code in self.known), *(one.pk for one in found.values())}
        )


class TemplateForm(forms.Form):
    """The terms of a template. :meth:`fill` puts them into an instance; the service has the last word."""

    name = forms.CharField(label=_("Name"), max_length=60)
    description = forms.CharField(
        label=_("Words for the customer"),
        max_length=200,
        required=False,
        help_text=_("Stand on the claim page and in the member's list."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Template.Kind.choices)
    amount = MoneyField(label=_("Amount"), above=0, required=False)
    factor = ShareField(label=_("Customer pays"), required=False, help_text=_("85 is 15% off; 0 is free."))
    cap = MoneyField(label=_("Takes off at most"), above=0, required=False)
    price = MoneyField(label=_("Price of each piece"), required=False)
    buy_pieces = PointsField(label=_("Pieces to buy"), unit=_PIECES, maximum=1000, required=False)
    pieces = PointsField(label=_("Pieces that are cheaper or free"), unit=_PIECES, maximum=1000, required=False)
    multiple = MultipleField(label=_("Points multiple"), maximum=100, required=False)
    uses = PointsField(label=_("Uses of one voucher"), unit=_("times"), maximum=1000, required=False)
    threshold = MoneyField(
        label=_("From an amount of"),
        initial=0,
        help_text=_("Counted on the goods that this coupon may be used for, after the tier price. 0: any purchase."),
    )

    products = CodesField(label=_("Only these products"), help_text=_("Bar codes or article numbers, one a line."))
    categories = TicksField(label=_("Only these categories, with all below them"))
    brands = TicksField(label=_("Only these brands"))
    not_products = CodesField(label=_("Not these products"))
    not_categories = TicksField(label=_("Not these categories"))
    not_brands = TicksField(label=_("Not these brands"))

    stores = TicksField(label=_("Only in these stores"))
    channels = TicksField(label=_("Only through"), coerce=str)
    weekdays = TicksField(label=_("Only on"))
    from_time = forms.TimeField(
        label=_("Time of day from"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    to_time = forms.TimeField(
        label=_("Time of day to"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    tiers = TicksField(label=_("Only for the tiers"), coerce=str)
    tags = TicksField(label=_("Only for members with a tag of"))
    first_order = forms.BooleanField(label=_("Only for a member's first order"), required=False)
    birthday_days = PointsField(
        label=_("Days around the birthday"),
        unit=_("days"),
        maximum=60,
        required=False,
        help_text=_("0: on the birthday only. Empty: any day."),
    )

    validity = forms.ChoiceField(
        label=_("Kind of validity"), choices=Template.Validity.choices, widget=forms.RadioSelect
    )
    valid_days = PointsField(label=_("Valid for"), unit=_("days"), minimum=1, maximum=3650, required=False)
    starts_next_day = forms.BooleanField(label=_("Starts the day after receipt"), required=False)
    starts_on = LenientDateField(label=_("Valid from"), required=False)
    through_on = LenientDateField(label=_("Valid through"), required=False)

    stack_category = forms.ModelChoiceField(
        label=_("Coupon class"), queryset=StackCategory.objects.order_by("position", "pk"), empty_label=None
    )
    priority = forms.IntegerField(
        label=_("Order of use"),
        min_value=-99,
        max_value=99,
        required=False,
        help_text=_("Smaller comes first; equal ones: amounts before percents."),
    )
    base = forms.ChoiceField(label=_("Reckoned from"), choices=Template.Base.choices)
    order_limit = PointsField(label=_("Per order"), unit=_("coupons"), maximum=20, required=False)
    stacks_with_tier = forms.BooleanField(label=_("Together with the tier discount"), required=False)
    stacks_with_points = forms.BooleanField(label=_("Together with points"), required=False)
    is_usable_while_stopped = forms.BooleanField(
        label=_("Coupons given out stay usable while paused or retired"), required=False
    )

    total_limit = PointsField(label=_("Coupons in all"), unit=_("coupons"), required=False)
    member_limit = PointsField(label=_("Coupons per member"), unit=_("coupons"), maximum=1000, required=False)
    redeem_limit = PointsField(label=_("Uses in all"), unit=_("times"), required=False)
    member_day_limit = PointsField(label=_("Uses per member and day"), unit=_("times"), maximum=1000, required=False)

    returns_on_refund = forms.BooleanField(label=_("Given back when all goods are returned"), required=False)
    return_grace_days = PointsField(
        label=_("Days that a returned one lasts"),
        unit=_("days"),
        maximum=365,
        required=False,
        help_text=_("When it had expired meanwhile. 0: it stays expired. Empty: the shop's setting."),
    )
    threshold_break = forms.ChoiceField(
        label=_("When goods are returned below the amount"), choices=Template.ThresholdBreak.choices
    )

    def __init__(self, *args: Any, staff: Staff, template: Template, **options: Any) -> None:
        options.setdefault("initial", self.initial_of(template))
        super().__init__(*args, **options)
        self._template = template
        fields: Any = self.fields
        tree = _category_choices()
        brands = [(brand.pk, brand.name) for brand in list_brands()]
        stores = list(list_active_stores(staff))
        fields["products"].known = fields["not_products"].known = self.initial["codes"]
        offered: dict[str, list[Any]] = {
            "categories": tree,
            "not_categories": tree,
            "brands": brands,
            "not_brands": brands,
            "stores": [(store.pk, store.name) for store in stores],
            "channels": channel_choices(),
            "weekdays": [(day + 1, name) for day, name in WEEKDAYS.items()],
            "tiers": tier_choices(),
            "tags": [(tag.pk, tag.name) for tag in list_tags() if tag.is_active],
        }
        for name, choices in offered.items():
            known = {str(value) for value, _label in choices}
            # What was retired meanwhile stays ticked until somebody takes it out.
            gone = [(value, f"#{value}") for value in self.initial.get(name) or () if str(value) not in known]
            fields[name].choices = [*choices, *gone]
        limits = dict(StoreLimit.objects.filter(template=template.pk or 0).values_list("store", "limit"))
        for store in stores:
            self.fields[f"store_{store.pk}"] = PointsField(
                label=store.name, unit=_("times"), required=False, initial=limits.get(store.pk)
            )
        # Of stores that this person does not see.
        self._other_limits = {pk: limit for pk, limit in limits.items() if f"store_{pk}" not in self.fields}

    @property
    def store_fields(self) -> list[forms.BoundField]:
        """The boxes of the stores' own limits."""
        return [self[name] for name in self.fields if name.startswith("store_")]

    @property
    def has_groups(self) -> bool:
        """Whether a category or a brand is ticked."""
        return any(self[name].value() for name in ("categories", "not_categories", "brands", "not_brands"))

    @property
    def has_store_limits(self) -> bool:
        """Whether any of them is filled in."""
        return any(bound.value() not in (None, "") for bound in self.store_fields)

    @property
    def initial_limits(self) -> dict[str, int | None]:
        """What stands in those boxes at first."""
        return {bound.name: bound.initial for bound in self.store_fields}

    def clean(self) -> dict[str, Any]:
        """What the chosen kind does not use is ignored; the rest must hold together, each word beside its field."""
        data = super().clean() or self.cleaned_data
        for name in OF_KINDS:
            if name not in FIELDS.get(str(data.get("kind")), ()):
                self.errors.pop(name, None)
                data[name] = None
        if "uses" not in FIELDS.get(str(data.get("kind")), ()):
            self.errors.pop("uses", None)
            data["uses"] = 1
        if data.get("validity") == Template.Validity.FIXED:
            self.errors.pop("valid_days", None)
        else:
            for name in ("starts_on", "through_on"):
                self.errors.pop(name, None)
        if data.get("threshold") is None:
            data["threshold"] = Decimal(0)
        data["priority"] = data.get("priority") or 0
        trial = self._put(Template(), data)
        tidy(trial)
        for name, text in find_problems(trial):
            if name not in self.errors:
                self.add_error(name, text)
        return data

    def fill(self, template: Template) -> Template:
        """The instance with the cleaned terms."""
        return self._put(template, self.cleaned_data)

    @staticmethod
    def _put(template: Template, data: dict[str, Any]) -> Template:
        for name, value in data.items():
            if name not in SCOPE and name not in CONDITIONS and not name.startswith("store_"):
                setattr(template, name, value)
        template.scope = {name: data.get(name) or [] for name in SCOPE}
        conditions = {name: data.get(name) for name in CONDITIONS}
        for name in ("from_time", "to_time"):
            conditions[name] = f"{data[name]:%H:%M}" if data.get(name) else None
        template.conditions = conditions
        return template

    @property
    def store_limits(self) -> dict[int, int]:
        """Uses by the store's id, where one is given."""
        given = {
            int(name.removeprefix("store_")): value
            for name, value in self.cleaned_data.items()
            if name.startswith("store_") and value is not None
        }
        return {**self._other_limits, **given}

    @classmethod
    def initial_of(cls, template: Template) -> dict[str, Any]:
        """What the boxes show for a template."""
        initial = {name: getattr(template, name) for name in cls.base_fields if hasattr(template, name)}
        initial["stack_category"] = template.stack_category_id or StackCategory.objects.order_by("position").first()
        scope, conditions = template.scope or {}, template.conditions or {}
        initial |= {name: scope.get(name) or [] for name in SCOPE}
        initial |= {name: conditions.get(name) for name in CONDITIONS}
        codes = list_product_codes([*initial["products"], *initial["not_products"]])
        initial["codes"] = {code: pk for pk, code in codes.items()}
        for name in ("products", "not_products"):
            initial[name] = "\n".join(codes[pk] for pk in initial[name] if pk in codes)
        return initial


class ActivateForm(forms.Form):
    """Start a draft; untried only with a reason."""

    reason = forms.CharField(label=_("Why it starts untried"), max_length=200, required=False)


class TrialForm(forms.Form):
    """Over how many days of real orders a draft is tried."""

    days = PointsField(label=_("Days of orders"), unit=_("days"), minimum=1, maximum=1100, initial=30)
