"""Tiers that are bought: the offers, what members bought, and what was paid back."""

from datetime import date
from decimal import Decimal
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import days
from members.models import Member
from stores.models import Staff, Store
from tiers.models.tracks import Tier


class PaidPlan(models.Model):
    """An offer at the till: a level of a paid track for so many months at a price."""

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="plans", verbose_name=_("tier"))
    name = models.CharField(_("name"), max_length=60, unique=True)
    months = models.PositiveSmallIntegerField(_("months"))
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=2)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("paid tier offer")
        verbose_name_plural = _("paid tier offers")
        constraints = [
            models.CheckConstraint(
                condition=Q(price__gt=0, months__gte=1, months__lte=120), name="tiers_paid_plan_price_and_months"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One purchase of a paid level, from ``starts_at`` until ``ends_at`` (exclusive); renewals follow one another.

    ``anchor_day`` is the day of month that renewals keep (31 Jan, 28 Feb, 31 Mar; rules.md 0.6). ``credit`` is the
    worth of earlier purchases that were converted into this one (R-T10), ``credits`` says of which and how they had
    been paid: ``[[purchase, tender, amount as text], ...]``. ``status`` moves once, but for a converted purchase that
    comes back when the sale it was converted into is voided.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("paid tier", "bought")
        CONVERTED = "converted", pgettext_lazy("paid tier", "converted")
        REFUNDED = "refunded", pgettext_lazy("paid tier", "refunded")
        VOIDED = "voided", pgettext_lazy("paid tier", "voided")

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", verbose_name=_("tier"))
    plan = models.ForeignKey(PaidPlan, models.PROTECT, related_name="+", verbose_name=_("offer"))
    name = models.CharField(_("name"), max_length=60)
    months = models.PositiveSmallIntegerField(_("months"))
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=2)
    tender = models.CharField(_("paid by"), max_length=10)
    credit = models.DecimalField(_("credited"), max_digits=14, decimal_places=2, default=0)
    credits: Any = models.JSONField(default=list)
    converted_into: Any = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="converted", verbose_name=_("converted into")
    )
    anchor_day = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    idempotency_key = models.CharField(max_length=200, unique=True)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("store"))
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("staff"))
    bought_at = models.DateTimeField(_("bought at"))

    class Meta:
        verbose_name = _("paid membership")
        verbose_name_plural = _("paid memberships")
        permissions = [("export_membership", "Can download paid memberships")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), price__gt=0, credit__gte=0), name="tiers_membership_whole"
            ),
            models.CheckConstraint(
                condition=Q(status="active", closed_at__isnull=True)
                | (~Q(status="active") & Q(closed_at__isnull=False)),
                name="tiers_membership_closing_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(status="converted", converted_into__isnull=False)
                | (~Q(status="converted") & Q(converted_into__isnull=True)),
                name="tiers_membership_converted_into_one",
            ),
        ]
        # What was agreed stands: only the state moves.
        triggers = [
            pgtrigger.ReadOnly(name="terms_are_fixed", exclude=["status", "closed_at", "converted_into", "member"]),
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
        ]
        indexes = [
            models.Index(fields=["member", "ends_at"], name="tiers_membership_of_member"),
            models.Index(fields=["ends_at"], condition=Q(status="active"), name="tiers_membership_ending"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of member #{self.member_id}"

    @property
    def worth(self) -> Decimal:
        """What was paid for it: the price and what earlier purchases brought along."""
        return self.price + self.credit

    @property
    def sources(self) -> list[tuple[int, str, Decimal]]:
        """Where its worth came from: purchase, tender and amount; a refund goes back the same ways (R-C6)."""
        earlier = [(int(purchase), str(tender), Decimal(amount)) for purchase, tender, amount in self.credits]
        return [(self.pk, self.tender, self.price), *earlier]

    @property
    def first_day(self) -> date:
        """The first shop day of it."""
        return days.local_day(self.starts_at)

    @property
    def last_day(self) -> date:
        """The last shop day of it."""
        return days.last_day(self.ends_at)


class MembershipRefund(models.Model):
    """The paper of a refund by time (R-T10): ``days_left`` of ``days_total`` of the price, down to the fen.

    ``formula`` keeps every number and what had been given with the tier. It is made when the refund is carried out,
    after a second person agreed where the limit asks for one; the till pays it out by its number. ``parts`` are the
    shares of the purchases that had paid it, like ``Membership.credits``; ``by_wallet`` is what of them goes back to
    stored value, the rest is paid in cash (invariant 13).
    """

    class Status(models.TextChoices):
        DUE = "due", pgettext_lazy("refund of a tier", "to be paid")
        PAID = "paid", pgettext_lazy("refund of a tier", "paid")

    membership = models.OneToOneField(Membership, models.PROTECT, related_name="refund", verbose_name=_("purchase"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    by_wallet = models.DecimalField(_("back to stored value"), max_digits=14, decimal_places=2, default=0)
    parts: Any = models.JSONField(default=list)
    days_total = models.PositiveSmallIntegerField(_("days in all"))
    days_left = models.PositiveSmallIntegerField(_("days left"))
    formula: Any = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=200)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("store"))
    actor = models.ForeignKey(Staff, models.PROTECT, related_name="+", verbose_name=_("staff"))
    approved_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    refunded_at = models.DateTimeField(_("refunded at"))
    status = models.CharField(_("status"), max_length=5, choices=Status.choices, default=Status.DUE)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    paid_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("paid out by")
    )

    class Meta:
        verbose_name = _("refund of a paid tier")
        verbose_name_plural = _("refunds of paid tiers")
        permissions = [
            ("refund_membership", "Can refund paid tiers"),
            ("approve_refund", "Can approve refunds of paid tiers"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, days_left__lte=F("days_total")), name="tiers_membership_refund_in_price"
            ),
            models.CheckConstraint(
                condition=Q(by_wallet__gte=0, by_wallet__lte=F("amount")), name="tiers_membership_refund_by_wallet"
            ),
            models.CheckConstraint(
                condition=Q(status="due", paid_at__isnull=True) | Q(status="paid", paid_at__isnull=False),
                name="tiers_membership_refund_paid_has_a_time",
            ),
        ]
        indexes = [models.Index(fields=["refunded_at"], condition=Q(status="due"), name="tiers_membership_refund_due")]

    def __str__(self) -> str:
        return f"refund of {self.membership_id}"

    @property
    def in_cash(self) -> Decimal:
        """What leaves a drawer."""
        return self.amount - self.by_wallet
