"""Stored value: principal and bonus, the recharges they came from, and every movement (rules.md 3)."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core import days
from core.ledger import AppendOnly, LedgerEntry, append_only_triggers
from members.models import Member
from stores.models import Staff, Store


def money_field(label: Any, **options: Any) -> "models.DecimalField[Any, Decimal]":
    """An amount with two places."""
    return models.DecimalField(label, max_digits=14, decimal_places=2, **options)


#: More than any account will hold; what the columns hold and is not below it is no number.
BEYOND = Decimal("1000000000.00")


class Account(models.Model):
    """The cached sums of a member's entries, principal and bonus apart (R-W1).

    A frozen or lost account neither pays, recharges, transfers nor pays out, but takes refunds (R-W7). Lost is not
    stored: it holds as long as the member's present card is blocked (``members.services.block_card``).
    ``recharging`` and ``recharge_until`` are for one-time and limited-time cards: they end recharges, never principal.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        FROZEN = "frozen", _("frozen")
        LOST = "lost", _("card reported lost")
        CLOSED = "closed", _("closed")

    class Recharging(models.TextChoices):
        ANY = "any", _("can be recharged")
        ONCE = "once", _("can be recharged once")
        NEVER = "never", _("cannot be recharged")

    member = models.OneToOneField(Member, models.PROTECT, primary_key=True, related_name="+", verbose_name=_("member"))
    principal = money_field(_("principal"), default=Decimal("0.00"))
    bonus = money_field(_("bonus"), default=Decimal("0.00"))
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE, db_default=Status.ACTIVE
    )
    recharging = models.CharField(
        _("recharges"), max_length=10, choices=Recharging.choices, default=Recharging.ANY, db_default=Recharging.ANY
    )
    recharge_until = models.DateField(_("last day of recharges"), null=True, blank=True)

    class Meta:
        verbose_name = _("stored-value account")
        verbose_name_plural = _("stored-value accounts")
        permissions = [
            ("freeze_account", "Can freeze stored value, report its card lost and lift that"),
            ("limit_recharges", "Can make a card one that is recharged once, never or for a time"),
            ("transfer_balance", "Can move stored value to another member"),
            ("approve_transfer", "Can approve transfers of stored value"),
            ("clear_bonus", "Can clear bonus money"),
            ("correct_principal", "Can ask for a correction of principal"),
            ("approve_correction", "Can approve corrections and clearings of stored value"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(principal__gte=0), name="wallet_account_principal_not_negative"),
            models.CheckConstraint(condition=Q(bonus__gte=0), name="wallet_account_bonus_not_negative"),
            # "Not a number" counts as larger than every number.
            models.CheckConstraint(condition=Q(principal__lt=BEYOND, bonus__lt=BEYOND), name="wallet_account_numbers"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "frozen", "closed"]), name="wallet_account_lost_is_not_stored"
            ),
            models.CheckConstraint(
                condition=Q(recharging__in=["any", "once", "never"]), name="wallet_account_recharging_known"
            ),
        ]

    def __str__(self) -> str:
        return f"stored value of member #{self.member_id}"


class PayerKind(models.TextChoices):
    """Who paid: cash limits differ (R-W4)."""

    INDIVIDUAL = "individual", _("individual")
    COMPANY = "company", _("company")


