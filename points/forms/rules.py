"""Rules of points: what they are about, what they say, and from when."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Product
from catalog.selectors import get_category_tree, get_product_by_code, list_brands
from core import days
from core.forms import LenientDateField, MoneyField, NumberField, PointsField
from points import rules
from points.models import RuleVersion
from points.services import Scope, VersionData

CATEGORY, BRAND, PRODUCT = "category", "brand", "product"
NOW, LATER = "now", "later"

EXPIRY_CHOICES = (
    ("", gettext_lazy("as the shop's points")),
    (rules.NEVER, gettext_lazy("never")),
    (rules.DAYS, gettext_lazy("N days after they were given")),
    (rules.MONTHS, gettext_lazy("N months after they were given")),
    (rules.MONTH_END, gettext_lazy("at the end of the month N months later")),
    (rules.QUARTER_END, gettext_lazy("at the end of the quarter N quarters later")),
    (rules.YEAR_END, gettext_lazy("at the end of the year N years later")),
)


class RateField(NumberField):
    """Points for every yuan, four places; 0 earns nothing."""

    places = 4
    step = Decimal("0.0001")
    unit = gettext_lazy("points")

    def prepare_value(self, value: Any) -> Any:
        """2 rather than 2.0000."""
        text = super().prepare_value(value)
        return text.rstrip("0").rstrip(".") if isinstance(value, Decimal) and "." in text else text


class VersionForm(forms.Form):
    """What a version says."""

    per_yuan = RateField(label=gettext_lazy("Points for every ¥1"), maximum=1000)
    is_payable = forms.BooleanField(label=gettext_lazy("Points may pay for these goods"), required=False, initial=True)
    order_minimum = MoneyField(
        label=gettext_lazy("From this amount of these goods"),
        required=False,
        help_text=gettext_lazy("Below it the shop's own rate counts. Empty: always."),
    )
    expiry_method = forms.ChoiceField(
        label=gettext_lazy("When these points expire"), choices=EXPIRY_CHOICES, required=False
    )
    expiry_count = forms.IntegerField(
        label=gettext_lazy("N in the rule above"), required=False, min_value=0, max_value=3650
    )
    cap_per_order = PointsField(label=gettext_lazy("Most points per order"), required=False, above=0)
    cap_per_day = PointsField(label=gettext_lazy("Most points per member and day"), required=False, above=0)
    cap_per_month = PointsField(label=gettext_lazy("Most points per member and month"), required=False, above=0)
    budget = PointsField(
        label=gettext_lazy("Budget in points"),
        required=False,
        above=0,
        maximum=10**12,
        help_text=gettext_lazy("Of this version whole; when it is used up, these goods earn nothing."),
    )

    @classmethod
    def initial_of(cls, version: RuleVersion) -> dict[str, Any]:
        """What stands in the boxes to change a version."""
        values = {name: getattr(version, name) for name in cls.base_fields}
        if not version.order_minimum:
            values["order_minimum"] = None
        return values

    def clean(self) -> dict[str, Any]:
        """Days and months need a number; the ends of periods may have 0 for the present one."""
        values = super().clean() or self.cleaned_data
        needs_count = values.get("expiry_method") in {rules.DAYS, rules.MONTHS}
        if needs_count and not values.get("expiry_count") and "expiry_count" not in self.errors:
            self.add_error("expiry_count", _("At least 1."))
        return values

    @property
    def version_data(self) -> VersionData:
        """What the services take."""
        values = self.cleaned_data
        return VersionData(
            per_yuan=values["per_yuan"],
            is_payable=values["is_payable"],
            order_minimum=values["order_minimum"] or Decimal(0),
            expiry_method=values["expiry_method"],
            expiry_count=values["expiry_count"] or 0 if values["expiry_method"] else 0,
            cap_per_order=values["cap_per_order"],
            cap_per_day=values["cap_per_day"],
            cap_per_month=values["cap_per_month"],
            budget=values["budget"],
        )


class RuleForm(VersionForm):
    """A new rule: its name, what it is about, and its first draft."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    scope = forms.ChoiceField(
        label=gettext_lazy("What it is about"),
        choices=[
            (CATEGORY, gettext_lazy("a category and all below it")),
            (BRAND, gettext_lazy("a brand")),
            (PRODUCT, gettext_lazy("one product")),
        ],
        initial=CATEGORY,
        widget=forms.RadioSelect,
    )
    category = forms.TypedChoiceField(label=gettext_lazy("Category"), required=False, coerce=int, empty_value=None)
    brand = forms.TypedChoiceField(label=gettext_lazy("Brand"), required=False, coerce=int, empty_value=None)
    product = forms.CharField(
        label=gettext_lazy("Product"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("Scan it, or type its bar code or article number."),
    )

    field_order = ("name", "scope", "category", "brand", "product")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tree = [(category.pk, f"{'　' * depth}{category.name}") for depth, category in get_category_tree().flat()]
        brands = [(brand.pk, brand.name) for brand in list_brands()]
        for name, choices, empty in (
            ("category", tree, _("choose a category")),
            ("brand", brands, _("choose a brand")),
        ):
            field = self.fields[name]
            field.choices = field.widget.choices = [("", empty), *choices]  # type: ignore[attr-defined]  # a choice field
        self.found_product: Product | None = None

    def clean(self) -> dict[str, Any]:
        """The chosen kind of scope must be filled in, and the product exist."""
        values = super().clean()
        scope = values.get("scope")
        if scope in {CATEGORY, BRAND} and not values.get(scope) and scope not in self.errors:
            self.add_error(scope, _("Choose one."))
        if scope == PRODUCT:
            self.found_product = get_product_by_code((values.get("product") or "").strip())
            if self.found_product is None:
                self.add_error("product", _("No product in use has this code."))
        return values

    @property
    def chosen_scope(self) -> Scope:
        """What the services take."""
        values = self.cleaned_data
        return Scope(
            category_id=values["category"] if values["scope"] == CATEGORY else None,
            brand_id=values["brand"] if values["scope"] == BRAND else None,
            product_id=self.found_product.pk if self.found_product else None,
        )


class WhenForm(forms.Form):
    """Now, or at the beginning of a day to come."""

    when = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[(NOW, gettext_lazy("now")), (LATER, gettext_lazy("at the beginning of a day"))],
        initial=NOW,
        widget=forms.RadioSelect,
    )
    day = LenientDateField(label=gettext_lazy("Day"), required=False)

    def __init__(self, *args: Any, at: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self._at = at

    def clean(self) -> dict[str, Any]:
        """A later start needs a day after today."""
        values = super().clean() or self.cleaned_data
        if values.get("when") == LATER and "day" not in self.errors:
            day = values.get("day")
            if day is None or day <= days.local_day(self._at):
                self.add_error("day", _("Choose a day from tomorrow on."))
        return values

    @property
    def moment(self) -> datetime:
        """The instant that was chosen."""
        return days.start_of(self.cleaned_data["day"]) if self.cleaned_data["when"] == LATER else self._at
