"""What people type about count passes, as domain values."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

import catalog.selectors
import members.selectors
from approvals.forms import ApproverFields
from catalog.models import Product
from core.forms import CommandForm, LenientDateField, MoneyField
from members.models import Member
from passes.models import Pass, Plan, Refund
from passes.services import KIND
from stores.models import Staff, Store
from stores.selectors import list_active_stores, list_stores

MAXIMUM_PRODUCTS = 200


class PlanForm(forms.Form):
    """One plan; no store ticked means every store."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Stands on the cashier's button."))
    products = forms.CharField(
        label=_("What it is for"),
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Bar codes or article numbers of goods and services, one a line. Any of them is one use."),
    )
    price = MoneyField(label=_("Price of the pass"), above=0, maximum=1_000_000)
    unit_list_price = MoneyField(
        label=_("Price of a single use"),
        above=0,
        maximum=1_000_000,
        help_text=_("Without the pass. A refund at the customer's wish may count used ones by it."),
    )
    is_unlimited = forms.BooleanField(label=_("As often as wanted, by days"), required=False)
    paid_uses = forms.IntegerField(label=_("Paid uses"), min_value=0, max_value=9_999, required=False)
    gift_uses = forms.IntegerField(label=_("Free uses"), min_value=0, max_value=9_999, required=False)
    valid_days = forms.IntegerField(
        label=_("Days that the pass lasts"),
        min_value=1,
        max_value=3_650,
        required=False,
        help_text=_("Empty: it never ends. Letting paid uses expire is a legal risk; courts may give them back."),
    )
    is_shareable = forms.BooleanField(label=_("May be shared with other members"), required=False)
    starts_on = LenientDateField(label=_("First day of the offer"), required=False)
    ends_on = LenientDateField(label=_("Last day of the offer"), required=False)
    position = forms.IntegerField(
        label=_("Position"), min_value=0, max_value=999, initial=0, help_text=_("Buttons stand in this order.")
    )
    is_active = forms.BooleanField(label=_("Offered at the till"), required=False)
    stores = forms.ModelMultipleChoiceField(
        label=_("Stores"),
        queryset=Store.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Where it is sold and used. None ticked: every store."),
    )

    #: Shown in the sections of the page.
    WHAT = ("name", "products")
    HOW_OFTEN = ("price", "unit_list_price", "is_unlimited", "paid_uses", "gift_uses", "valid_days", "is_shareable")
    WHERE = ("starts_on", "ends_on", "position", "is_active", "stores")

    def __init__(self, *args: Any, staff: Staff, plan: Plan, **options: Any) -> None:
        options["initial"] = self.initial_of(plan)
        super().__init__(*args, **options)
        self.plan = plan
        self.fields["stores"].queryset = list_active_stores(staff)  # type: ignore[attr-defined]  # a ModelChoiceField

    @staticmethod
    def initial_of(plan: Plan) -> dict[str, Any]:
        """What stands in the boxes."""
        names = (
            "name",
            "price",
            "unit_list_price",
            "is_unlimited",
            "paid_uses",
            "gift_uses",
            "valid_days",
            "is_shareable",
            "starts_on",
            "ends_on",
            "position",
            "is_active",
        )
        initial: dict[str, Any] = {name: getattr(plan, name) for name in names}
        initial["stores"] = list(plan.stores.all()) if plan.pk else []
        initial["products"] = "\n".join(plan.products.order_by("sku").values_list("sku", flat=True)) if plan.pk else ""
        return initial

    def clean_name(self) -> str:
        """Two buttons with one name would be mixed up."""
        name = str(self.cleaned_data["name"])
        if Plan.objects.filter(name=name).exclude(pk=self.plan.pk).exists():
            raise forms.ValidationError(_t("Another plan has this name."))
        return name

    def clean_products(self) -> list[Product]:
        """Active products by their codes; unknown codes are named."""
        codes = list(dict.fromkeys(part for part in re.split(r"[\s,;，；、]+", self.cleaned_data["products"]) if part))
        if len(codes) > MAXIMUM_PRODUCTS:
            raise forms.ValidationError(_t("At most %(most)s products.") % {"most": MAXIMUM_PRODUCTS})
        found = catalog.selectors.get_products_by_codes([code[:60] for code in codes])
        unknown = [code for code in codes if code not in found]
        if unknown:
            text = ", ".join(code[:40] for code in unknown[:10])
            raise forms.ValidationError(_t("Nothing is sold under: %(codes)s") % {"codes": text})
        return list({product.pk: product for product in found.values()}.values())

    def clean(self) -> dict[str, Any]:
        """A pass by days counts no uses; another one counts at least one."""
        data = super().clean() or self.cleaned_data
        data["paid_uses"], data["gift_uses"] = data.get("paid_uses") or 0, data.get("gift_uses") or 0
        if data.get("is_unlimited"):
            data["paid_uses"] = data["gift_uses"] = 0
            if not data.get("valid_days") and "valid_days" not in self.errors:
                self.add_error("valid_days", _t("A pass without a number of uses needs a number of days."))
        elif not data["paid_uses"] and "paid_uses" not in self.errors:
            self.add_error("paid_uses", _t("Say how many uses are paid."))
        return data

    def filled_plan(self) -> Plan:
        """The plan with what was typed."""
        for name in self.fields:
            if name not in ("stores", "products"):
                setattr(self.plan, name, self.cleaned_data[name])
        return self.plan

    def part(self, names: tuple[str, ...]) -> list[Any]:
        """The fields of a section."""
        return [self[name] for name in names]

    @property
    def what(self) -> list[Any]:
        """Name and goods."""
        return self.part(self.WHAT)

    @property
    def how_often(self) -> list[Any]:
        """Prices, uses and days."""
        return self.part(self.HOW_OFTEN)

    @property
    def where(self) -> list[Any]:
        """Period, place and stores."""
        return self.part(self.WHERE)


