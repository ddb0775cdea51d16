"""Refunds of stored value in money: what would be paid, and the papers that were made (R-W6)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Prefetch, Q, QuerySet, Sum
from django.http import Http404

from approvals.models import Request
from audit.models import Record
from core import days, settings
from core.money import ZERO
from stores.models import Staff
from wallet.models import Account, CashOut, CashOutLine, Entry, Lot, LotUse, Recharge
from wallet.rules import legal
from wallet.rules.legal import Holding
from wallet.selectors.holdings import list_holdings

OVERDUE = "overdue"


@dataclass(frozen=True)
class CashOutRules:
    """The owner's settings of refunds in money, in force at an instant."""

    promise: str
    promise_days: int
    cash_limit: Decimal
    days_to_pay: int
    days_to_pay_unused: int

    def days_for(self, reckoned: "RefundSum") -> int:
        """In how many days it has to be paid: sooner where nothing was used yet (Beijing [L3])."""
        return self.days_to_pay_unused if reckoned.is_unused else self.days_to_pay


@dataclass(frozen=True)
class RefundLine:
    """One recharge of a refund with all numbers that it was reckoned from."""

    recharge: Recharge
    holding: Holding
    left_principal: Decimal
    left_bonus: Decimal
    article: str
    formula: str
    legal: Decimal
    promised: Decimal
    rate: Decimal
    interest_since: date
    interest: Decimal

    @property
    def is_voidable(self) -> bool:
        """Nothing of it was used, so on its own day it can be voided instead (R-W5)."""
        if self.recharge.is_gift:
            return False
        whole = (self.recharge.principal, self.recharge.bonus)
        return self.holding.consumed == 0 and (self.left_principal, self.left_bonus) == whole


@dataclass(frozen=True)
class RefundSum:
    """What a refund of all stored value of a member would close and pay."""

    ground: str
    terminated_on: date
    lines: list[RefundLine]
    principal: Decimal
    bonus: Decimal
    legal: Decimal
    promised: Decimal
    interest: Decimal

    @property
    def principal_part(self) -> Decimal:
        """The better of law and promise, without interest."""
        return max(self.legal, self.promised)

    @property
    def paid(self) -> Decimal:
        """What the customer gets."""
        return self.principal_part + self.interest

    @property
    def settlement(self) -> Decimal:
        """Paid less the principal that is closed: above 0 it costs the shop, below 0 it is left to the shop."""
        return self.paid - self.principal

    @property
    def is_unused(self) -> bool:
        """Nothing of it was consumed, and all of it was paid within the 7 days of Art. 14: it goes back sooner."""
        paid = [line for line in self.lines if not line.recharge.is_gift]
        return all(line.article == legal.ARTICLE_14 and not line.holding.consumed for line in paid)

    @property
    def voidable(self) -> list[RefundLine]:
        """Unused recharges of the day of notice: a mistake is undone by voiding (R-W5)."""
        return [
            line
            for line in self.lines
            if line.is_voidable and days.local_day(line.recharge.paid_at) == self.terminated_on
        ]


def get_cash_out_rules(*, at: datetime) -> CashOutRules:
    """The settings in force at ``at``, one statement."""
    values = settings.values(at)
    return CashOutRules(
        promise=values["wallet.promise"],
        promise_days=values["wallet.promise_days"],
        cash_limit=values["wallet.cash_out_cash_limit"],
        days_to_pay=values["wallet.cash_out_days"],
        days_to_pay_unused=values["wallet.cash_out_days_unused"],
    )


def reckon_cash_out(
    *, member_id: int, ground: str, terminated_on: date, had_before: bool, paid_on: date, at: datetime
) -> RefundSum:
    """The refund of everything a member holds, recharge by recharge, if it is paid on ``paid_on``.

    Recharges of which nothing is left, neither in the ledger nor by law, are left out. Interest runs from the day of
    termination, or from the payment of a recharge where that was later (Arts. 16, 17).
    """
    rules = get_cash_out_rules(at=at)
    holdings = list_holdings(member_id=member_id)
    account = Account.objects.filter(pk=member_id).first()
    lines = []
    for recharge in _recharges(member_id, list(holdings)):
        line = _line(recharge, holdings[recharge.pk], rules, ground, terminated_on, had_before, paid_on)
        if line.left_principal or line.left_bonus or line.legal:
            lines.append(line)
    return RefundSum(
        ground=ground,
        terminated_on=terminated_on,
        lines=lines,
        principal=ZERO if account is None else account.principal,
        bonus=ZERO if account is None else account.bonus,
        legal=sum((line.legal for line in lines), ZERO),
        promised=sum((line.promised for line in lines), ZERO),
        interest=sum((line.interest for line in lines), ZERO),
    )


