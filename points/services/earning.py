"""What an order earns: rates by rule, one floor, caps and budgets, and lots by when they can be used (R-P1 to R-P5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from core import days
from core.database import joining_atomic
from core.errors import StateChanged
from members.models import Member
from points import rules, selectors
from points.models import Budget, Entry, RuleVersion
from points.rules import EarnLine, EarnTerms, Reckoning, Room, RuleTerms
from points.selectors import PointsRules
from points.services.posting import (
    Context,
    Credit,
    KeyReused,
    MemberNotActive,
    lock_account,
    post,
)
from stores.models import Staff, Store


class BudgetChanged(StateChanged):
    """A budget had less left than was read of it under its lock."""


@dataclass(frozen=True)
class Earning:
    """What an order earned; ``entry`` is None where its goods earn nothing."""

    entry: Entry | None
    reckoning: Reckoning


@joining_atomic
def earn_for_order(
    *,
    member_id: int,
    lines: Sequence[EarnLine],
    terms: EarnTerms,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Earning:
    """Credit what an order earned, with the snapshot that its returns are reckoned from (R-P10). Once per key.

    Caps of the member are read under the member's lock, budgets under their own, which come after the account and
    everything of the customer in the lock order. Where the caps leave nothing, an entry of 0 points says which. A debt
    is repaid first. With pending points the goods make a lot of their own that comes free after the return window
    (R-P4), services one at once; a rule's own expiry makes one too, and each expiry counts from the day on which the
    points can first be used.
    """
    standing = lock_account(member_id, idempotency_key)
    if standing.posted is not None:
        return _earlier(standing.posted, member_id, lines, terms)
    if standing.member.status in {Member.Status.CLOSED, Member.Status.MERGED}:
        raise MemberNotActive(_("This membership has ended and cannot get points."))
    room = _lock_room(member_id, lines, terms, at)
    reckoning = rules.reckon(lines, terms, room)
    if not reckoning.computed:
        return Earning(None, reckoning)
    _take_from_budgets(reckoning, room, terms.caps.budget_per_month, at)
    repaid = min(reckoning.granted, standing.debt)
    entry = post(
        standing,
        Context(source, idempotency_key, at, store, actor),
        kind=Entry.Kind.EARN,
        points=reckoning.granted - repaid,
        debt=-repaid,
        computed=reckoning.computed,
        credits=_credits(lines, reckoning, repaid, selectors.get_rules(at=at), at),
        limited_by=reckoning.limited_by,
        rule=reckoning.snapshot,
    )
    return Earning(entry, reckoning)


def _earlier(posted: Entry, member_id: int, lines: Sequence[EarnLine], terms: EarnTerms) -> Earning:
    """The first answer again, worked out with what the caps had left then."""
    if posted.kind == Entry.Kind.EARN and posted.account_id == member_id and posted.rule and "lines" in posted.rule:
        reckoning = rules.reckon(lines, terms, rules.room_of(posted.rule))
        if reckoning.snapshot == posted.rule:
            return Earning(posted, reckoning)
    raise KeyReused(_("This was already posted with other content. Open the page again."))


def _lock_room(member_id: int, lines: Sequence[EarnLine], terms: EarnTerms, at: datetime) -> Room:
    """What the caps leave, with the budgets locked: versions by id, then the month. No statement where none is set."""
    used = {line.rule.rule_id: line.rule for line in lines if line.rule is not None}
    budget = terms.caps.budget_per_month
    return selectors.build_room(
        member_id=member_id,
        terms=used.values(),
        caps=terms.caps,
        at=at,
        budget_left=budget - _lock_month(at) if budget else None,
        rule_budgets=_lock_versions(used),
    )


def _lock_versions(used: Mapping[int, RuleTerms]) -> dict[int, int]:
    limited = [rule.version_id for rule in used.values() if rule.budget_left is not None]
    if not limited:
        return {}
    rows = RuleVersion.objects.select_for_update(no_key=True).filter(pk__in=limited, budget__isnull=False)
    return {row.pk: (row.budget or 0) - row.granted for row in rows.order_by("pk")}


def _lock_month(at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO points_budget AS b (month, granted) VALUES (%s, 0)"
            "  ON CONFLICT (month) DO UPDATE SET granted = b.granted RETURNING granted",
            [selectors.budget_month(at)],
        )
        return int(cursor.fetchone()[0])


def _take_from_budgets(reckoning: Reckoning, room: Room, budget: int, at: datetime) -> None:
    """One conditional UPDATE each, so that a budget is never exceeded even where a caller did not lock (R-P5)."""
    for rule_id, points in reckoning.by_rule.items():
        limit = room.by_rule.get(rule_id, {}).get(rules.RULE_BUDGET)
        version_id = next(rule.version_id for rule in reckoning.rules if rule is not None and rule.rule_id == rule_id)
        if limit is None or not points:
            continue
        taken = RuleVersion.objects.filter(pk=version_id, granted__lte=F("budget") - points)
        if not taken.update(granted=F("granted") + points):
            raise BudgetChanged(_("A points budget has just been used up. Try again."))
    if rules.BUDGET in room.order and reckoning.granted:
        month = Budget.objects.filter(month=selectors.budget_month(at), granted__lte=budget - reckoning.granted)
        if not month.update(granted=F("granted") + reckoning.granted):
            raise BudgetChanged(_("A points budget has just been used up. Try again."))


def _credits(
    lines: Sequence[EarnLine], reckoning: Reckoning, repaid: int, in_force: PointsRules, at: datetime
) -> list[Credit]:
    """Lots by when they can be used and when they end. A debt is repaid out of what comes free last."""
    parts: dict[tuple[datetime, datetime | None], int] = {}
    for line, rule, points in zip(lines, reckoning.rules, reckoning.per_line, strict=True):
        if points:
            free = at if line.is_service else in_force.available_from(at)
            key = free, _expiry(rule, in_force, free)
            parts[key] = parts.get(key, 0) + points
    ending_first = sorted(parts, key=lambda key: key[1] or datetime.max.replace(tzinfo=UTC))
    credits = []
    for free, ends_at in sorted(ending_first, key=lambda key: key[0], reverse=True):
        points = parts[free, ends_at]
        part = min(points, repaid)
        repaid -= part
        if points > part:
            credits.append(Credit(points - part, free, ends_at))
    return credits[::-1]


def _expiry(rule: RuleTerms | None, in_force: PointsRules, free: datetime) -> datetime | None:
    if rule is None or not rule.expiry_method:
        return in_force.expiry_of(free)
    return rules.lot_expiry(rule.expiry_method, rule.expiry_count, free, days.zone())
