"""Tracks and levels with their dated versions, the levels that members hold, and the ledger of their progress."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ledger import AppendOnly, LedgerEntry, append_only_triggers
from members.models import Member
from stores.models import Staff, Store
from tiers.rules import Thresholds, thresholds_from

# Levels that ship with the product: their Chinese names are data, shown in other languages by their code.
SHIPPED_NAMES = {"normal": "普通", "silver": "银卡", "gold": "金卡", "diamond": "钻石"}
SHIPPED_LABELS = {
    "normal": pgettext_lazy("tier", "Normal"),
    "silver": pgettext_lazy("tier", "Silver"),
    "gold": pgettext_lazy("tier", "Gold"),
    "diamond": pgettext_lazy("tier", "Diamond"),
}


class Track(models.Model):
    """A ladder of levels; a member holds at most one level on each."""

    class Kind(models.TextChoices):
        GROWTH = "growth", _("growth")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, unique=True)

    class Meta:
        verbose_name = _("tier track")
        verbose_name_plural = _("tier tracks")

    def __str__(self) -> str:
        return self.get_kind_display()


class Tier(models.Model):
    """A level. The code is for rules and never changes; the lowest rank of a track is everybody's."""

    class Colour(models.TextChoices):
        """The badges of the design system."""

        GREY = "tier-0", _("grey")
        SILVER = "tier-1", _("silver")
        GOLD = "tier-2", _("gold")
        VIOLET = "tier-3", _("violet")
        TEAL = "tier-4", _("teal")
        BLACK = "tier-5", _("black")

    track = models.ForeignKey(Track, models.PROTECT, related_name="tiers", verbose_name=_("track"))
    rank = models.PositiveSmallIntegerField(_("rank"))
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=30)
    colour = models.CharField(_("colour"), max_length=10, choices=Colour.choices, default=Colour.GREY)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        permissions = [("set_member_tier", "Can set the tier of a member by hand")]
        constraints = [
            models.UniqueConstraint(fields=["track", "rank"], name="tiers_tier_rank_once"),
            models.CheckConstraint(condition=Q(code__regex=r"^[a-z][a-z0-9_]*$"), name="tiers_tier_code_is_plain"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="code_is_immutable",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__code__df=pgtrigger.F("new__code")),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The owner's name; a shipped level that kept its name is translated."""
        if SHIPPED_NAMES.get(self.code) == self.name:
            return str(SHIPPED_LABELS[self.code])
        return self.name


class Version(AppendOnly):
    """Thresholds and benefits of a level from an instant on. Never edited: a newer one takes over (rules.md 0.10)."""

    class Keep(models.TextChoices):
        REQUALIFY = "requalify", _("re-earn it by the end of its validity")
        NEVER_FALLS = "never_falls", _("keep it for good")

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="versions", verbose_name=_("tier"))
    effective_at = models.DateTimeField(_("effective from"))
    thresholds: Any = models.JSONField(_("thresholds"))
    keep = models.CharField(_("keeping"), max_length=20, choices=Keep.choices, default=Keep.REQUALIFY)
    discount_factor = models.DecimalField(_("discount factor"), max_digits=6, decimal_places=4, default=1)
    points_multiple = models.DecimalField(_("points multiple"), max_digits=6, decimal_places=2, default=1)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(AppendOnly.Meta):
        verbose_name = _("tier version")
        verbose_name_plural = _("tier versions")
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(
                condition=Q(discount_factor__gt=0, discount_factor__lte=1), name="tiers_version_factor_is_a_discount"
            ),
            models.CheckConstraint(
                condition=Q(points_multiple__gte=0, points_multiple__lte=100), name="tiers_version_multiple_in_range"
            ),
        ]
        indexes = [models.Index(fields=["tier", "-effective_at", "-id"], name="tiers_version_in_force")]

    def __str__(self) -> str:
        return f"{self.tier_id} v{self.pk}"

    @property
    def rule(self) -> Thresholds:
        """The thresholds as a value."""
        return thresholds_from(self.thresholds)


class Reason(models.TextChoices):
    """Why a member moved, or stayed."""

    UPGRADED = "upgraded", _("upgraded")
    KEPT = "kept", _("kept")
    DOWNGRADED = "downgraded", _("downgraded")
    REVOKED = "revoked", _("revoked after a refund")
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