class PassFilterForm(forms.Form):
    """What the list of passes is narrowed to; kept in the URL."""

    q = forms.CharField(
        label=_("Member"), required=False, max_length=60, widget=forms.TextInput(attrs={"type": "search"})
    )
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("all")), *Pass.Status.choices])
    plan = forms.ModelChoiceField(label=pgettext_lazy("pass", "Plan"), queryset=Plan.objects.none(), required=False)
    store = forms.ModelChoiceField(label=_("Sold at store"), queryset=Store.objects.none(), required=False)
    since = LenientDateField(label=_("Sold from"), required=False)
    until = LenientDateField(label=_("Sold to"), required=False)
    ends_until = LenientDateField(label=_("Ends by"), required=False)

    def __init__(self, *args: Any, staff: Staff, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: Any = self.fields
        fields["plan"].queryset = Plan.objects.order_by("name")
        fields["store"].queryset = list_stores(staff)
        fields["plan"].empty_label = fields["store"].empty_label = _("all")


class ExtensionForm(CommandForm):
    """A later last day, and why."""

    last_on = LenientDateField(label=_("New last day"))
    reason = forms.CharField(label=_("Reason"), max_length=200)


class SharerForm(forms.Form):
    """The member who may use the pass too."""

    text = forms.CharField(label=_("Member"), max_length=60, help_text=_("Member number, phone or name."), strip=True)
    text.widget.attrs["autofocus"] = True

    def clean_text(self) -> Member:
        """Exactly one member."""
        found = members.selectors.find_members(self.cleaned_data["text"], limit=2)
        if not found:
            raise forms.ValidationError(_t("Nobody is known under this."))
        if len(found) > 1:
            raise forms.ValidationError(_t("Several members fit; type the whole phone or member number."))
        return found[0]


class RefundForm(ApproverFields):
    """On which ground a pass is refunded, and why."""

    ground = forms.ChoiceField(label=_("Ground"), choices=Refund.Ground.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, actor: Staff, store: Store | None, grounds: list[Any], **options: Any) -> None:
        super().__init__(*args, actor=actor, kind=KIND, store=store, **options)
        field: Any = self.fields["ground"]
        field.choices = grounds


class BankPaymentForm(CommandForm):
    """The bank transfer that paid a refund."""

    reference = forms.CharField(label=_("Reference of the bank transfer"), max_length=100)


class RefundFilterForm(forms.Form):
    """Which refunds are listed."""

    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("all")), *Refund.Status.choices])
