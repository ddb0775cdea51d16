"""The passes that a shop offers."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from core import days
from stores.models import Store


def money_field(label: Any, **options: Any) -> "models.DecimalField[Any, Decimal]":
    """An amount with two places."""
    return models.DecimalField(label, max_digits=14, decimal_places=2, **options)


class Plan(models.Model):
    """An offer: pay ``price``, have one of ``products`` so many times, or as often as wanted for so many days.

    ``unit_list_price`` is what one use costs without a pass; a legal refund counts used ones by it (R-W6, Art. 19).
    ``valid_days`` empty means that the pass never ends, which is the safe choice for something that is paid. A pass
    that is sold keeps a snapshot, so plans may change freely. No store means every store.
    """

    name = models.CharField(_("name"), max_length=60)
    products: "models.ManyToManyField[Product, Any]" = models.ManyToManyField(
        Product, verbose_name=_("goods and services"), related_name="+"
    )
    price = money_field(_("price"))
    paid_uses = models.PositiveSmallIntegerField(_("paid uses"), default=0)
    gift_uses = models.PositiveSmallIntegerField(_("free uses"), default=0)
    is_unlimited = models.BooleanField(_("as often as wanted"), default=False)
    unit_list_price = money_field(_("price of a single use"))
    valid_days = models.PositiveSmallIntegerField(_("days that the pass lasts"), null=True, blank=True)
    is_shareable = models.BooleanField(_("may be shared with other members"), default=False)
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)
    stores: "models.ManyToManyField[Store, Any]" = models.ManyToManyField(
        Store, verbose_name=_("stores"), related_name="+", blank=True
    )

    class Meta:
        verbose_name = _("pass plan")
        verbose_name_plural = _("pass plans")
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(condition=Q(price__gt=0, unit_list_price__gt=0), name="passes_plan_prices"),
            models.CheckConstraint(
                condition=Q(is_unlimited=False, paid_uses__gt=0)
                | Q(is_unlimited=True, paid_uses=0, gift_uses=0, valid_days__isnull=False),
                name="passes_plan_counts_uses_or_days",
            ),
            models.CheckConstraint(
                condition=Q(valid_days__isnull=True) | Q(valid_days__gt=0), name="passes_plan_lasts_a_day"
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="passes_plan_period_in_order",
            ),
            models.UniqueConstraint(fields=["name"], name="passes_plan_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def total_uses(self) -> int:
        """Paid and free ones together; 0 for a pass by days."""
        return self.paid_uses + self.gift_uses

    def is_offered_on(self, day: date) -> bool:
        """True on an active plan's days, both ends included."""
        return (
            self.is_active
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )

    def expires_at(self, at: datetime) -> datetime | None:
        """The exclusive end of a pass that is sold at ``at``: the day of sale is the first one; None for never."""
        if self.valid_days is None:
            return None
        return days.end_of(days.local_day(at) + timedelta(days=self.valid_days - 1))

    def snapshot(self) -> dict[str, Any]:
        """What a pass keeps of the plan (rules.md 0.5)."""
        return {
            "plan": self.pk,
            "name": self.name,
            "price": str(self.price),
            "paid_uses": self.paid_uses,
            "gift_uses": self.gift_uses,
            "is_unlimited": self.is_unlimited,
            "unit_list_price": str(self.unit_list_price),
            "valid_days": self.valid_days,
        }
