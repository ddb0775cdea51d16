"""What is typed at the till, as domain values."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from checkout.models import TenderKind, Till
from checkout.services import NOT_FOR_RECHARGES, InvalidLine, Tender, parse_quantity
from core.errors import DomainError
from core.forms import CommandForm, LenientDateField, MoneyField, PointsField
from members.forms import MemberForm
from members.models import Member
from members.services import MemberData
from stores.models import Store
from wallet.rules import papers
from wallet.rules.papers import RESIDENT_ID
from wallet.services import Payer

if TYPE_CHECKING:
    TillModelForm = forms.ModelForm[Till]
else:
    # Django's own class takes no type arguments at run time.
    TillModelForm = forms.ModelForm

MAXIMUM_CODES = 500
_CODE_LIST = re.compile(r"([0-9.]+[*×xX])?[0-9A-Za-z_-]*[0-9]{6,}[0-9A-Za-z_-]*")
_TIMES = re.compile(r"([^*×]*)[*×](.*)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One thing from the box: a text and how many of it. An empty text with a quantity means the current line."""

    text: str
    quantity: Decimal | None = None


def read_entries(text: str) -> list[Entry]:
    """``CODE``, ``3*CODE``, ``3*`` or a list of these from a hand-held collector; InvalidLine for a wrong quantity.

    New lines always separate; blanks only between codes of six digits and more, so that names may have blanks.
    """
    plain = unicodedata.normalize("NFKC", text).replace("\0", "").strip()
    parts = [part.strip() for part in plain.splitlines() if part.strip()]
    if len(parts) == 1 and len(words := parts[0].split()) > 1 and all(_CODE_LIST.fullmatch(word) for word in words):
        parts = words
    if len(parts) > MAXIMUM_CODES:
        raise InvalidLine(_t("At most %(most)s codes at once.") % {"most": MAXIMUM_CODES})
    return [_entry(part) for part in parts]


def _entry(text: str) -> Entry:
    found = _TIMES.fullmatch(text)
    # A product name may hold a sign of multiplication: only what looks like a number in front of it is a quantity.
    if found is None or not re.fullmatch(r"[-+0-9.,eE ]*", found[1]):
        return Entry(text)
    return Entry(found[2].strip(), parse_quantity(found[1].replace(",", "")))


class ScanForm(forms.Form):
    """The one box, or the choice from its pick list."""

    text = forms.CharField(required=False, max_length=20_000, strip=True)
    product = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    member = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    quantity = forms.CharField(required=False, max_length=20)


class QuantityForm(forms.Form):
    """A new quantity for a line; the service says what is wrong with it."""

    quantity = forms.CharField(max_length=20)


class PointsForm(forms.Form):
    """A number of points, or as many as possible."""

    points = PointsField(required=False)
    most = forms.BooleanField(required=False)


class CouponForm(forms.Form):
    """A coupon to use or to leave, none, or the best ones."""

    coupon = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    choice = forms.ChoiceField(choices=[("one", ""), ("leave", ""), ("none", ""), ("best", "")])


class ResumptionForm(forms.Form):
    """Which sale is taken back."""

    basket = forms.UUIDField()


class ConfirmationForm(CommandForm):
    """What the customer pays with: one amount per way of paying."""

    basket = forms.UUIDField()
    fingerprint = forms.CharField(max_length=64, required=False)
    pin_proof = forms.UUIDField(required=False)
    pass_agreed = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for kind in TenderKind.typed():
            self.fields[kind.value] = MoneyField(required=False, label=kind.label, maximum=Decimal("9999999.99"))

    @property
    def tenders(self) -> list[Tender]:
        """The ways of paying that were filled in."""
        amounts = [(kind.value, self.cleaned_data.get(kind.value)) for kind in TenderKind.typed()]
        return [Tender(kind, amount) for kind, amount in amounts if amount]

    @property
    def typed(self) -> Mapping[str, str]:
        """The amounts as they were typed, and the member's word."""
        names = [*(kind.value for kind in TenderKind.typed()), "pass_agreed"]
        return {name: str(self.data.get(name, "")) for name in names}

    @property
    def problem(self) -> str:
        """The first wrong field in words, with its name."""
        for name, errors in self.errors.items():
            label = self.fields[name].label if name in self.fields else ""
            return f"{label}: {errors[0]}" if label else str(errors[0])
        return ""


