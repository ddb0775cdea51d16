"""Rows of coupons and of things to hand over, shared by recharge plans and gift packs."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.selectors import get_product, get_product_by_code
from core.forms import PointsField, QuantityField
from coupons.selectors import list_active_templates
from gifts.services import Gift

#: Rows for coupons and for things to hand over; what has as many gets one more.
ROWS = 2


class GiftRows(forms.Form):
    """Coupons and gifts stand in numbered rows (``coupon_0``, ``coupon_count_0``; ``gift_0``, ``gift_quantity_0``)."""

    _goods: Mapping[str, int] = {}

    def add_rows(self, *, coupons: Sequence[tuple[int, str]], gift_count: int, goods: Mapping[str, int]) -> None:
        """Fields for what there is and some more. ``goods`` are the products by sku that it has: goods that were
        retired meanwhile stay what they are.
        """
        self._goods = goods
        names = {template.pk: str(template) for template in list_active_templates()}
        # One that is not given out at the moment stays chosen until somebody takes it out.
        names |= {pk: name for pk, name in coupons if pk not in names}
        for index in range(max(ROWS, len(coupons) + 1)):
            self.fields[f"coupon_{index}"] = forms.TypedChoiceField(
                label=_("Coupon"),
                required=False,
                coerce=int,
                empty_value=None,
                choices=[("", gettext("none")), *names.items()],
            )
            self.fields[f"coupon_count_{index}"] = PointsField(
                label=_("Number of coupons"), unit=_("coupons"), minimum=1, maximum=20, required=False
            )
        for index in range(max(ROWS, gift_count + 1)):
            self.fields[f"gift_{index}"] = forms.CharField(
                label=_("Gift to hand over"),
                required=False,
                max_length=60,
                help_text=_("Article number or bar code, or any text.") if index == 0 else "",
            )
            self.fields[f"gift_quantity_{index}"] = QuantityField(label=_("Quantity"), maximum=99_999, required=False)

    @property
    def coupon_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Coupon and how many, row by row."""
        return self._rows("coupon", "coupon_count")

    @property
    def gift_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Gift and quantity, row by row."""
        return self._rows("gift", "gift_quantity")

    def _rows(self, first: str, second: str) -> list[tuple[forms.BoundField, forms.BoundField]]:
        numbers = [name.rpartition("_")[2] for name in self.fields if name.startswith(f"{second}_")]
        return [(self[f"{first}_{number}"], self[f"{second}_{number}"]) for number in numbers]

    def clean_rows(self, data: dict[str, Any]) -> None:
        """Rows into ``coupon_counts`` and ``gifts``; a quantity without anything to give stands beside its row."""
        counts: dict[int, int] = {}
        for name, count in self._typed("coupon", "coupon_count"):
            counts[name] = counts.get(name, 0) + int(count or 1)
        data["coupon_counts"] = counts
        data["gifts"] = [self._gift(str(text), quantity) for text, quantity in self._typed("gift", "gift_quantity")]

    def _gift(self, text: str, quantity: Decimal | None) -> Gift:
        product = get_product_by_code(text)
        product_id = self._goods.get(text) if product is None else product.pk
        amount = quantity or Decimal(1)
        return Gift(amount, text=text.strip()) if product_id is None else Gift(amount, product_id=product_id)

    def _typed(self, first: str, second: str) -> list[tuple[Any, Decimal | None]]:
        found = []
        for index in range(len(self._rows(first, second))):
            what, how_many = self.cleaned_data.get(f"{first}_{index}"), self.cleaned_data.get(f"{second}_{index}")
            if what:
                found.append((what, how_many))
            elif how_many and f"{first}_{index}" not in self.errors:
                self.add_error(f"{first}_{index}", gettext("Say what is given."))
        return found


def name_of(gift: Gift) -> str:
    """What a gift is called: its text, or the name of the product."""
    if gift.product_id is None:
        return gift.text
    return get_product(gift.product_id).name
