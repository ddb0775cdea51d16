"""Till, shift and the basket: what stands open at a counter."""

import uuid
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import Member
from stores.models import Staff, Store


def money_field(label: Any, **options: Any) -> Any:
    """An amount with two places."""
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
    opening_float = money_field(_("float"), default=Decimal("0.00"))
    closed_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("closed by"))
    closed_at = models.DateTimeField(_("closed at"), null=True)
    counted_cash = money_field(_("counted cash"), null=True)
    expected_cash = money_field(_("expected cash"), null=True)

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
    lines: Any = models.JSONField(default=list, help_text="[[product id, quantity as text, pass id or null], ...]")
    points_wish = models.PositiveIntegerField(default=0)
    use_coupon = models.BooleanField(default=True)
    coupon_ids: Any = models.JSONField(default=list, help_text="what the cashier ticked; [] lets the best be found")
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


class TenderKind(models.TextChoices):
    """How a sale can be paid."""

    WALLET = "wallet", _("Stored value")
    CASH = "cash", _("Cash")
    WECHAT = "wechat", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    CARD = "card", _("Bank card")
    PASS = "pass", _("Count pass")
    OTHER = "other", _("Other")

    @classmethod
    def typed(cls) -> list["TenderKind"]:
        """What a cashier fills in: all but passes, which the lines that are paid with one bring along."""
        return [kind for kind in cls if kind != cls.PASS]
