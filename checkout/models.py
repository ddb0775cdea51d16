"""Till, shift, basket, and the order with everything that can never be filled in later (rules.md 0.13)."""

import uuid
from decimal import Decimal
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Product
from core.ledger import AppendOnly, append_only_triggers
from members.models import Member
from stores.models import Staff, Store


def _money(label: Any, **options: Any) -> Any:
    return models.DecimalField(label, max_digits=14, decimal_places=2, **options)


class StoreScopedQuerySet(models.QuerySet[Any]):
    """Rows of a store by what a person may see (R-S2)."""

    def visible_to(self, staff: Staff) -> "StoreScopedQuerySet":
        """All for roles that see the whole chain, else those of the person's stores."""
        if staff.sees_all_stores:
            return self
        return self.filter(store__staff=staff)


class Till(models.Model):
    """A cash desk. A browser is bound to one; baskets and shifts belong to it."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("store"))
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=50)
    is_active = models.BooleanField(_("active"), default=True)

    objects = StoreScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("till")
        verbose_name_plural = _("tills")
        constraints = [models.UniqueConstraint(fields=["store", "code"], name="checkout_till_code_once")]

    def __str__(self) -> str:
        return self.name


class Shift(models.Model):
    """What happened at a till between opening with a float and handing over with counted cash (R-C12)."""

    till = models.ForeignKey(Till, models.PROTECT, related_name="+", verbose_name=_("till"))
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("store"))
    business_on = models.DateField(_("business day"))
    opened_by = models.ForeignKey(Staff, models.PROTECT, related_name="+", verbose_name=_("opened by"))
    opened_at = models.DateTimeField(_("opened at"))
    opening_float = _money(_("float"), default=Decimal("0.00"))
    closed_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("closed by"))
    closed_at = models.DateTimeField(_("closed at"), null=True)
    counted_cash = _money(_("counted cash"), null=True)
    expected_cash = _money(_("expected cash"), null=True)

    objects = StoreScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        constraints = [
            models.UniqueConstraint(
                fields=["till"], condition=Q(closed_at__isnull=True), name="checkout_shift_one_open_per_till"
            ),
            models.CheckConstraint(condition=Q(opening_float__gte=0), name="checkout_shift_float_not_negative"),
        ]
        indexes = [models.Index(fields=["store", "-opened_at"], name="checkout_shift_newest")]

    def __str__(self) -> str:
        return f"{self.till} {self.business_on}"


class Basket(models.Model):
    """The sale in the making, kept on the server: a crashed browser loses nothing, a held one is resumed (R-C15).

    It is also the document that a confirmation locks first, and it carries the last quote: what the customer was shown.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        HELD = "held", _("held")
        SOLD = "sold", _("sold")
        DROPPED = "dropped", _("dropped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    till = models.ForeignKey(Till, models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    lines: Any = models.JSONField(default=list, help_text="[[product id, quantity as text], ...] in order")
    points_wish = models.PositiveIntegerField(default=0)
    use_coupon = models.BooleanField(default=True)
    coupon_id = models.BigIntegerField(null=True)
    quote: Any = models.JSONField(null=True, help_text="instant, tier and rules of the last quote, and its figures")
    fingerprint = models.CharField(max_length=64, blank=True)
    quoted_at = models.DateTimeField(null=True)
    order = models.OneToOneField("Order", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = StoreScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["till"], condition=Q(status="open"), name="checkout_basket_one_open_per_till"
            ),
            models.CheckConstraint(
                condition=Q(status="sold", order__isnull=False) | (~Q(status="sold") & Q(order__isnull=True)),
                name="checkout_basket_sold_has_order",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-changed_at"], condition=Q(status="held"), name="checkout_basket_held")
        ]

    def __str__(self) -> str:
        return str(self.id)


class Order(models.Model):
    """A sale as it was: inserted once with everything known, never changed but for the mark of its void.

    The number on receipts is made from the id (``selectors.order_number``), so there is no counter row to wait for.
    """

    class Channel(models.TextChoices):
        COUNTER = "counter", _("counter")
        ONLINE = "online", _("online")
        IMPORT = "import", _("import")

    store = models.ForeignKey(Store, models.PROTECT, db_index=False, related_name="+", verbose_name=_("store"))
    till = models.ForeignKey(Till, models.PROTECT, null=True, related_name="+", verbose_name=_("till"))
    shift = models.ForeignKey(
        Shift, models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("shift")
    )
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("cashier"))
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("member")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.COUNTER)
    business_on = models.DateField(_("business day"))
    occurred_at = models.DateTimeField(_("sold at"))
    recorded_at = models.DateTimeField(auto_now_add=True)
    priced_at = models.DateTimeField()
    list_total = _money(_("list total"))
    payable = _money(_("payable"))
    points_used = models.PositiveIntegerField(_("points used"), default=0)
    points_value = _money(_("points value"), default=Decimal("0.00"))
    points_earned = models.PositiveIntegerField(_("points earned"), default=0)
    wallet_principal = _money(_("paid from principal"), default=Decimal("0.00"))
    wallet_bonus = _money(_("paid from bonus"), default=Decimal("0.00"))
    piece_count = models.DecimalField(_("pieces"), max_digits=14, decimal_places=3)
    tier_code = models.CharField(max_length=20, blank=True)
    snapshot: Any = models.JSONField(default=dict, help_text="rule, tier and coupon versions in force at the quote")
    external_source = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    voided_at = models.DateTimeField(_("voided at"), null=True)

    objects = StoreScopedQuerySet.as_manager()

    # Foreign keys that begin one of the indexes below have none of their own: each index costs every sale.
    class Meta:
        verbose_name = _("order")
        verbose_name_plural = pgettext_lazy("order", "orders")
        permissions = [
            ("use_checkout", "Can use the checkout"),
            ("void_order", "Can void an order"),
            ("export_order", "Can download order lists"),
            ("manage_till", "Can manage tills"),
            ("import_order", "Can import orders"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(payable__gte=0) & Q(list_total__gte=F("payable")), name="checkout_order_payable_in_list"
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                condition=~Q(external_id=""),
                name="checkout_order_external_once",
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="only_void_mark", exclude=["voided_at"]),
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
        ]
        indexes = [
            models.Index(fields=["member", "-occurred_at"], name="checkout_order_of_member"),
            models.Index(fields=["store", "business_on"], name="checkout_order_of_day"),
            models.Index(fields=["store", "-occurred_at", "-id"], name="checkout_order_newest"),
            models.Index(fields=["shift"], name="checkout_order_of_shift"),
            models.Index(fields=["business_on"], name="checkout_order_by_day"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def discount_total(self) -> Decimal:
        """List less payable."""
        total: Decimal = self.list_total - self.payable
        return total


class OrderLine(AppendOnly):
    """Goods sold: names and prices as printed, what is left after all adjustments, cost at the time (R-C11)."""

    order = models.ForeignKey(Order, models.PROTECT, db_index=False, related_name="lines")
    position = models.PositiveSmallIntegerField()
    product = models.ForeignKey(Product, models.PROTECT, db_index=False, related_name="+")
    sku = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    list_price = _money(_("list price"))
    list_amount = _money(_("list amount"))
    price_source = models.CharField(max_length=10)
    net = _money(_("net"))
    wallet_bonus = _money(_("paid from bonus"), default=Decimal("0.00"))
    points_earned = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=14, decimal_places=4, null=True)

    class Meta(AppendOnly.Meta):
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="checkout_line_position_once"),
            models.CheckConstraint(
                condition=Q(net__gte=0) & Q(list_amount__gte=F("net")), name="checkout_line_net_in_list"
            ),
        ]
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["product"], name="checkout_line_of_product")]

    def __str__(self) -> str:
        return f"{self.sku} x {self.quantity}"


