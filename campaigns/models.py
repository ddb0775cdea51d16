"""What the shop gives at occasions: on joining, on a visit, and with an order (K01, M05, R-K9)."""

from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gifts.models import Pack
from stores.models import Store


class Occasion(models.Model):
    """A pack with the days and the stores that it is given in; no store means every store."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    pack = models.ForeignKey(Pack, models.PROTECT, related_name="+", verbose_name=_("gift pack"))
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def is_offered_on(self, day: date) -> bool:
        """True on an active one's days, both ends included."""
        return (
            self.is_active
            and (self.starts_on is None or self.starts_on <= day)
            and (self.ends_on is None or day <= self.ends_on)
        )


class Giveaway(Occasion):
    """A pack that is given without an order: to a new member by itself, or on a visit by the staff."""

    class Trigger(models.TextChoices):
        REGISTERED = "registered", pgettext_lazy("giveaway", "on joining")
        VISIT = "visit", pgettext_lazy("giveaway", "on a visit")

    class Repeats(models.TextChoices):
        ONCE = "once", pgettext_lazy("giveaway", "once per member")
        DAILY = "daily", pgettext_lazy("giveaway", "once a day")
        WEEKLY = "weekly", pgettext_lazy("giveaway", "once a week")
        MONTHLY = "monthly", pgettext_lazy("giveaway", "once a month")

    trigger = models.CharField(_("occasion"), max_length=10, choices=Trigger.choices, default=Trigger.REGISTERED)
    repeats = models.CharField(_("how often"), max_length=10, choices=Repeats.choices, default=Repeats.ONCE)
    stores: "models.ManyToManyField[Store, Any]" = models.ManyToManyField(
        Store, verbose_name=_("stores"), related_name="+", blank=True
    )

    class Meta:
        verbose_name = _("giveaway")
        verbose_name_plural = _("giveaways")
        default_permissions = ("view", "change")
        permissions = [("give_giveaway", "Can give members the gift of a visit")]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="campaigns_giveaway_period_in_order",
            ),
            models.CheckConstraint(
                condition=Q(trigger="visit", repeats__in=["once", "daily", "weekly", "monthly"])
                | Q(trigger="registered", repeats="once"),
                name="campaigns_giveaway_repeats_fit_trigger",
            ),
        ]


class OrderReward(Occasion):
    """A pack that comes with an order from ``threshold`` on (满赠). An order gets one: the highest that it reaches.

    ``member_limit`` counts the orders of a member whose reward stands; one taken back by a void makes room again.
    """

    threshold = models.DecimalField(_("from an amount of"), max_digits=14, decimal_places=2)
    member_limit = models.PositiveSmallIntegerField(_("times per member"), null=True, blank=True)
    stores: "models.ManyToManyField[Store, Any]" = models.ManyToManyField(
        Store, verbose_name=_("stores"), related_name="+", blank=True
    )

    class Meta:
        verbose_name = _("order reward")
        verbose_name_plural = _("order rewards")
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(condition=Q(threshold__gt=0), name="campaigns_order_reward_threshold"),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="campaigns_order_reward_period_in_order",
            ),
            models.CheckConstraint(
                condition=Q(member_limit__isnull=True) | Q(member_limit__gte=1),
                name="campaigns_order_reward_member_limit",
            ),
        ]