def _recharges(member_id: int, recharge_ids: list[int]) -> list[Recharge]:
    """The recharges, oldest first, with what is left of either bucket in this account; others may hold some too."""
    own = Q(lots__account_id=member_id)
    return list(
        Recharge.objects.filter(pk__in=recharge_ids)
        .select_related("store")
        .annotate(
            left_principal=Sum("lots__remaining", filter=own & Q(lots__bucket=Lot.Bucket.PRINCIPAL), default=ZERO),
            left_bonus=Sum("lots__remaining", filter=own & Q(lots__bucket=Lot.Bucket.BONUS), default=ZERO),
        )
        .order_by("paid_at", "id")
    )


def _line(
    recharge: Recharge,
    holding: Holding,
    rules: CashOutRules,
    ground: str,
    terminated_on: date,
    had_before: bool,
    paid_on: date,
) -> RefundLine:
    recharged_on = days.local_day(recharge.paid_at)
    article = legal.article_for(ground, paid_on=recharged_on, terminated_on=terminated_on, had_before=had_before)
    by_law = legal.sum_by_law(holding, article)
    left_principal: Decimal = recharge.left_principal  # type: ignore[attr-defined]  # annotated
    rate = legal.rate_for(ground, lpr=recharge.lpr_1y, deposit=recharge.deposit_rate_1y)
    since = max(terminated_on, recharged_on)
    return RefundLine(
        recharge=recharge,
        holding=holding,
        left_principal=left_principal,
        left_bonus=recharge.left_bonus,  # type: ignore[attr-defined]  # annotated
        article=by_law.article,
        formula=by_law.formula,
        legal=by_law.amount,
        promised=legal.sum_by_promise(
            rules.promise,
            legal=by_law.amount,
            left=holding.promised_left(left_principal),
            paid_on=recharged_on,
            terminated_on=terminated_on,
            first_days=rules.promise_days,
        ),
        rate=rate,
        interest_since=since,
        interest=legal.interest(by_law.amount, rate, since=since, until=paid_on),
    )


def list_concerned(*, member_id: int) -> list[int]:
    """Whom a refund of this member locks, in order of id: the member, and who paid what was transferred to them.

    Gifts and tier counts of a recharge belong to who paid it, wherever its money is now (R-W9, R-W12).
    """
    payers = Recharge.objects.filter(lots__account_id=member_id).values_list("account_id", flat=True)
    return sorted({member_id, *payers})


def holds_any(*, member_id: int, recharge_id: int) -> bool:
    """Whether the account has something left of a recharge."""
    return Lot.objects.filter(account_id=member_id, recharge_id=recharge_id, remaining__gt=0).exists()


def find_last_closing(recharge_id: int) -> tuple[int, Decimal] | None:
    """The newest payout that closed principal of a recharge in any account: its entry's id, and how much."""
    closed = LotUse.objects.filter(
        lot__recharge_id=recharge_id, lot__bucket=Lot.Bucket.PRINCIPAL, entry__kind=Entry.Kind.CASH_OUT
    )
    row = closed.values_list("entry_id").annotate(total=Sum("amount")).order_by("-entry_id").first()
    return None if row is None else (row[0], -row[1])


