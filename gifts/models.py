"""What is given on top: the plans that turn a recharge into bonus and points."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import days
from stores.models import Store


class RechargePlan(models.Model):
    """An offer: pay ``amount`` or more, get ``bonus`` and ``points`` with it. One package, never added up (R-W12).

    ``bonus_days`` is how long the bonus lasts after the day of payment, empty for ever; the period and the stores limit
    where the plan is offered, no store meaning every store. A recharge keeps a snapshot, so plans may change freely.
    """

    name = models.CharField(_("name"), max_length=60)
    amount = models.DecimalField(_("amount to pay"), max_digits=14, decimal_places=2)
    bonus = models.DecimalField(_("bonus money"), max_digits=14, decimal_places=2, default=Decimal("0.00"))
    points = models.PositiveIntegerField(_("bonus points"), default=0)
    bonus_days = models.PositiveSmallIntegerField(_("days that the bonus lasts"), null=True, blank=True)
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)
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

    def snapshot(self) -> dict[str, Any]:
        """What a recharge keeps of the plan (rules.md 0.5)."""
        return {
            "plan": self.pk,
            "name": self.name,
            "amount": str(self.amount),
            "bonus": str(self.bonus),
            "points": self.points,
            "bonus_days": self.bonus_days,
        }
