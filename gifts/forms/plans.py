"""What the owner types about recharge plans."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField, MoneyField, PointsField
from coupons.selectors import list_active_templates
from gifts.forms.rows import GiftRows, name_of
from gifts.models import RechargePlan
from gifts.selectors import CouponPart, GoodsPart, Terms, get_terms
from stores.models import Staff, Store
from stores.selectors import list_active_stores


class PlanForm(GiftRows):
    """One plan with all that it gives; no store ticked means every store.

    Coupons and gifts stand in numbered rows (``coupon_0``, ``coupon_count_0``; ``gift_0``, ``gift_quantity_0``). A gift
    is the article number or bar code of goods, or any other text for what is not in the catalogue.
    """

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Stands on the cashier's button."))
    amount = MoneyField(label=_("Amount to pay"), above=0, maximum=1_000_000)
    bonus = MoneyField(label=_("Bonus money"), maximum=1_000_000, initial=0)
    bonus_days = forms.IntegerField(
        label=_("Days that the bonus lasts"),
        min_value=1,
        max_value=3650,
        required=False,
        help_text=_("After the day of payment. Empty: it never expires. The customer must be told before paying."),
    )
    points = PointsField(label=_("Bonus points"), maximum=10_000_000)
    growth = PointsField(
        label=_("Growth points"),
        maximum=10_000_000,
        required=False,
        help_text=_("They count for tiers and cannot be spent."),
    )
    member_limit = PointsField(label=_("Times per member"), unit=_("times"), minimum=1, maximum=1000, required=False)
    daily_limit = PointsField(
        label=_("Times per member and day"), unit=_("times"), minimum=1, maximum=1000, required=False
    )
    total_limit = PointsField(
        label=_("Packages in all"), unit=_("packages"), minimum=1, maximum=10_000_000, required=False
    )
    is_first_only = forms.BooleanField(label=_("Only for a member's first recharge"), required=False)
    starts_on = LenientDateField(label=_("First day of the offer"), required=False)
    ends_on = LenientDateField(label=_("Last day of the offer"), required=False)
    position = forms.IntegerField(
        label=_("Position"), min_value=0, max_value=999, help_text=_("Buttons stand in this order.")
    )
    is_active = forms.BooleanField(label=_("Offered at the till"), required=False)
    stores = forms.ModelMultipleChoiceField(
        label=_("Stores"),
        queryset=Store.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every store."),
    )

    def __init__(self, *args: Any, staff: Staff, plan: RechargePlan, **options: Any) -> None:
        terms = get_terms(plan) if plan.pk else Terms(plan)
        options["initial"] = self.initial_of(terms)
        super().__init__(*args, **options)
        self.plan = plan
        self.fields["stores"].queryset = list_active_stores(staff)  # type: ignore[attr-defined]  # a ModelChoiceField
        goods = {item.product.sku: item.product.pk for item in plan.items.all() if item.product} if plan.pk else {}
        self.add_rows(
            coupons=[(part.template_id, part.name) for part in terms.coupons], gift_count=len(terms.goods), goods=goods
        )

    @staticmethod
    def initial_of(terms: Terms) -> dict[str, Any]:
        """What stands in the boxes."""
        plan = terms.plan
        initial: dict[str, Any] = {name: getattr(plan, name) for name in _COLUMNS}
        initial["stores"] = list(plan.stores.all()) if plan.pk else []
        for index, coupon in enumerate(terms.coupons):
            initial |= {f"coupon_{index}": coupon.template_id, f"coupon_count_{index}": coupon.count}
        skus = {item.product_id: item.product.sku for item in plan.items.all() if item.product} if plan.pk else {}
        for index, gift in enumerate(terms.goods):
            initial |= {f"gift_{index}": skus.get(gift.product_id, gift.name), f"gift_quantity_{index}": gift.quantity}
        return initial

    def clean_name(self) -> str:
        """Two buttons with one name would be mixed up."""
        name = str(self.cleaned_data["name"])
        if RechargePlan.objects.filter(name=name).exclude(pk=self.plan.pk).exists():
            raise forms.ValidationError(gettext("Another plan has this name."))
        return name

    def clean(self) -> dict[str, Any]:
        """Rows into ``coupon_counts`` and ``gifts``."""
        data = super().clean() or self.cleaned_data
        self.clean_rows(data)
        data["growth"] = data.get("growth") or 0
        return data

    def filled_plan(self) -> RechargePlan:
        """The plan with what was typed; rows are given to the service apart."""
        for name in _COLUMNS:
            if name in self.cleaned_data:
                setattr(self.plan, name, self.cleaned_data[name])
        return self.plan

    def typed_terms(self) -> Terms | None:
        """What the form says by now, for the sentence beside it; None while the amounts make no plan."""
        self.is_valid()
        data = self.cleaned_data
        if data.get("amount") is None:
            return None
        plan = RechargePlan()
        for name in _COLUMNS:
            value = data.get(name)
            if value is not None:
                setattr(plan, name, value)
        names = {template.pk: template for template in list_active_templates()}
        coupons = tuple(
            CouponPart(pk, names[pk].name, names[pk].amount, count)
            for pk, count in data.get("coupon_counts", {}).items()
            if pk in names
        )
        goods = tuple(
            GoodsPart(gift.product_id, gift.text or name_of(gift), gift.quantity) for gift in data.get("gifts", [])
        )
        return Terms(plan, coupons, goods)


_COLUMNS = (
    "name",
    "amount",
    "bonus",
    "bonus_days",
    "points",
    "growth",
    "member_limit",
    "daily_limit",
    "total_limit",
    "is_first_only",
    "starts_on",
    "ends_on",
    "position",
    "is_active",
)