class TillForm(TillModelForm):
    """A till of one of the person's stores."""

    class Meta:
        model = Till
        fields = ["store", "code", "name", "is_active"]
        labels = {"store": _("Store"), "code": _("Code"), "name": _("Name"), "is_active": _("In use")}
        help_texts = {"code": _("Short and unique in the store, for example 1.")}

    def __init__(self, *args: Any, stores: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["store"]
        field.queryset = stores
        if self.instance.pk:
            field.disabled = True

    def clean_code(self) -> str:
        """Unique in its store."""
        code = "".join(self.cleaned_data["code"].split()).upper()
        store: Store | None = self.cleaned_data.get("store")
        taken = Till.objects.filter(store=store, code=code).exclude(pk=self.instance.pk)
        if store is not None and taken.exists():
            raise forms.ValidationError(_("Another till of this store has this code."))
        return code


class ShiftForm(forms.Form):
    """The float with which a drawer is opened."""

    opening_float = MoneyField(label=_("Float in the drawer"), help_text=_("The change that lies in the drawer now."))
    opening_float.widget.attrs["autofocus"] = True


class HandOverForm(forms.Form):
    """The cash that was counted at the end of a shift."""

    counted_cash = MoneyField(label=_("Cash counted"), help_text=_("Count first; then see what should be there."))
    counted_cash.widget.attrs["autofocus"] = True


class RegistrationForm(CommandForm, MemberForm):
    """A new member in the middle of a sale: what a customer tells at the counter."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("email", "address", "notes"):
            del self.fields[name]
        self.fields["phone"].widget.attrs["autofocus"] = True
        self.order_fields(["phone", "name", "gender", "birth_calendar", "birth_year", "birth_month", "birth_day"])

    @property
    def member_data(self) -> MemberData:
        """The typed values for the services."""
        data = self.cleaned_data
        return MemberData(
            name=data["name"],
            phone=data["phone"],
            gender=data["gender"],
            birth_calendar=data["birth_calendar"],
            birth_year=data["birth_year"],
            birth_month=data["birth_month"],
            birth_day=data["birth_day"],
            birth_month_is_leap=data["birth_month_is_leap"] and data["birth_calendar"] == Member.Calendar.LUNAR,
        )


INDIVIDUAL = "individual"
COMPANY = "company"

#: What can prove who somebody is (R-W4).
ID_KINDS = (
    (RESIDENT_ID, _("identity card")),
    ("passport", _("passport")),
    ("travel_permit", _("travel permit of Hong Kong, Macao or Taiwan")),
    ("residence_permit", _("residence permit")),
    ("licence", _("business licence")),
)


class RechargeForm(CommandForm):
    """Stored value sold: one of the plans as it was shown, or a free amount; how it is paid, and by whom if asked.

    ``plan`` is ``<id>:<amount>:<version>`` of a button; ``offer`` is ``<id>:<version>`` of the plan that the screen
    named for a free amount, empty where it named none.
    """

    member = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)
    plan = forms.CharField(required=False, max_length=60)
    offer = forms.CharField(required=False, max_length=40)
    amount = MoneyField(required=False, label=_("Free amount"), above=0)
    kind = forms.ChoiceField(label=_("Paid by"), widget=forms.RadioSelect)
    received = MoneyField(required=False, label=_("Cash received"), help_text=_("Empty means the exact sum."))
    coupon = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    payer_kind = forms.ChoiceField(
        label=_("Payer"),
        required=False,
        choices=[(INDIVIDUAL, _("a person")), (COMPANY, _("a company"))],
        initial=INDIVIDUAL,
    )
    payer_name = forms.CharField(label=_("Name of the payer"), required=False, max_length=60)
    id_kind = forms.ChoiceField(label=_("Document"), required=False, choices=[("", "—"), *ID_KINDS])
    id_number = forms.CharField(
        label=_("Number of the document"),
        required=False,
        max_length=40,
        help_text=_("Stored sealed; only its end is shown later."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["kind"]
        field.choices = [(kind.value, kind.label) for kind in TenderKind if kind not in NOT_FOR_RECHARGES]
        field.initial = TenderKind.CASH.value

    def clean(self) -> dict[str, Any]:
        """``plan_id``, ``plan_version`` and ``amount`` from the button, or from the box and what was shown for it."""
        data = super().clean() or self.cleaned_data
        data["as_shown"] = not data.get("plan")
        if data.get("plan"):
            data["plan_id"], shown, data["plan_version"] = _plan_of(data["plan"])
            data["amount"] = MoneyField(above=0).clean(shown)
        else:
            if data.get("amount") is None and "amount" not in self.errors:
                raise forms.ValidationError(_("Choose a plan or type an amount."))
            data["plan_id"], data["plan_version"] = _offer_of(data.get("offer") or "")
        data["received"] = data.get("received") or data.get("amount")
        if data.get("payer_kind") == COMPANY and not data.get("payer_name"):
            self.add_error("payer_name", _("Which company pays?"))
        number = papers.plain_number(data.get("id_number") or "")
        if number and not data.get("id_kind"):
            self.add_error("id_kind", _("Which document is it?"))
        elif number and not papers.is_document_number(data["id_kind"], number):
            self.add_error("id_number", _("This is no number of such a document; check it digit by digit."))
        data["id_number"] = number
        return data

    @property
    def payer(self) -> Payer | None:
        """Who pays, where anything of it was filled in."""
        data = self.cleaned_data
        kind = data["payer_kind"] or INDIVIDUAL
        found = Payer(kind, data["payer_name"].strip(), data["id_kind"], data["id_number"])
        return None if found == Payer() else found

    @property
    def asks_payer(self) -> bool:
        """Whether the payer's fields stand open: something was typed there, or is missing."""
        names = ("payer_name", "id_kind", "id_number")
        return any(self.data.get(name) for name in names) or any(name in self.errors for name in names)


def _plan_of(text: str) -> tuple[int, str, int | None]:
    plan_id, _colon, rest = text.partition(":")
    shown, _colon, version = rest.partition(":")
    return _id_of(plan_id), shown, _id_of(version) if version else None


def _offer_of(text: str) -> tuple[int | None, int | None]:
    if not text:
        return None, None
    plan_id, _colon, version = text.partition(":")
    return _id_of(plan_id), _id_of(version)


def _id_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise forms.ValidationError(_("Choose a plan or type an amount."))
    return int(text)


class PassLineForm(forms.Form):
    """Which pass pays the line; empty means the one that ends first."""

    held = forms.IntegerField(required=False, min_value=1, max_value=2**62)


class ContractSaleForm(CommandForm):
    """A count pass or a paid tier sold: one of the buttons at the price that was shown, and how it is paid."""

    #: What is said where no button was chosen.
    unchosen: ClassVar[Any] = _("Choose a pass.")

    member = forms.IntegerField(min_value=1, max_value=2**62, widget=forms.HiddenInput)
    plan = forms.CharField(max_length=60)
    kind = forms.ChoiceField(label=_("Paid by"), widget=forms.RadioSelect)
    received = MoneyField(required=False, label=_("Cash received"), help_text=_("Empty means the exact sum."))
    pin = forms.CharField(
        required=False,
        max_length=6,
        label=_("PIN of the member"),
        help_text=_("Only for stored value above the day's limit; the member types it."),
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["kind"]
        field.choices = [(kind.value, kind.label) for kind in TenderKind.typed()]
        field.initial = TenderKind.CASH.value
        self.fields["plan"].error_messages["required"] = self.unchosen

    def clean(self) -> dict[str, Any]:
        """``plan_id`` and ``price`` from the button ``<id>:<price>``, and what else stands in it."""
        data = super().clean() or self.cleaned_data
        if data.get("plan"):
            plan_id, _colon, rest = data["plan"].partition(":")
            price, _colon, how = rest.partition(":")
            if not (plan_id.isascii() and plan_id.isdigit() and len(plan_id) < 10):
                raise forms.ValidationError(self.unchosen)
            data["plan_id"], data["price"] = int(plan_id), MoneyField(above=0).clean(price)
            data["received"] = data.get("received") or data["price"]
            data["how"] = how
        return data


class PassSaleForm(ContractSaleForm):
    """A count pass sold."""


class TierSaleForm(ContractSaleForm):
    """A paid tier sold; the button ``<id>:<price>:<how>`` says too what becomes of days that are left."""

    unchosen = _("Choose an offer.")


class PassRefundForm(CommandForm):
    """How a refund of a pass is paid at the till; there is one way for each pass."""

    method = forms.ChoiceField(label=_("Paid by"), widget=forms.HiddenInput)

    def __init__(self, *args: Any, methods: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["method"]
        field.choices = methods
        field.initial = methods[0][0]


class PayTierRefundForm(CommandForm):
    """That a refund of a paid tier is paid now; the ways follow from how it had been paid."""


class RechargeVoidForm(CommandForm):
    """Why a recharge is undone, and that what was handed over came back."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
    goods_returned = forms.BooleanField(label=_("All gifts that were handed over came back"), required=False)


class VoidForm(CommandForm):
    """Why an order is undone."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class PayoutForm(CommandForm):
    """That the payee of a refund stands at the counter and has shown the document of the claim."""

    is_shown = forms.BooleanField(label=_("Document seen and receipt signed"))


class OrderFilterForm(forms.Form):
    """What the list of orders is narrowed to; kept in the URL."""

    q = forms.CharField(
        label=_("Number, amount or member"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    since = LenientDateField(label=_("From"), required=False)
    until = LenientDateField(label=_("To"), required=False)
    store = forms.ModelChoiceField(label=_("Store"), queryset=Store.objects.none(), required=False)
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[
            ("", _("all")),
            ("sold", pgettext_lazy("order", "sold")),
            ("voided", pgettext_lazy("order", "voided")),
        ],
    )

    def __init__(self, *args: Any, stores: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["store"]
        field.queryset = stores
        field.empty_label = _("all")


def refuse(form: forms.BaseForm, error: DomainError, field: str | None = None) -> None:
    """Put a refusal beside the field that it is about, or above the form."""
    form.add_error(field if field in form.fields else None, str(error))