def list_cash_outs(
    staff: Staff, *, status: str = "", text: str = "", store_id: int | None = None, today: date | None = None
) -> QuerySet[CashOut]:
    """Refunds of the stores that this person may see; ``status`` also ``overdue`` (with ``today``)."""
    rows = CashOut.objects.select_related("member", "store", "requested_by")
    if not staff.sees_all_stores:
        rows = rows.filter(store__staff=staff)
    if status == OVERDUE:
        rows = rows.filter(_overdue(today))
    elif status:
        rows = rows.filter(status=status)
    if store_id:
        rows = rows.filter(store_id=store_id)
    if text:
        rows = rows.filter(Q(member__number=text) | Q(payee_name__icontains=text) | Q(member__name__icontains=text))
    return rows


def _overdue(today: date | None) -> Q:
    """Past its day and not paid: also while it waits for approval, because the customer waits as well."""
    return Q(status__in=[CashOut.Status.WAITING, CashOut.Status.DUE], due_on__lt=today)


def get_cash_out_for(staff: Staff, pk: int) -> CashOut:
    """One refund with its lines; 404 for another store's."""
    lines = Prefetch("lines", CashOutLine.objects.select_related("recharge", "recharge__store").order_by("id"))
    found = list_cash_outs(staff).select_related("paid_by").prefetch_related(lines).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def get_cash_out(pk: int) -> CashOut:
    """One refund for the use cases above; CashOut.DoesNotExist."""
    return CashOut.objects.select_related("member", "store").get(pk=pk)


def list_cash_outs_of(*, member_id: int) -> QuerySet[CashOut]:
    """A member's refunds, newest first."""
    return CashOut.objects.filter(member_id=member_id).select_related("store").order_by("-id")


def list_cash_due(*, store_id: int) -> list[CashOut]:
    """Approved refunds that a drawer of this store has to pay, the oldest first."""
    rows = CashOut.objects.filter(store_id=store_id, status=CashOut.Status.DUE, method=CashOut.Method.CASH)
    return list(rows.select_related("member").prefetch_related("lines").order_by("due_on", "id"))


def count_cash_outs(staff: Staff, *, today: date) -> dict[str, int]:
    """How many wait for approval, are to be paid and are overdue, for the home page."""
    rows = list_cash_outs(staff)
    return {
        "waiting": rows.filter(status=CashOut.Status.WAITING).count(),
        "due": rows.filter(status=CashOut.Status.DUE).count(),
        "overdue": rows.filter(_overdue(today)).count(),
    }


def list_refund_movements(cash_out: CashOut) -> list[tuple[Entry, int, Decimal, Decimal]]:
    """Every movement of the recharges of a refund in the order of the ledger: entry, recharge, principal, bonus.

    In whatever account: what was transferred is part of the story. Per recharge and account the parts add up to what
    was left. Three statements.
    """
    recharges = [line.recharge_id for line in cash_out.lines.all()]
    made = Lot.objects.filter(recharge__in=recharges).values_list("entry_id", "recharge_id", "bucket", "granted")
    used = LotUse.objects.filter(lot__recharge__in=recharges)
    parts: dict[tuple[int, int], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for entry_id, recharge_id, bucket, amount in [
        *made,
        *used.values_list("entry_id", "lot__recharge_id", "lot__bucket", "amount"),
    ]:
        parts[entry_id, recharge_id][bucket == Lot.Bucket.BONUS] += amount
    entries = Entry.objects.select_related("store", "actor", "account__member").in_bulk({pk for pk, _other in parts})
    return [(entries[key[0]], key[1], *parts[key]) for key in sorted(parts)]  # type: ignore[misc]  # two parts


def list_approvals_of(cash_out: CashOut) -> QuerySet[Request]:
    """Who was asked for this refund and what they said."""
    rows = Request.objects.filter(subject=cash_out.source)
    return rows.select_related("requested_by", "decided_by").order_by("id")


def list_records_of(cash_out: CashOut) -> QuerySet[Record]:
    """What the audit trail keeps of this refund and of its approvals."""
    subjects = [cash_out.source, *(f"approval:{request.pk}" for request in list_approvals_of(cash_out))]
    return Record.objects.filter(subject__in=subjects).select_related("actor", "approver").order_by("id")


def find_posted_entry(cash_out: CashOut) -> Entry | None:
    """The ledger entry that a refund has posted, if it has."""
    return Entry.objects.filter(idempotency_key=CashOut.key_of(cash_out.source)).first()
