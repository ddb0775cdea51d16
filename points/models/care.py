"""What people do to many accounts at once, whom to look at, and who is told of an expiry (R-P15, R-P16, P15)."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ledger import AppendOnly, append_only_triggers
from members.models import Member
from points.models.ledger import Lot
from stores.models import Staff


class Batch(models.Model):
    """Points given to or cleared from many members, previewed, approved, and undone within 7 days (R-P15).

    ``criteria`` is the filter as chosen. ``cursor`` is the last member that was done: the work goes on after it.
    ``members`` and ``points`` are what the preview counted; ``done_members`` and ``done_points`` what was posted, and
    ``undone_members`` and ``undone_points`` what of that went back: less, where points were spent or ended meanwhile.
    """

    class Kind(models.TextChoices):
        GIFT = "gift", _("give points")
        CLEAR = "clear", _("clear points")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for approval")
        REFUSED = "refused", _("not approved")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.WAITING)
    criteria: Any = models.JSONField(_("filter"))
    points_each = models.PositiveIntegerField(_("points each"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    members = models.PositiveIntegerField(_("members"))
    points = models.PositiveBigIntegerField(_("points"))
    done_members = models.PositiveIntegerField(default=0)
    done_points = models.PositiveBigIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    cutoff_at = models.DateTimeField(help_text="lots credited later are left alone")
    created_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_members = models.PositiveIntegerField(default=0)
    undone_points = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("points batch")
        verbose_name_plural = _("points batches")
        default_permissions = ("view",)
        permissions = [
            ("make_batch", "Can give or clear the points of many members"),
            ("approve_batch", "Can approve points batches"),
        ]
        constraints = [
            models.CheckConstraint(
                # A comparison with nothing is not false: without the second half a gift of nothing would pass.
                condition=Q(kind="gift", points_each__gt=0, points_each__isnull=False)
                | Q(kind="clear", points_each__isnull=True),
                name="points_batch_gift_has_points",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="points_batch_says_why"),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "refused"], done_at__isnull=True, done_members=0, done_points=0)
                | Q(status="running", done_at__isnull=True)
                | Q(status__in=["done", "undoing", "undone"], done_at__isnull=False),
                name="points_batch_done_when_it_was",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["undoing", "undone"],
                    undone_by__isnull=False,
                    undone_at__isnull=False,
                    undone_points__lte=F("done_points"),
                    undone_members__lte=F("done_members"),
                )
                | Q(undone_by__isnull=True, undone_at__isnull=True, undone_points=0, undone_members=0),
                name="points_batch_undone_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class Watch(models.Model):
    """An odd account for a person to look at: which pattern, on which day, with the figures that show it (P15)."""

    class Kind(models.TextChoices):
        MANY_EARNS = "many_earns", _("many orders in a day")
        MANY_POINTS = "many_points", _("very many points in a day")
        MANY_RETURNS = "many_returns", _("earned points taken back again and again")
        MANY_GIFTS = "many_gifts", _("many points by hand")
        QUICK_SPEND = "quick_spend", _("points spent in another store right after they came")

    class Outcome(models.TextChoices):
        FINE = "fine", _("in order")
        SUSPICIOUS = "suspicious", _("suspicious")

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    kind = models.CharField(_("pattern"), max_length=20, choices=Kind.choices)
    day = models.DateField(_("day"))
    evidence: Any = models.JSONField(_("figures"))
    found_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    reviewed_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("odd account")
        verbose_name_plural = _("odd accounts")
        default_permissions = ("view",)
        permissions = [("review_watch", "Can review odd accounts")]
        constraints = [
            models.UniqueConstraint(fields=["member", "kind", "day"], name="points_watch_once_a_day"),
            models.CheckConstraint(
                condition=Q(outcome="", note="", reviewed_by__isnull=True, reviewed_at__isnull=True)
                | Q(outcome="fine", reviewed_by__isnull=False, reviewed_at__isnull=False)
                | (Q(outcome="suspicious", reviewed_by__isnull=False, reviewed_at__isnull=False) & ~Q(note="")),
                name="points_watch_reviewed_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["-day", "-id"], condition=Q(reviewed_at__isnull=True), name="points_watch_open")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"


class ExpiryNotice(AppendOnly):
    """A member was put on the list for a lot that ends in ``stage`` days or fewer: each lot and stage once (R-P16)."""

    lot = models.ForeignKey(Lot, models.PROTECT, related_name="+")
    stage = models.PositiveSmallIntegerField()
    noticed_at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()
        constraints = [models.UniqueConstraint(fields=["lot", "stage"], name="points_notice_once")]

    def __str__(self) -> str:
        return f"lot #{self.lot_id}, {self.stage} days"