class Adjustment(AppendOnly):
    """One reduction of an order by its layer and cause (``tier:silver:12``, ``coupon:7``, ``points``, ``rounding``)."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="adjustments")
    layer = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=60)
    label = models.CharField(max_length=100)
    amount = _money(_("amount"))

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return f"{self.source} {self.amount}"


class Allocation(AppendOnly):
    """The exact part of an adjustment on a line."""

    adjustment = models.ForeignKey(Adjustment, models.PROTECT, related_name="allocations")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="allocations")
    amount = _money(_("amount"))

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return str(self.amount)


class TenderKind(models.TextChoices):
    """How a sale can be paid."""

    WALLET = "wallet", _("Stored value")
    CASH = "cash", _("Cash")
    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    CARD = "card", _("Bank card")
    OTHER = "other", _("Other")


class Payment(AppendOnly):
    """A tender of an order. ``received - change == amount``; only cash has change."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=TenderKind.choices)
    amount = _money(_("amount"))
    received = _money(_("received"))
    change = _money(_("change"), default=Decimal("0.00"))
    wallet_bonus = _money(_("paid from bonus"), default=Decimal("0.00"))

    class Meta(AppendOnly.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) & Q(change__gte=0) & Q(received=F("amount") + F("change")),
                name="checkout_payment_adds_up",
            ),
            models.CheckConstraint(condition=Q(change=0) | Q(kind="cash"), name="checkout_payment_change_is_cash"),
        ]
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class PaymentAllocation(AppendOnly):
    """The exact part of a tender, and of the bonus in it, on a line."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="allocations")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="payment_allocations")
    amount = _money(_("amount"))
    wallet_bonus = _money(_("paid from bonus"), default=Decimal("0.00"))

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return str(self.amount)


class Receipt(AppendOnly):
    """The receipt as printed: names, prices, balances after, tier change. Never computed again."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="receipt")
    data: Any = models.JSONField()

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return f"receipt of {self.order_id}"


