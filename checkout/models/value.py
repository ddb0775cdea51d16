"""Money that moves at a till without being a sale of goods: recharges, passes sold, and what is paid out (R-C12)."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from checkout.models.tills import Shift, TenderKind, Till, money_field
from core.ledger import AppendOnly, append_only_triggers
from members.models import Member
from stores.models import Staff, Store


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
    principal = money_field(_("principal"))
    bonus = money_field(_("bonus"), default=Decimal("0.00"))
    points = models.PositiveIntegerField(_("points"), default=0)
    kind = models.CharField(max_length=10, choices=TenderKind.choices)
    received = money_field(_("received"))
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


class ContractSale(AppendOnly):
    """What is sold at a till by one tender without being goods: it takes no discount, earns nothing, is no revenue."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    till = models.ForeignKey(Till, models.PROTECT, related_name="+")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    command_key = models.UUIDField(unique=True, help_text="names the ledger entries of this sale")
    plan_name = models.CharField(max_length=100)
    price = money_field(_("price"))
    kind = models.CharField(max_length=10, choices=TenderKind.choices)
    received = money_field(_("received"))
    wallet_bonus = money_field(_("paid from bonus"), default=Decimal("0.00"))
    business_on = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    receipt: Any = models.JSONField()

    class Meta(AppendOnly.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self.plan_name} {self.price}"


class ContractVoid(AppendOnly):
    """The undoing of a mistaken sale, in the shift in which the money went back."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="+")
    actor = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    business_on = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        abstract = True


class PassSale(ContractSale):
    """A count pass sold at a till; it is revenue only when it is used."""

    pass_id = models.BigIntegerField(unique=True, help_text="passes.Pass; its models are its own")

    class Meta(ContractSale.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=~Q(kind="pass"), name="checkout_pass_sale_not_by_pass"),
            models.CheckConstraint(condition=Q(price__gt=0), name="checkout_pass_sale_price"),
        ]
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["store", "business_on"], name="checkout_passsale_of_day")]


class PassSaleVoid(ContractVoid):
    """The undoing of a mistaken sale of an unused pass."""

    sale = models.OneToOneField(PassSale, models.PROTECT, related_name="void")

    class Meta(ContractVoid.Meta):
        abstract = False
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["store", "business_on"], name="checkout_passvoid_of_day")]

    def __str__(self) -> str:
        return f"void of pass sale {self.sale_id}"


class TierSale(ContractSale):
    """A paid tier sold, renewed or changed at a till (R-T10); what was paid is earned day by day."""

    membership_id = models.BigIntegerField(unique=True, help_text="tiers.Membership")

    class Meta(ContractSale.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(condition=~Q(kind="pass"), name="checkout_tier_sale_not_by_pass"),
            models.CheckConstraint(condition=Q(price__gt=0), name="checkout_tier_sale_price"),
        ]
        triggers = append_only_triggers()
        indexes = [
            models.Index(fields=["store", "business_on"], name="checkout_tiersale_of_day"),
        ]


class TierSaleVoid(ContractVoid):
    """The undoing of a mistaken sale of a paid tier that nothing was bought with yet."""

    sale = models.OneToOneField(TierSale, models.PROTECT, related_name="void")

    class Meta(ContractVoid.Meta):
        abstract = False
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["store", "business_on"], name="checkout_tiervoid_of_day")]

    def __str__(self) -> str:
        return f"void of tier sale {self.sale_id}"


class Payout(AppendOnly):
    """Cash that left a drawer for a refund of stored value, a pass or a paid tier; ``source`` names that document, once
    each."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="+")
    till = models.ForeignKey(Till, models.PROTECT, related_name="+")
    shift = models.ForeignKey(Shift, models.PROTECT, related_name="+")
    actor = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    source = models.CharField(max_length=100, unique=True, help_text="cash_out:id, pass_refund:id or tier_refund:id")
    amount = money_field(_("amount"))
    business_on = models.DateField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta(AppendOnly.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="checkout_payout_amount"),
            # Stored value leaves as cash by these documents only (invariant 13).
            models.CheckConstraint(
                condition=Q(source__regex="^(cash_out|pass_refund|tier_refund):[0-9]+$"),
                name="checkout_payout_names_its_paper",
            ),
        ]
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["store", "business_on"], name="checkout_payout_of_day")]

    def __str__(self) -> str:
        return f"{self.source} {self.amount}"
