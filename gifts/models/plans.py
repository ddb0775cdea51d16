"""Recharge plans: what is given on top of money (R-W12)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Product
from core import days
from stores.models import Store


class RechargePlan(models.Model):
    """An offer: pay ``amount`` or more, get everything named here with it. One package, never added up (R-W12).

    ``bonus_days`` is how long the bonus lasts after the day of payment, empty for ever; the period and the stores limit
    where the plan is offered, no store meaning every store. ``version`` rises with every change, so that a cashier
    never sells other terms than the customer was shown. A recharge keeps a snapshot, so plans may change freely.
    ``sold_count`` counts the packages that stand (a void gives the place back); it is only changed by a conditional
    UPDATE.
    """

    name = models.CharField(_("name"), max_length=60)
    amount = models.DecimalField(_("amount to pay"), max_digits=14, decimal_places=2)
    bonus = models.DecimalField(_("bonus money"), max_digits=14, decimal_places=2, default=Decimal("0.00"))
    points = models.PositiveIntegerField(_("bonus points"), default=0)
    growth = models.PositiveIntegerField(_("growth points"), default=0)
    bonus_days = models.PositiveSmallIntegerField(_("days that the bonus lasts"), null=True, blank=True)
    member_limit = models.PositiveSmallIntegerField(_("times per member"), null=True, blank=True)
    daily_limit = models.PositiveSmallIntegerField(_("times per member and day"), null=True, blank=True)
    total_limit = models.PositiveIntegerField(_("packages in all"), null=True, blank=True)
    sold_count = models.PositiveIntegerField(_("sold"), default=0, editable=False)
    is_first_only = models.BooleanField(_("first recharge only"), default=False)
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    stores: "models.ManyToManyField[Store, Any]" = models.ManyToManyField(
        Store, verbose_name=_("stores"), related_name="+", blank=True
    )

    class Meta:
        verbose_name = _("recharge plan")
        verbose_name_plural = _("recharge plans")
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0, bonus__gte=0), name="gifts_recharge_plan_amounts"),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="gifts_recharge_plan_period_in_order",
            ),
            models.CheckConstraint(
                condition=Q(total_limit__isnull=True) | Q(sold_count__lte=F("total_limit")),
                name="gifts_recharge_plan_sold_within_limit",
            ),
            models.UniqueConstraint(fields=["name"], name="gifts_recharge_plan_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def is_offered_on(self, day: date) -> bool:
        """True on an active plan's days, both ends included."""
        return (
            self.is_active
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )

    def bonus_expires_at(self, at: datetime) -> datetime | None:
        """The exclusive instant at which bonus given at ``at`` ends: through the last of its days; None for never."""
        if self.bonus_days is None:
            return None
        return days.end_of(days.local_day(at) + timedelta(days=self.bonus_days))


class PlanCoupon(models.Model):
    """Coupons that come with a plan. ``template_id`` is a coupons.Template: its models are private to its app."""

    plan = models.ForeignKey(RechargePlan, models.CASCADE, related_name="coupons")
    template_id = models.BigIntegerField(_("coupon"))
    count = models.PositiveSmallIntegerField(_("how many"), default=1)

    class Meta:
        verbose_name = _("coupons of a plan")
        verbose_name_plural = _("coupons of plans")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["plan", "template_id"], name="gifts_plan_coupon_once"),
            models.CheckConstraint(condition=Q(count__gte=1, count__lte=20), name="gifts_plan_coupon_count"),
        ]

    def __str__(self) -> str:
        return f"{self.count} x template #{self.template_id}"


class PlanItem(models.Model):
    """Something to hand over with a plan: goods of the catalogue, or a free text for what has no article number."""

    plan = models.ForeignKey(RechargePlan, models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")
    text = models.CharField(pgettext_lazy("gift package", "gift"), max_length=60, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=8, decimal_places=3, default=1)

    class Meta:
        verbose_name = _("gift of a plan")
        verbose_name_plural = _("gifts of plans")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(product__isnull=False, text="") | (Q(product__isnull=True) & ~Q(text="")),
                name="gifts_plan_item_goods_or_text",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="gifts_plan_item_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.text or self.product_id}"
