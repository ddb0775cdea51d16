"""The levels that members hold, why, and the ledger of their progress."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ledger import AppendOnly, LedgerEntry, append_only_triggers
from members.models import Member
from stores.models import Staff, Store
from tiers.models.tracks import Tier, Track, Version


class Reason(models.TextChoices):
    """Why a member moved, or stayed."""

    UPGRADED = "upgraded", _("upgraded")
    KEPT = "kept", _("kept")
    DOWNGRADED = "downgraded", _("downgraded")
    REVOKED = "revoked", _("revoked after a refund")
    REINSTATED = "reinstated", _("reinstated after a late order")
    PURCHASED = "purchased", _("bought")
    RENEWED = "renewed", _("renewed")
    EXPIRED = "expired", _("expired")
    REFUNDED = "refunded", _("refunded")
    MERGED = "merged", _("merged with another member")
    MANUAL = "manual", _("set by hand")


class Period(models.Model):
    """A level held by a member from ``starts_at`` on, open while ``ends_at`` is empty. Without one: the base level.

    ``valid_until`` (exclusive) is when the nightly evaluation looks at it again; the level is held until then, however
    late the job is. ``version`` is the one it was given under. ``upgraded_at`` is when a purchase reached it and
    ``falls_back_to`` what the member held before that (None: the base level): a refund may take the level back to it.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    track = models.ForeignKey(Track, models.PROTECT, related_name="+", verbose_name=_("track"))
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", verbose_name=_("tier"))
    version = models.ForeignKey(Version, models.PROTECT, related_name="+", verbose_name=_("version"))
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    previous: Any = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="+")
    upgraded_at = models.DateTimeField(_("upgraded at"), null=True, blank=True)
    falls_back_to: Any = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)
    joins_auto_upgrade = models.BooleanField(_("may be upgraded automatically"), default=True)
    counts_after = models.DateField(_("counts purchases after"), null=True, blank=True)

    class Meta:
        verbose_name = _("tier period")
        verbose_name_plural = _("tier periods")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "track"], condition=Q(ends_at__isnull=True), name="tiers_period_one_open"
            ),
            models.UniqueConstraint(
                fields=["member", "track"], condition=Q(previous__isnull=True), name="tiers_period_one_first"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")), name="tiers_period_ends_after_start"
            ),
        ]
        indexes = [
            models.Index(
                fields=["valid_until"],
                condition=Q(ends_at__isnull=True, valid_until__isnull=False),
                name="tiers_period_due",
            ),
            models.Index(fields=["tier"], condition=Q(ends_at__isnull=True), name="tiers_period_holders"),
        ]

    def __str__(self) -> str:
        return f"period #{self.pk} of member #{self.member_id}"


class ProgressEntry(LedgerEntry):
    """One movement of a metric, on the business day it counts for. A refund is a negative entry on the original day."""

    class Metric(models.TextChoices):
        SPEND = "spend", _("spend")
        ORDERS = "orders", _("orders")
        POINTS = "points", _("points earned")
        RECHARGE = "recharge", _("recharge")
        GROWTH = "growth", _("growth points")

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    metric = models.CharField(_("metric"), max_length=10, choices=Metric.choices)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    business_on = models.DateField(_("business day"))
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"))

    class Meta(LedgerEntry.Meta):
        verbose_name = _("tier progress")
        verbose_name_plural = _("tier progress")
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(
                condition=Q(metric__in=["spend", "orders", "points", "recharge", "growth"]),
                name="tiers_progress_metric_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "business_on"], include=["metric", "amount"], name="tiers_progress_of_member"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.amount}"


class Change(AppendOnly):
    """Every decision about a member's level with its reason and the very figures that caused it."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    period = models.OneToOneField(Period, models.PROTECT, related_name="+", verbose_name=_("period"))
    from_tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", verbose_name=_("from tier"))
    to_tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", verbose_name=_("to tier"))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    memo = models.CharField(_("memo"), max_length=500, blank=True)
    figures: Any = models.JSONField(_("figures"), default=list)
    source = models.CharField(_("source"), max_length=100)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"))
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(AppendOnly.Meta):
        verbose_name = _("tier change")
        verbose_name_plural = _("tier changes")
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["member", "-id"], name="tiers_change_of_member")]

    def __str__(self) -> str:
        return f"{self.reason} member #{self.member_id}"

    @property
    def is_upgrade(self) -> bool:
        """Whether the member rose."""
        return bool(self.to_tier.rank > self.from_tier.rank)
