"""Reads of stored value."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Sum
from psycopg import sql

from core import days, settings
from core.money import ZERO, to_cents
from members.models import Member
from wallet import rules
from wallet.models import Account, Entry, Lot, LotUse, Recharge

#: What the member ``m.id`` spent between ``since`` and ``until`` without the PIN, less what of it came back (R-W10).
SPENT_WITHOUT_PIN = sql.SQL("""
SELECT COALESCE(SUM(s.amount), 0.00)
  FROM (
    SELECT -e.principal - e.bonus
             - COALESCE((SELECT SUM(r.principal + r.bonus) FROM wallet_entry r WHERE r.original_id = e.id), 0) AS amount
      FROM wallet_entry e
     WHERE e.account_id = m.id AND e.kind = 'spend' AND NOT e.is_pin_verified
       AND e.occurred_at >= %(since)s AND e.occurred_at < %(until)s
  ) s
""")


@dataclass(frozen=True)
class Balance:
    """A member's stored value at an instant; ``spendable`` leaves out bonus that has expired but is not posted yet."""

    principal: Decimal
    bonus: Decimal
    spendable: Decimal

    @property
    def total(self) -> Decimal:
        """Both buckets together."""
        return self.principal + self.bonus


@dataclass(frozen=True)
class Totals:
    """What has gone in and out since the beginning, voids and refunds taken off."""

    recharged: Decimal
    bonus_given: Decimal
    spent: Decimal


@dataclass(frozen=True)
class WalletRules:
    """The owner's settings in force at an instant."""

    spending_order: str
    limit_named: Decimal
    limit_unnamed: Decimal
    limit_counts_bonus: bool
    grace_days: int
    no_pin_limit: Decimal
    recharges_paused: bool
    recharge_limit: Decimal
    recharge_day_limit: Decimal
    recharge_month_limit: Decimal
    id_from: Decimal
    cash_limit: Decimal
    cash_limit_company: Decimal
    lpr_1y: Decimal
    deposit_rate_1y: Decimal
    contract_version: str
    transfer_day_limit: Decimal

    def limit_for(self, member: Member) -> Decimal:
        """The highest balance after a recharge (R-W4)."""
        return self.limit_named if member.is_named else self.limit_unnamed


def get_rules(*, at: datetime) -> WalletRules:
    """The settings of stored value in force at ``at``, one statement."""
    values = settings.values(at)
    return WalletRules(**{field.name: values[f"wallet.{field.name}"] for field in fields(WalletRules)})


def read_stages(text: str) -> list[int] | None:
    """Days ahead such as ``30, 7, 1``, as numbers from 0 to 365; None for nonsense."""
    parts = [part for part in re.split(r"[\s,，;、]+", text.strip()) if part]
    if not all(re.fullmatch(r"[0-9]{1,3}", part) and int(part) <= 365 for part in parts):
        return None
    return sorted({int(part) for part in parts})


def get_reminder_stages(*, at: datetime) -> list[int]:
    """How many days before the end of bonus members are reminded of it, by the setting; empty for never."""
    return read_stages(settings.value("wallet.bonus_reminder_days", at)) or []


def needs_pin(*, member_id: int, amount: Decimal, at: datetime) -> bool:
    """Whether a payment of ``amount`` now needs the member's PIN (R-W10): it is judged again when it is made."""
    limit = settings.value("wallet.no_pin_limit", at)
    return bool(amount > 0 and get_spent_without_pin(member_id=member_id, at=at) + amount > limit)


def get_spent_without_pin(*, member_id: int, at: datetime) -> Decimal:
    """What the member has paid without the PIN on the shop day of ``at``, less what of it came back."""
    day = days.local_day(at)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT ({}) FROM (SELECT %(member)s::bigint AS id) m").format(SPENT_WITHOUT_PIN),
            {"member": member_id, "since": days.start_of(day), "until": days.end_of(day)},
        )
        return Decimal(cursor.fetchone()[0])


def list_usable_lots(*, member_id: int, at: datetime) -> list[rules.LotState]:
    """The lots that can pay at an instant, one statement; ``rules.split_payment`` puts them in order."""
    rows = Lot.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=at), account_id=member_id, remaining__gt=0
    ).values_list("pk", "recharge_id", "bucket", "remaining", "recharge__paid_at", "expires_at")
    return [
        rules.LotState(pk, recharge_id, bucket == Lot.Bucket.BONUS, to_cents(remaining), paid_at, expires_at)
        for pk, recharge_id, bucket, remaining, paid_at, expires_at in rows
    ]


def get_balance(*, member_id: int, at: datetime) -> Balance:
    """What the member has at ``at``, one statement; all zero for a member who never recharged."""
    lapsed = (
        Lot.objects.filter(account_id=OuterRef("pk"), remaining__gt=0, expires_at__lte=at)
        .order_by()
        .values("account_id")
        .annotate(total=Sum("remaining"))
        .values("total")
    )
    account = Account.objects.filter(pk=member_id).annotate(lapsed=lapsed).first()
    if account is None:
        return Balance(ZERO, ZERO, ZERO)
    return Balance(account.principal, account.bonus, account.principal + account.bonus - (account.lapsed or ZERO))


def list_principals() -> QuerySet[Account, tuple[int, Decimal]]:
    """Every member's stored principal, to be joined to set-based statements of apps above."""
    return Account.objects.order_by().values_list("pk", "principal")


@dataclass(frozen=True)
class PaidIn:
    """Principal recharged so far: by this member on the shop day and in the month, by this payer on the day."""

    day: Decimal
    month: Decimal
    by_payer: Decimal


