"""The order with everything that can never be filled in later (rules.md 0.13), its tenders, receipt and void."""

from decimal import Decimal
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Product
from checkout.models.tills import Shift, StoreScopedQuerySet, TenderKind, Till, money_field
from core.ledger import AppendOnly, append_only_triggers
from members.models import Member
from stores.models import Staff, Store


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
    list_total = money_field(_("list total"))
    payable = money_field(_("payable"))
    points_used = models.PositiveIntegerField(_("points used"), default=0)
    points_value = money_field(_("points value"), default=Decimal("0.00"))
    points_earned = models.PositiveIntegerField(_("points earned"), default=0)
    wallet_principal = money_field(_("paid from principal"), default=Decimal("0.00"))
    wallet_bonus = money_field(_("paid from bonus"), default=Decimal("0.00"))
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
    list_price = money_field(_("list price"))
    list_amount = money_field(_("list amount"))
    price_source = models.CharField(max_length=10)
    net = money_field(_("net"))
    wallet_bonus = money_field(_("paid from bonus"), default=Decimal("0.00"))
    points_earned = models.PositiveIntegerField(default=0)
    pass_id = models.BigIntegerField(null=True, help_text="passes.Pass that pays this line; its models are its own")
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
    amount = money_field(_("amount"))

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return f"{self.source} {self.amount}"


class Allocation(AppendOnly):
    """The exact part of an adjustment on a line."""

    adjustment = models.ForeignKey(Adjustment, models.PROTECT, related_name="allocations")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="allocations")
    amount = money_field(_("amount"))

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return str(self.amount)


class Payment(AppendOnly):
    """A tender of an order. ``received - change == amount``; only cash has change."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=TenderKind.choices)
    amount = money_field(_("amount"))
    received = money_field(_("received"))
    change = money_field(_("change"), default=Decimal("0.00"))
    wallet_bonus = money_field(_("paid from bonus"), default=Decimal("0.00"))

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
    amount = money_field(_("amount"))
    wallet_bonus = money_field(_("paid from bonus"), default=Decimal("0.00"))

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
    points_charge = money_field(_("kept for used points"), default=Decimal("0.00"))
    reason = models.CharField(max_length=200)
    business_on = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["store", "business_on"], name="checkout_void_of_day")]

    def __str__(self) -> str:
        return f"void of {self.order_id}"
