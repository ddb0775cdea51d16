"""Stored value over time: what it was at a moment, the statement of a period, the ledger of the whole chain."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from core import days, settings
from core.money import ZERO
from members.selectors import list_all, search_condition
from stores.models import Staff
from wallet.models import Entry, Lot, LotUse, Recharge
from wallet.selectors.balances import Balance, list_recharges


def get_balance_as_of(*, member_id: int, recorded_until: datetime) -> Balance:
    """What the books said of a member at an instant: everything recorded by then, whenever it had happened.

    ``spendable`` leaves out bonus that had ended by then.
    """
    row = (
        Entry.objects.filter(account_id=member_id, recorded_at__lte=recorded_until)
        .order_by("-id")
        .values_list("principal_after", "bonus_after")
        .first()
    )
    principal, bonus = row or (ZERO, ZERO)
    ended = sum(
        (lot.left for lot in list_lots_as_of(member_id=member_id, recorded_until=recorded_until) if lot.is_ended), ZERO
    )
    return Balance(principal, bonus, principal + bonus - ended)


@dataclass(frozen=True)
class LotAsOf:
    """What was left of a lot at an instant; ``is_ended`` says that it could not pay any more."""

    lot_id: int
    recharge_id: int
    bucket: str
    granted: Decimal
    left: Decimal
    expires_at: datetime | None
    is_ended: bool


def list_lots_as_of(*, member_id: int, recorded_until: datetime) -> list[LotAsOf]:
    """The lots of a member that something was left of at an instant, from the entries recorded by then."""
    used = (
        LotUse.objects.filter(lot_id=OuterRef("pk"), entry__recorded_at__lte=recorded_until)
        .order_by()
        .values("lot_id")
        .annotate(total=Sum("amount"))
        .values("total")
    )
    rows = (
        Lot.objects.filter(account_id=member_id, entry__recorded_at__lte=recorded_until)
        .annotate(left=F("granted") + Coalesce(Subquery(used), ZERO))
        .filter(left__gt=0)
        .order_by("id")
    )
    return [
        LotAsOf(
            row.pk,
            row.recharge_id,
            row.bucket,
            row.granted,
            row.left,
            row.expires_at,
            row.expires_at is not None and row.expires_at <= recorded_until,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class StatementLine:
    """A movement with the balance that the statement shows after it."""

    entry: Entry
    principal_after: Decimal
    bonus_after: Decimal

    @property
    def balance_after(self) -> Decimal:
        """Both buckets together."""
        return self.principal_after + self.bonus_after


@dataclass(frozen=True)
class Statement:
    """What a customer gets (R-W15): opening and closing balance tie by the movements between them, by shop days."""

    since: date
    until: date
    opening: Balance
    closing: Balance
    lines: list[StatementLine]
    recharges: list[tuple[Recharge, str]]

    @property
    def came_in(self) -> Decimal:
        """All credits of the period."""
        return sum((line.entry.amount for line in self.lines if line.entry.amount > 0), ZERO)

    @property
    def went_out(self) -> Decimal:
        """All debits of the period, as a positive sum."""
        return -sum((line.entry.amount for line in self.lines if line.entry.amount < 0), ZERO)


def get_statement(*, member_id: int, since: date, until: date) -> Statement:
    """The movements of shop days ``since`` to ``until``, both included, in the order in which they happened.

    All recharges are listed that were made by the end of the period and that the account has ever held, each with the
    terms that were in force when it was paid.
    """
    begins, ends = days.start_of(since), days.end_of(until)
    entries = Entry.objects.filter(account_id=member_id)
    principal, bonus = _sums(entries.filter(occurred_at__lt=begins))
    opening = Balance(principal, bonus, principal + bonus)
    lines = []
    period = entries.filter(occurred_at__gte=begins, occurred_at__lt=ends).select_related("store", "actor")
    for entry in period.order_by("occurred_at", "id"):
        principal, bonus = principal + entry.principal, bonus + entry.bonus
        lines.append(StatementLine(entry, principal, bonus))
    recharges = list_recharges(member_id=member_id).filter(paid_at__lt=ends).order_by("paid_at", "id")
    terms = [
        (made, "" if made.is_gift else str(settings.value("wallet.contract_terms", made.paid_at))) for made in recharges
    ]
    return Statement(since, until, opening, Balance(principal, bonus, principal + bonus), lines, terms)


def _sums(entries: QuerySet[Entry]) -> tuple[Decimal, Decimal]:
    sums = entries.aggregate(principal=Sum("principal", default=ZERO), bonus=Sum("bonus", default=ZERO))
    return sums["principal"], sums["bonus"]


@dataclass(frozen=True)
class LedgerFilter:
    """What the ledger of the chain is narrowed to; empty means everything. Days are shop days, included."""

    member: str = ""
    kind: str = ""
    store_id: int | None = None
    actor_id: int | None = None
    since: date | None = None
    until: date | None = None
    least: Decimal | None = None


def list_ledger(staff: Staff, criteria: LedgerFilter) -> QuerySet[Entry]:
    """Entries of all members with member, store and staff, unordered; those of the person's stores only, unless they
    see the whole chain (R-S2).
    """
    rows = Entry.objects.select_related("account__member", "store", "actor")
    if not staff.sees_all_stores:
        rows = rows.filter(store__in=staff.stores.all())
    if criteria.member:
        # Materialised, so that no other filter tempts the planner into reading the whole table.
        found = list_all().filter(search_condition(criteria.member)).values_list("pk", flat=True)[:200]
        rows = rows.filter(account_id__in=list(found))
    equal = {"kind": criteria.kind, "store_id": criteria.store_id, "actor_id": criteria.actor_id}
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if criteria.since is not None:
        rows = rows.filter(occurred_at__gte=days.start_of(criteria.since))
    if criteria.until is not None:
        rows = rows.filter(occurred_at__lt=days.end_of(criteria.until))
    if criteria.least is not None:
        rows = rows.annotate(moved=F("principal") + F("bonus")).filter(
            Q(moved__gte=criteria.least) | Q(moved__lte=-criteria.least)
        )
    return rows