class Void(AppendOnly):
    """The undoing of a whole order: who, why, in which shift the money went back."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="void")
    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    shift = models.ForeignKey(Shift, models.PROTECT, null=True, related_name="+")
    actor = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    business_on = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["store", "business_on"], name="checkout_void_of_day")]

    def __str__(self) -> str:
        return f"void of {self.order_id}"


class RechargeSale(AppendOnly):
    """Money taken for stored value at a till: not revenue, but cash in the drawer (R-C12)."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    till = models.ForeignKey(Till, models.PROTECT, related_name="+")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    command_key = models.UUIDField(unique=True, help_text="names the ledger entries of this sale")
    recharge_id = models.BigIntegerField(unique=True, help_text="wallet.Recharge; wallet's models are its own")
    plan_name = models.CharField(max_length=100, blank=True)
    principal = _money(_("principal"))
    bonus = _money(_("bonus"), default=Decimal("0.00"))
    points = models.PositiveIntegerField(_("points"), default=0)
    kind = models.CharField(max_length=10, choices=TenderKind.choices)
    received = _money(_("received"))
    business_on = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    receipt: Any = models.JSONField()

    class Meta(AppendOnly.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(kind="wallet"), name="checkout_recharge_not_by_wallet"),
            models.CheckConstraint(condition=Q(principal__gt=0, bonus__gte=0), name="checkout_recharge_amounts"),
        ]
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["store", "business_on"], name="checkout_recharge_of_day")]

    def __str__(self) -> str:
        return f"{self.principal} + {self.bonus}"


class RechargeVoid(AppendOnly):
    """The undoing of a mistaken recharge (R-W5), in the shift in which the money went back."""

    sale = models.OneToOneField(RechargeSale, models.PROTECT, related_name="void")
    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="+")
    actor = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    business_on = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["store", "business_on"], name="checkout_rechargevoid_of_day")]

    def __str__(self) -> str:
        return f"void of recharge {self.sale_id}"
