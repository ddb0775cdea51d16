"""Reads of transfers, and of bonus that can be cleared."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum

from core import days
from core.money import ZERO
from members.models import Member, Pin
from wallet.models import Entry, Lot, Recharge, Transfer


def has_pin(*, member_id: int) -> bool:
    """Whether the member has set a PIN; without one a taker cannot confirm, and need not."""
    return Pin.objects.filter(member_id=member_id).exists()


def get_given_on_day(*, member_id: int, at: datetime) -> Decimal:
    """What the member has transferred to others on the shop day of ``at``."""
    day = days.local_day(at)
    given = Transfer.objects.filter(
        giver_id=member_id, occurred_at__gte=days.start_of(day), occurred_at__lt=days.end_of(day)
    ).aggregate(total=Sum(F("principal") + F("bonus"), default=ZERO))
    return Decimal(given["total"])


def get_transfer(pk: int) -> Transfer:
    """One transfer; Transfer.DoesNotExist."""
    return Transfer.objects.select_related("giver", "taker", "store", "actor").get(pk=pk)


def list_transferred_lots(transfer: Transfer) -> QuerySet[Lot]:
    """The taker's lots that a transfer made, with their recharges, in the order in which they went over."""
    entry = Entry.objects.filter(source=f"transfer:{transfer.pk}", kind=Entry.Kind.TRANSFER_IN)
    return Lot.objects.filter(entry__in=entry).select_related("recharge", "recharge__store").order_by("id")


@dataclass(frozen=True)
class BonusFilter:
    """Which bonus: of one member, of recharges of a plan, of recharges before a day; at least one of them."""

    member_id: int | None = None
    plan: str = ""
    given_before: date | None = None

    def __post_init__(self) -> None:
        if not (self.member_id or self.plan or self.given_before):
            raise ValueError("clearing the bonus of everybody is not offered")

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "BonusFilter":
        """Back from :attr:`payload`."""
        day = payload.get("given_before")
        return cls(payload.get("member"), str(payload.get("plan") or ""), date.fromisoformat(day) if day else None)

    @property
    def payload(self) -> dict[str, Any]:
        """JSON values of a request."""
        day = self.given_before
        return {"member": self.member_id, "plan": self.plan, "given_before": day and day.isoformat()}


def list_clearable(criteria: BonusFilter, *, at: datetime | None) -> list[tuple[int, int, Decimal]]:
    """Lot, member and amount of the open bonus that fits, expired bonus left out (its own job posts that).

    Without ``at`` also the expired one, for locks.
    """
    rows = Lot.objects.filter(bucket=Lot.Bucket.BONUS, remaining__gt=0)
    if at is not None:
        rows = rows.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at))
    if criteria.member_id:
        rows = rows.filter(account_id=criteria.member_id)
    if criteria.plan:
        rows = rows.filter(recharge__plan__name=criteria.plan)
    if criteria.given_before:
        rows = rows.filter(recharge__paid_at__lt=days.start_of(criteria.given_before))
    return list(rows.order_by("account_id", "id").values_list("pk", "account_id", "remaining"))


def list_clearable_members(criteria: BonusFilter, *, at: datetime) -> list[tuple[Member, Decimal]]:
    """Who would lose how much bonus, the largest sums first."""
    sums: dict[int, Decimal] = {}
    for _lot_id, member_id, amount in list_clearable(criteria, at=at):
        sums[member_id] = sums.get(member_id, ZERO) + amount
    largest = sorted(sums, key=lambda member_id: (-sums[member_id], member_id))[:50]
    members = Member.objects.in_bulk(largest)
    return [(members[member_id], sums[member_id]) for member_id in largest]


def list_plan_names() -> list[str]:
    """The plans of recharges with a bonus that is not used up, by name."""
    rows = Recharge.objects.filter(lots__bucket=Lot.Bucket.BONUS, lots__remaining__gt=0, plan__name__isnull=False)
    return sorted({str(name) for name in rows.values_list("plan__name", flat=True).distinct() if name})
