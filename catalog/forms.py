"""What people type about goods, turned into domain values."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Brand, Category, Product
from catalog.selectors import CategoryTree, ProductFilter, get_category_tree, list_brands
from catalog.services import ProductData
from core.forms import MoneyField, NumberField

if TYPE_CHECKING:
    CategoryModelForm = forms.ModelForm[Category]
    BrandModelForm = forms.ModelForm[Brand]
else:
    # Django's own classes take no type arguments at run time.
    CategoryModelForm = BrandModelForm = forms.ModelForm


def _category_choices(tree: CategoryTree, blank: Any) -> list[tuple[Any, Any]]:
    return [("", blank), *((row.pk, f"{'　' * depth}{row.name}") for depth, row in tree.flat())]


class CostField(NumberField):
    """A cost with up to four places: a moving average is finer than a fen."""

    places = 4
    step = Decimal("0.0001")


class ProductForm(forms.Form):
    """A product with its prices and bar codes."""

    name = forms.CharField(label=_("Name"), max_length=120)
    sku = forms.CharField(label=_("Article number"), max_length=60)
    barcodes = forms.CharField(
        label=_("Bar codes"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Several are separated by blanks or lines."),
    )
    category_id = forms.TypedChoiceField(label=_("Category"), required=False, coerce=int, empty_value=None)
    brand_id = forms.TypedChoiceField(label=_("Brand"), required=False, coerce=int, empty_value=None)
    kind = forms.ChoiceField(label=_("Kind"), choices=Product.Kind.choices, initial=Product.Kind.GOODS)
    unit = forms.CharField(label=_("Unit"), max_length=20, required=False)
    list_price = MoneyField(label=_("List price"), maximum=Decimal("999999999.99"))
    member_price = MoneyField(
        label=_("Member price"),
        maximum=Decimal("999999999.99"),
        required=False,
        help_text=_("Members pay the lowest of this, the list price and the price with their tier's discount."),
    )
    cost = CostField(
        label=_("Cost"), maximum=Decimal("999999999.99"), required=False, help_text=_("Empty means unknown.")
    )
    is_weighed = forms.BooleanField(label=_("Sold by weight"), required=False)
    is_excluded_from_tier_discount = forms.BooleanField(label=_("No tier discount"), required=False)
    is_excluded_from_coupons = forms.BooleanField(label=_("Coupons do not count it"), required=False)
    is_excluded_from_points = forms.BooleanField(label=_("Earns no points and takes none"), required=False)
    is_active = forms.BooleanField(label=_("On sale"), required=False, initial=True)

    def __init__(self, *args: Any, with_cost: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        _set_choices(self, "category_id", _category_choices(get_category_tree(), _("none")))
        _set_choices(self, "brand_id", [("", _("none")), *list_brands().values_list("pk", "name")])
        if not with_cost:
            del self.fields["cost"]

    @classmethod
    def initial_of(cls, product: Product) -> dict[str, Any]:
        """The present values."""
        values = {name: getattr(product, name) for name in cls.base_fields if name != "barcodes"}
        values["barcodes"] = "\n".join(product.barcodes.order_by("id").values_list("code", flat=True))
        return values

    def product_data(self, product: Product | None) -> ProductData:
        """The typed values for the service; what the person may not see keeps its value."""
        values = {name: self.cleaned_data[name] for name in self.fields}
        values["barcodes"] = tuple(re.split(r"[\s,，;；]+", values["barcodes"].strip()))
        if product is not None:
            kept = {name: getattr(product, name) for name in ("external_source", "external_id")}
            values = {"cost": product.cost, **values, **kept}
        return ProductData(**values)


def _set_choices(form: forms.Form, name: str, choices: list[tuple[Any, Any]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 (tells the type checker)
    field.choices = choices


class ProductFilterForm(forms.Form):
    """The filter bar of the list; what does not fit narrows nothing."""

    search = forms.CharField(label=_("Search"), max_length=120, required=False)
    category = forms.TypedChoiceField(label=_("Category"), required=False, coerce=int, empty_value=None)
    brand = forms.TypedChoiceField(label=_("Brand"), required=False, coerce=int, empty_value=None)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *Product.Kind.choices])
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", _("all")), ("active", _("on sale")), ("retired", _("off sale"))],
    )

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        _set_choices(self, "category", _category_choices(get_category_tree(), _("all")))
        _set_choices(self, "brand", [("", _("all")), *list_brands().values_list("pk", "name")])
        self.fields["search"].widget.attrs.update({"placeholder": _("Name, pinyin, bar code, article number")})

    @property
    def criteria(self) -> ProductFilter:
        """The filter that the selectors take."""
        self.is_valid()
        cleaned = self.cleaned_data
        return ProductFilter(
            search=cleaned.get("search", ""),
            category_id=cleaned.get("category"),
            brand_id=cleaned.get("brand"),
            kind=cleaned.get("kind", ""),
            is_active={"active": True, "retired": False}.get(cleaned.get("status", "")),
        )


class CategoryForm(CategoryModelForm):
    """A category and where it hangs."""

    class Meta:
        model = Category
        fields = ["name", "parent", "position", "is_active"]
        labels = {
            "name": _("Name"),
            "parent": _("Lies below"),
            "position": _("Position"),
            "is_active": _("In use"),
        }
        help_texts = {"position": _("Small numbers come first.")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        tree = get_category_tree()
        below = set(tree.below(self.instance.pk)) if self.instance.pk else set()
        choices = _category_choices(tree, _("nothing: a main category"))
        field = self.fields["parent"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (tells the type checker)
        field.choices = [choice for choice in choices if choice[0] not in below]


class BrandForm(BrandModelForm):
    """A brand."""

    class Meta:
        model = Brand
        fields = ["name", "is_active"]
        labels = {"name": _("Name"), "is_active": _("In use")}