def get_paid_in(*, member_id: int, payer_kind: str, payer_name: str, at: datetime) -> PaidIn:
    """What the limits of R-W4 add up, voided recharges left out; one statement.

    The same payer is the same kind of payer who recharged this member, or gave the same name for any other.
    """
    today = days.local_day(at)
    day, name = days.start_of(today), payer_name.strip()
    same = Q(account_id=member_id) | Q(payer_name__iexact=name) if name else Q(account_id=member_id)
    mine = Q(account_id=member_id)
    sums = (
        Recharge.objects.filter(
            same, paid_at__gte=days.start_of(days.month_start(today)), paid_at__lt=days.end_of(today)
        )
        .filter(~Exists(Entry.objects.filter(recharge=OuterRef("pk"), kind=Entry.Kind.REVERSAL)))
        .aggregate(
            day=Sum("principal", filter=mine & Q(paid_at__gte=day), default=ZERO),
            month=Sum("principal", filter=mine, default=ZERO),
            by_payer=Sum("principal", filter=Q(payer_kind=payer_kind, paid_at__gte=day), default=ZERO),
        )
    )
    return PaidIn(sums["day"], sums["month"], sums["by_payer"])


def list_entries(
    *, member_id: int, kind: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[Entry]:
    """A member's movements, newest first, with store and staff; ``since`` and ``until`` are shop days, included."""
    entries = Entry.objects.filter(account_id=member_id).select_related("store", "actor").order_by("-id")
    if kind:
        entries = entries.filter(kind=kind)
    if since is not None:
        entries = entries.filter(occurred_at__gte=days.start_of(since))
    if until is not None:
        entries = entries.filter(occurred_at__lt=days.end_of(until))
    return entries


def list_recharges(*, member_id: int) -> QuerySet[Recharge]:
    """The recharges that the member's account holds or held some of, also by transfer, newest first.

    With what this account has left of each (``left_principal``, ``left_bonus``), the last end of that bonus
    (``left_until``, None for no end or none left), ``is_voided`` and ``is_received`` (paid by another member, R-W9).
    Bonus that was given without a recharge is among them (``is_gift``).
    """
    mine = Q(lots__account_id=member_id)
    bonus = mine & Q(lots__bucket=Lot.Bucket.BONUS)
    return (
        Recharge.objects.filter(Exists(Lot.objects.filter(recharge=OuterRef("pk"), account_id=member_id)))
        .select_related("store", "actor")
        .annotate(
            left_principal=Sum("lots__remaining", filter=mine & Q(lots__bucket=Lot.Bucket.PRINCIPAL), default=ZERO),
            left_bonus=Sum("lots__remaining", filter=bonus, default=ZERO),
            left_until=Max("lots__expires_at", filter=bonus & Q(lots__remaining__gt=0)),
            is_voided=Exists(Entry.objects.filter(recharge=OuterRef("pk"), kind=Entry.Kind.REVERSAL)),
            is_received=~Q(account_id=member_id),
        )
        .order_by("-id")
    )


def has_standing_recharge(*, member_id: int) -> bool:
    """Whether the member has ever been recharged, voided recharges and gifts of bonus left out."""
    voided = Entry.objects.filter(recharge=OuterRef("pk"), kind=Entry.Kind.REVERSAL)
    return Recharge.objects.filter(~Exists(voided), account_id=member_id, is_gift=False).exists()


def get_recharge(pk: int) -> Recharge:
    """One recharge; Recharge.DoesNotExist."""
    return Recharge.objects.select_related("store", "actor").get(pk=pk)


def get_recharges(recharge_ids: Sequence[int]) -> dict[int, Recharge]:
    """Several recharges by id, with store."""
    return Recharge.objects.select_related("store").in_bulk(recharge_ids)


def get_used_of_gift(recharge_id: int) -> Decimal:
    """What the member has spent of bonus that was given to them (``is_gift``), or passed on to others, less what came
    back. Bonus that expired, was cleared, or was closed by a refund in money bought nothing and is not used.
    """
    mine = Q(lot__account_id=F("lot__recharge__account_id"))
    kinds = [Entry.Kind.SPEND, Entry.Kind.REFUND, Entry.Kind.TRANSFER_OUT]
    uses = LotUse.objects.filter(mine, lot__recharge=recharge_id, entry__kind__in=kinds)
    back = Lot.objects.filter(
        account_id=F("recharge__account_id"),
        recharge=recharge_id,
        entry__kind__in=[Entry.Kind.REFUND, Entry.Kind.TRANSFER_IN],
    )
    left: Decimal = uses.aggregate(total=Sum("amount", default=ZERO))["total"]
    returned: Decimal = back.aggregate(total=Sum("granted", default=ZERO))["total"]
    return max(-left - returned, ZERO)


def get_totals(*, member_id: int) -> Totals:
    """The cumulative figures of the member page, one statement; bonus that was given without a recharge counts too."""
    money_in = Q(kind__in=[Entry.Kind.RECHARGE, Entry.Kind.REVERSAL])
    gifts = Q(kind__in=[Entry.Kind.GIFT, Entry.Kind.GIFT_BACK])
    money_out = Q(kind__in=[Entry.Kind.SPEND, Entry.Kind.REFUND])
    sums = Entry.objects.filter(account_id=member_id).aggregate(
        recharged=Sum("principal", filter=money_in, default=ZERO),
        bonus_given=Sum("bonus", filter=money_in | gifts, default=ZERO),
        spent=Sum(-F("principal") - F("bonus"), filter=money_out, default=ZERO),
    )
    return Totals(sums["recharged"], sums["bonus_given"], sums["spent"])


def find_entry(*, idempotency_key: str) -> Entry | None:
    """The entry that was posted under a key, or None."""
    return Entry.objects.filter(idempotency_key=idempotency_key).first()
