"""The points ledger: accounts, their entries, and the lots that carry an expiry of their own (rules.md 2)."""

from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ledger import AppendOnly, LedgerEntry, append_only_triggers
from members.models import Member
from stores.models import Staff, Store


class Account(models.Model):
    """The cached sums of a member's entries: ``balance`` and ``debt`` side by side, neither ever negative."""

    member = models.OneToOneField(Member, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("member"))
    balance = models.BigIntegerField(_("balance"), default=0)
    debt = models.BigIntegerField(_("points debt"), default=0)

    class Meta:
        verbose_name = _("points account")
        verbose_name_plural = _("points accounts")
        permissions = [
            ("adjust_balance", "Can give and take points by hand"),
            ("approve_adjustment", "Can approve points given or taken by hand"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(balance__gte=0), name="points_account_balance_not_negative"),
            models.CheckConstraint(condition=Q(debt__gte=0), name="points_account_debt_not_negative"),
        ]

    def __str__(self) -> str:
        return f"points of member #{self.member_id}"


class Entry(LedgerEntry):
    """One movement. ``points`` changes the balance and ``debt`` the debt; both carry their sign.

    ``computed`` is what the rule asked for, with its sign: it differs from :attr:`granted` where a cap cut an earn or
    where points to be taken back had expired already. ``original`` is the entry that this one gives back or takes back,
    in part or whole; ``reverses`` is set besides where it closes it.
    """

    class Kind(models.TextChoices):
        EARN = "earn", _("earned")
        GIFT = "gift", _("gift")
        OPENING = "opening", _("opening balance")
        SPEND = "spend", _("spent")
        RETURN = "return", _("returned")
        CLAW_BACK = "claw_back", _("taken back")
        EXPIRE = "expire", _("expired")
        ADJUST = "adjust", _("adjusted by hand")
        RELEASE = "release", _("released")
        CLEAR = "clear", _("cleared")
        RESTORE = "restore", _("clearing undone")
        MOVE = "move", _("moved to or from another membership")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False, verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    points = models.BigIntegerField(_("points"))
    debt = models.BigIntegerField(_("points debt"), default=0)
    balance_after = models.BigIntegerField(_("balance after"))
    debt_after = models.BigIntegerField(_("points debt after"))
    computed = models.BigIntegerField(_("computed"))
    limited_by = models.CharField(_("limited by"), max_length=40, blank=True)
    rule: Any = models.JSONField(_("rule"), null=True, blank=True)
    original = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("store")
    )
    actor = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("staff")
    )

    class Meta(LedgerEntry.Meta):
        verbose_name = _("points entry")
        verbose_name_plural = _("points entries")
        permissions = [
            ("export_entry", "Can download points entries"),
            ("view_ledger", "Can read the points ledger of the whole chain"),
        ]
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(condition=Q(balance_after__gte=0), name="points_entry_balance_not_negative"),
            models.CheckConstraint(condition=Q(debt_after__gte=0), name="points_entry_debt_not_negative"),
            models.CheckConstraint(
                condition=Q(balance_after__gte=F("points"), debt_after__gte=F("debt")),
                name="points_entry_begins_not_negative",
            ),
            # Which way each kind goes: what comes in repays a debt, only what is taken back may make one (R-P11).
            models.CheckConstraint(
                condition=Q(kind__in=["earn", "gift", "opening", "return", "restore"], points__gte=0, debt__lte=0)
                | Q(kind__in=["spend", "expire", "clear"], points__lt=0, debt=0)
                | Q(kind="claw_back", points__lte=0, debt__gte=0)
                | Q(kind="release", points=0, debt=0)
                | Q(kind__in=["adjust", "move"]),
                name="points_entry_signs",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["return", "claw_back", "restore"]) | Q(original__isnull=False),
                name="points_entry_undoes_something",
            ),
            models.CheckConstraint(
                condition=Q(reverses__isnull=True) | Q(original__isnull=False, reverses=F("original")),
                name="points_entry_closes_its_original",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["adjust", "clear", "restore"]) | ~Q(memo=""),
                name="points_entry_by_hand_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="points_entry_newest"),
            models.Index(fields=["original"], condition=Q(original__isnull=False), name="points_entry_original"),
            models.Index(fields=["store", "occurred_at"], name="points_entry_by_store"),
            models.Index(
                fields=["source", "account"], condition=Q(source__startswith="points-batch:"), name="points_entry_batch"
            ),
            models.Index(fields=["-id"], condition=~Q(limited_by=""), name="points_entry_limited"),
            BrinIndex(fields=["recorded_at"], name="points_entry_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points:+d} of member #{self.account_id}"

    @property
    def granted(self) -> int:
        """What the member really got (or lost): the change of the balance and of the debt together."""
        return self.points - self.debt

    @property
    def repaid(self) -> int:
        """How much of a points debt this entry paid off."""
        return max(-self.debt, 0)


class Lot(models.Model):
    """Points of one credit with one expiry. Spendable while ``available_from <= at < expires_at`` (rules.md 0.6).

    ``expires_at`` is an exclusive instant, empty for never. ``expired`` is how much the nightly job took from it.
    ``origin`` is the lot whose points came back after that lot had expired, or that they were moved or restored from.
    ``is_released`` is False from a pending credit until the nightly job has entered that its time has come (R-P4).
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False, verbose_name=_("account"))
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="lots", verbose_name=_("entry"))
    granted = models.BigIntegerField(_("granted"))
    remaining = models.BigIntegerField(_("remaining"))
    expired = models.BigIntegerField(_("expired"), default=0)
    available_from = models.DateTimeField(_("available from"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    is_released = models.BooleanField(_("released"), default=True, db_default=True)
    source = models.CharField(_("source"), max_length=100)
    origin = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("points lot")
        verbose_name_plural = _("points lots")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    remaining__gte=0, expired__gte=0, granted__gt=0, remaining__lte=F("granted") - F("expired")
                ),
                name="points_lot_remaining_in_range",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "expires_at"], condition=Q(remaining__gt=0), name="points_lot_open"),
            models.Index(
                fields=["expires_at", "account"],
                condition=Q(remaining__gt=0, expires_at__isnull=False),
                name="points_lot_due",
            ),
            models.Index(fields=["origin"], condition=Q(origin__isnull=False), name="points_lot_origin"),
            models.Index(
                fields=["available_from", "account"], condition=Q(is_released=False), name="points_lot_unreleased"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.granted} until {self.expires_at}"


class LotUse(AppendOnly):
    """How an entry changed a lot that existed before it: negative for points eaten, positive for points put back."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="uses")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="uses")
    points = models.BigIntegerField()

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(condition=~Q(points=0), name="points_lot_use_not_zero"),
            models.UniqueConstraint(fields=["entry", "lot"], name="points_lot_use_once_per_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} on lot #{self.lot_id}"
