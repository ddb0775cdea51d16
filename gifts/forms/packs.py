"""What the owner types about gift packs, and the filters of their lists."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField, MoneyField, PointsField
from core.money import half_up
from coupons.selectors import get_templates
from gifts.forms.rows import GiftRows, name_of
from gifts.models import GrantItem, Pack
from gifts.selectors import PackTerms, Part, get_pack_terms

Kind = GrantItem.Kind


class PackForm(GiftRows):
    """One pack: points, growth points, bonus money, coupons and things to hand over."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Customers read it on the receipt."))
    points = PointsField(label=_("Bonus points"), maximum=1_000_000, required=False)
    growth = PointsField(
        label=_("Growth points"),
        maximum=1_000_000,
        required=False,
        help_text=_("They count for tiers and cannot be spent."),
    )
    bonus = MoneyField(
        label=_("Bonus money"),
        maximum=1_000_000,
        required=False,
        help_text=_("It pays like the bonus of a recharge and is never paid out."),
    )
    bonus_days = forms.IntegerField(
        label=_("Days that the bonus lasts"),
        min_value=1,
        max_value=3650,
        required=False,
        help_text=_("Empty: it never ends."),
    )
    is_active = forms.BooleanField(
        label=_("In use"), required=False, help_text=_("A pack that is not in use is given to nobody any more.")
    )

    def __init__(self, *args: Any, pack: Pack, **options: Any) -> None:
        parts = get_pack_terms(pack).parts if pack.pk else ()
        coupons = [part for part in parts if part.kind == Kind.COUPON]
        goods = [part for part in parts if part.kind == Kind.GOODS]
        items = list(pack.items.select_related("product").filter(product__isnull=False)) if pack.pk else []
        skus = {item.product_id: item.product.sku for item in items if item.product is not None}
        initial: dict[str, Any] = {"name": pack.name, "is_active": pack.is_active}
        initial |= {part.kind: int(part.quantity) for part in parts if part.kind in {Kind.POINTS, Kind.GROWTH}}
        for part in parts:
            if part.kind == Kind.BONUS:
                initial |= {"bonus": half_up(part.quantity), "bonus_days": part.days}
        for index, part in enumerate(coupons):
            initial |= {f"coupon_{index}": part.template_id, f"coupon_count_{index}": int(part.quantity)}
        for index, part in enumerate(goods):
            text = part.name if part.product_id is None else skus.get(part.product_id, part.name)
            initial |= {f"gift_{index}": text, f"gift_quantity_{index}": part.quantity}
        options["initial"] = initial
        super().__init__(*args, **options)
        self.pack = pack
        self.add_rows(
            coupons=[(part.template_id or 0, part.name) for part in coupons],
            gift_count=len(goods),
            goods={sku: pk for pk, sku in skus.items() if pk is not None},
        )

    def clean_name(self) -> str:
        """Two packs with one name would be mixed up."""
        name = str(self.cleaned_data["name"])
        if Pack.objects.filter(name=name).exclude(pk=self.pack.pk).exists():
            raise forms.ValidationError(gettext("Another pack has this name."))
        return name

    def clean(self) -> dict[str, Any]:
        """Rows into ``coupon_counts`` and ``gifts``."""
        data = super().clean() or self.cleaned_data
        self.clean_rows(data)
        if data.get("bonus_days") and not data.get("bonus") and "bonus" not in self.errors:
            self.add_error("bonus", gettext("Say how much bonus money."))
        return data

    def parts(self) -> list[Part]:
        """What was typed, as the parts of a pack in the order of the form."""
        data = self.cleaned_data
        found = [
            Part(kind, Decimal(amount))
            for kind, amount in ((Kind.POINTS.value, data.get("points")), (Kind.GROWTH.value, data.get("growth")))
            if amount
        ]
        if data.get("bonus"):
            amount = data["bonus"]
            found.append(Part(Kind.BONUS.value, amount, days=data.get("bonus_days"), cost=amount))
        counts = data.get("coupon_counts", {})
        templates = get_templates(counts) if counts else {}
        found += [
            Part(Kind.COUPON.value, Decimal(count), templates[pk].name, template_id=pk)
            for pk, count in counts.items()
            if pk in templates
        ]
        found += [
            Part(Kind.GOODS.value, gift.quantity, name_of(gift), product_id=gift.product_id)
            for gift in data.get("gifts", [])
        ]
        return found

    def filled_pack(self) -> Pack:
        """The pack with what was typed; its parts are given to the service apart."""
        self.pack.name, self.pack.is_active = self.cleaned_data["name"], self.cleaned_data["is_active"]
        return self.pack

    def typed_terms(self) -> PackTerms | None:
        """What the form says by now, for the sentence beside it; None while it gives nothing."""
        self.is_valid()
        parts = self.parts()
        return PackTerms(self.pack, tuple(parts)) if parts else None


class PackFilterForm(forms.Form):
    """Packs by name and whether they are in use."""

    search = forms.CharField(label=_("Name"), required=False, max_length=60)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("all")), ("on", _("in use")), ("off", _("not in use"))]
    )

    @property
    def criteria(self) -> dict[str, Any]:
        """Arguments of ``selectors.list_packs``; nothing where the form is wrong."""
        data = self.cleaned_data if self.is_valid() else {}
        return {
            "search": data.get("search", ""),
            "is_active": {"on": True, "off": False}.get(data.get("status", "")),
        }


class LeakFilterForm(forms.Form):
    """Leaks by the days on which they were found and by what was not returned."""

    since = LenientDateField(label=_("From"), required=False)
    until = LenientDateField(label=_("Through"), required=False)
    kind = forms.ChoiceField(label=_("Gift"), required=False, choices=[("", _("all")), *Kind.choices])

    @property
    def criteria(self) -> dict[str, Any]:
        """Arguments of ``selectors.list_leaks``."""
        data = self.cleaned_data if self.is_valid() else {}
        return {"since": data.get("since"), "until": data.get("until"), "kind": data.get("kind", "")}
