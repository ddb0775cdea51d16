"""What was really given: the package of one recharge, or a pack at an occasion, and what became of it."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from gifts.models.packs import Pack
from gifts.models.plans import RechargePlan
from members.models import Member
from stores.models import Staff, Store


class Grant(models.Model):
    """What was given at one occasion as one package with one id. ``plan_snapshot`` is what was agreed.

    Either the package of a recharge (``plan``, R-W12) or a ``pack``; ``source`` names the occasion once and for all
    (``tier-upgrade:<member>:<tier>:<gift>``). Given, it is taken back whole (a void: as if it had never been) or
    settled (what was unused went back, the rest is listed with its use). A pending one is given on ``due_at`` by the
    nightly job, or cancelled before, which costs nobody anything (R-T12).
    """

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("gift package", "held back")
        CANCELLED = "cancelled", pgettext_lazy("gift package", "cancelled")
        GIVEN = "given", pgettext_lazy("gift package", "given")
        TAKEN_BACK = "taken_back", pgettext_lazy("gift package", "taken back")
        SETTLED = "settled", pgettext_lazy("gift package", "settled")

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    plan = models.ForeignKey(
        RechargePlan, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("recharge plan")
    )
    pack = models.ForeignKey(Pack, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("gift pack"))
    source = models.CharField(_("source"), max_length=100, unique=True)
    plan_snapshot: Any = models.JSONField(_("recharge plan"))
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.GIVEN)
    idempotency_key = models.CharField(max_length=200, unique=True)
    taken_back_key = models.CharField(max_length=200, blank=True)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("staff"))
    granted_at = models.DateTimeField(_("given at"))
    due_at = models.DateTimeField(_("held back until"), null=True, blank=True)
    taken_back_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("gift package")
        verbose_name_plural = _("gift packages")
        default_permissions = ("view",)
        permissions = [("export_grant", "Can download gifts")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["given", "pending"], taken_back_at__isnull=True, taken_back_key="")
                | (
                    Q(status__in=["taken_back", "settled", "cancelled"], taken_back_at__isnull=False)
                    & ~Q(taken_back_key="")
                ),
                name="gifts_grant_taken_back_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(plan__isnull=False, pack__isnull=True) | Q(plan__isnull=True, pack__isnull=False),
                name="gifts_grant_of_plan_or_pack",
            ),
            models.CheckConstraint(
                condition=~Q(status="pending") | Q(due_at__isnull=False), name="gifts_grant_pending_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="pending"), name="gifts_grant_due"),
            models.Index(fields=["member", "plan", "granted_at"], name="gifts_grant_of_member"),
        ]

    def __str__(self) -> str:
        return f"package of {self.source}"


class GrantItem(models.Model):
    """One part of a package. ``reference`` is the key of the ledger entry or the id of the coupon or product.

    ``cost`` is what it costs the shop at most (bonus and coupons at face value, points at their worth, goods at cost),
    empty where that is unknown. ``used`` is what could not be taken back, known once the package is settled. A coupon
    of a pack that had run out is kept as missed: an occasion never fails because of a gift.
    """

    class Kind(models.TextChoices):
        BONUS = "bonus", _("bonus money")
        POINTS = "points", _("bonus points")
        GROWTH = "growth", _("growth points")
        COUPON = "coupon", _("coupon")
        GOODS = "goods", _("goods handed over")

    class State(models.TextChoices):
        GIVEN = "given", pgettext_lazy("gift package", "given")
        TAKEN_BACK = "taken_back", pgettext_lazy("gift package", "taken back")
        USED = "used", pgettext_lazy("gift package", "used")
        KEPT = "kept", pgettext_lazy("gift package", "kept by the customer")
        MISSED = "missed", pgettext_lazy("gift package", "could not be given")

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    label = models.CharField(pgettext_lazy("gift package", "gift"), max_length=120, blank=True)
    reference = models.CharField(_("reference"), max_length=200, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=3)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=2, null=True, blank=True)
    used = models.DecimalField(_("used"), max_digits=14, decimal_places=3, default=Decimal("0.000"))
    state = models.CharField(_("status"), max_length=10, choices=State.choices, default=State.GIVEN)

    class Meta:
        verbose_name = pgettext_lazy("gift package", "gift")
        verbose_name_plural = pgettext_lazy("gift package", "gifts")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["grant", "position"], name="gifts_grant_item_position_once"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0, used__gte=0, used__lte=F("quantity")), name="gifts_grant_item_quantities"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"