class Recharge(AppendOnly):
    """Money paid in and the bonus given with it, as agreed; ``plan`` is the snapshot of the offer (rules.md 0.13).

    ``is_gift``: bonus that was given without any payment (R-T12). It is a recharge of nothing to the law, so a refund
    in money pays nothing for it; payments, transfers and expiry treat it as any bonus.
    The rates are those of the day of the contract, for the interest of a legal refund (R-W6). The document shown is
    sealed like a phone number (``members.identity``); ``tender`` is the checkout's kind of payment.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False, verbose_name=_("account"))
    principal = money_field(_("principal"))
    bonus = money_field(_("bonus"))
    bonus_expires_at = models.DateTimeField(_("bonus expires at"), null=True, blank=True)
    is_gift = models.BooleanField(_("gift"), default=False, db_default=False)
    plan: Any = models.JSONField(_("plan"), null=True, blank=True)
    paid_at = models.DateTimeField(_("paid at"))
    lpr_1y = models.DecimalField(_("one-year LPR, percent"), max_digits=7, decimal_places=4, default=0)
    deposit_rate_1y = models.DecimalField(
        _("one-year deposit rate, percent"), max_digits=7, decimal_places=4, default=0
    )
    contract_version = models.CharField(_("contract version"), max_length=20, blank=True)
    payer_kind = models.CharField(_("payer"), max_length=10, choices=PayerKind.choices, default=PayerKind.INDIVIDUAL)
    payer_name = models.CharField(_("name of the payer"), max_length=60, blank=True)
    id_kind = models.CharField(_("kind of document"), max_length=20, blank=True)
    id_cipher = models.BinaryField(default=b"", blank=True)
    id_tail = models.CharField(_("end of the document number"), max_length=4, blank=True)
    tender = models.CharField(_("paid by"), max_length=10, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False, verbose_name=_("store"))
    actor = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("staff")
    )
    source = models.CharField(_("source"), max_length=100)
    idempotency_key = models.CharField(_("idempotency key"), max_length=200, unique=True)

    class Meta(AppendOnly.Meta):
        verbose_name = _("recharge")
        verbose_name_plural = _("recharges")
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(
                condition=Q(principal__gte=0, bonus__gte=0) & (Q(principal__gt=0) | Q(bonus__gt=0)),
                name="wallet_recharge_amounts",
            ),
            models.CheckConstraint(condition=Q(is_gift=False) | Q(principal=0), name="wallet_recharge_gift_unpaid"),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="wallet_recharge_newest"),
            models.Index(fields=["store", "paid_at"], name="wallet_recharge_by_store"),
            models.Index(Upper("payer_name"), condition=~Q(payer_name=""), name="wallet_recharge_by_payer"),
        ]

    def __str__(self) -> str:
        return f"{self.principal} + {self.bonus} for member #{self.account_id}"

    @property
    def bonus_last_day(self) -> date | None:
        """The last shop day on which the bonus pays, None for no end."""
        return None if self.bonus_expires_at is None else days.last_day(self.bonus_expires_at)


class Entry(LedgerEntry):
    """One movement of both buckets. ``list_amount`` is what the payment bought at list prices (R-W6); a refund carries
    the opposite sign. ``original`` is the entry that this one gives back, in part or whole.
    """

    class Kind(models.TextChoices):
        RECHARGE = "recharge", _("recharge")
        GIFT = "gift", _("bonus given")
        GIFT_BACK = "gift_back", _("gift taken back")
        SPEND = "spend", _("spent")
        REFUND = "refund", _("refund")
        REVERSAL = "reversal", _("recharge voided")
        BONUS_EXPIRY = "bonus_expiry", _("bonus expired")
        CASH_OUT = "cash_out", _("paid out")
        TRANSFER_OUT = "transfer_out", _("transferred out")
        TRANSFER_IN = "transfer_in", _("transferred in")
        BONUS_CLEAR = "bonus_clear", _("bonus cleared")
        CORRECTION = "correction", _("corrected")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False, verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    principal = money_field(_("principal"))
    bonus = money_field(_("bonus"))
    principal_after = money_field(_("principal after"))
    bonus_after = money_field(_("bonus after"))
    list_amount = money_field(_("at list prices"), null=True, blank=True)
    paid_out = money_field(_("paid out"), null=True, blank=True)
    is_pin_verified = models.BooleanField(_("PIN given"), default=False, db_default=False)
    recharge = models.ForeignKey(Recharge, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    original = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("store")
    )
    actor = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("staff")
    )

    class Meta(LedgerEntry.Meta):
        verbose_name = _("stored-value entry")
        verbose_name_plural = _("stored-value entries")
        permissions = [("export_entry", "Can download stored-value entries")]
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(
                condition=Q(principal_after__gte=0, bonus_after__gte=0), name="wallet_entry_after_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(principal__gte=0)
                | Q(kind__in=["spend", "reversal", "cash_out", "transfer_out", "correction"]),
                name="wallet_entry_principal_falls_only_by_allowed_kinds",
            ),
            models.CheckConstraint(
                condition=Q(kind="cash_out", paid_out__isnull=False, paid_out__gte=0)
                | (~Q(kind="cash_out") & Q(paid_out__isnull=True)),
                name="wallet_entry_paid_out_only_by_cash_out",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["recharge", "refund", "transfer_in"]) | Q(principal__gte=0, bonus__gte=0),
                name="wallet_entry_credits_are_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["spend", "reversal", "cash_out", "transfer_out"])
                | Q(principal__lte=0, bonus__lte=0),
                name="wallet_entry_debits_are_not_positive",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["bonus_expiry", "bonus_clear", "gift_back"]) | Q(principal=0, bonus__lte=0),
                name="wallet_entry_bonus_kinds_leave_principal",
            ),
            models.CheckConstraint(
                condition=~Q(kind="gift") | Q(principal=0, bonus__gt=0), name="wallet_entry_gift_is_bonus"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["recharge", "gift", "gift_back", "bonus_expiry", "bonus_clear", "correction"],
                    recharge__isnull=False,
                    original__isnull=True,
                )
                | Q(kind="reversal", recharge__isnull=False, original__isnull=False)
                | Q(kind="refund", recharge__isnull=True, original__isnull=False)
                | Q(
                    kind__in=["spend", "cash_out", "transfer_out", "transfer_in"],
                    recharge__isnull=True,
                    original__isnull=True,
                ),
                name="wallet_entry_names_what_it_changes",
            ),
            models.CheckConstraint(
                condition=Q(kind="cash_out") | ~Q(principal=0, bonus=0), name="wallet_entry_moves_something"
            ),
            models.CheckConstraint(
                condition=Q(principal__lt=BEYOND, bonus__lt=BEYOND, principal_after__lt=BEYOND, bonus_after__lt=BEYOND),
                name="wallet_entry_numbers",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="wallet_entry_newest"),
            models.Index(fields=["original"], condition=Q(original__isnull=False), name="wallet_entry_original"),
            models.Index(fields=["recharge"], condition=Q(recharge__isnull=False), name="wallet_entry_recharge"),
            models.Index(fields=["store", "occurred_at"], name="wallet_entry_by_store"),
            # What a member has paid today without the PIN (R-W10); every sale by stored value asks.
            models.Index(
                fields=["account", "occurred_at"],
                condition=Q(kind="spend", is_pin_verified=False),
                name="wallet_entry_without_pin",
            ),
            BrinIndex(fields=["recorded_at"], name="wallet_entry_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+} of member #{self.account_id}"

    @property
    def amount(self) -> Decimal:
        """Principal and bonus together, signed."""
        return self.principal + self.bonus

    @property
    def balance_after(self) -> Decimal:
        """Principal and bonus together after this entry."""
        return self.principal_after + self.bonus_after


class Lot(models.Model):
    """What a recharge put into one bucket and what is left of it. Only bonus may expire (R-W1).

    ``expires_at`` is an exclusive instant; ``origin`` is the bonus lot whose money came back after it had expired, or
    the lot of another account that this money was transferred from: the recharge stays the one that was paid (R-W9).
    """

    class Bucket(models.TextChoices):
        PRINCIPAL = "principal", _("principal")
        BONUS = "bonus", _("bonus")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    recharge = models.ForeignKey(Recharge, models.PROTECT, related_name="lots")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="lots")
    bucket = models.CharField(_("bucket"), max_length=10, choices=Bucket.choices)
    granted = money_field(_("granted"))
    remaining = money_field(_("remaining"))
    expired = money_field(_("expired"), default=Decimal("0.00"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    origin = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("stored-value lot")
        verbose_name_plural = _("stored-value lots")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    remaining__gte=0, expired__gte=0, granted__gt=0, remaining__lte=F("granted") - F("expired")
                ),
                name="wallet_lot_remaining_in_range",
            ),
            models.CheckConstraint(
                condition=Q(bucket="bonus") | Q(bucket="principal", expires_at__isnull=True),
                name="wallet_lot_principal_never_expires",
            ),
            models.CheckConstraint(condition=Q(granted__lt=BEYOND), name="wallet_lot_numbers"),
        ]
        indexes = [
            models.Index(fields=["account"], condition=Q(remaining__gt=0), name="wallet_lot_open"),
            models.Index(
                fields=["expires_at", "account"],
                condition=Q(remaining__gt=0, expires_at__isnull=False),
                name="wallet_lot_due",
            ),
            models.Index(fields=["origin"], condition=Q(origin__isnull=False), name="wallet_lot_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.granted} {self.bucket}"


class LotUse(AppendOnly):
    """How an entry changed a lot that existed before it: negative for money taken, positive for money put back."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="uses")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="uses")
    amount = money_field(_("amount"))

    class Meta(AppendOnly.Meta):
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="wallet_lot_use_not_zero"),
            models.UniqueConstraint(fields=["entry", "lot"], name="wallet_lot_use_once_per_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+} on lot #{self.lot_id}"
