"""Points that go back: what was spent returns to its lots, what was earned is taken back (R-P10 to R-P12)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, IntegerField, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from core import audit
from core.database import joining_atomic
from core.money import ZERO
from points import rules
from points.models import Entry
from points.selectors import get_rules
from points.services.movements import CREDITS
from points.services.posting import (
    Context,
    NotReversible,
    UnknownEntry,
    lock_holder,
    same_content,
)
from points.services.taking import give_back, take_back
from stores.models import Staff, Store

Kind = Entry.Kind


@dataclass(frozen=True)
class TakenBack:
    """What a return took back. ``entry`` is None where nothing had to be taken.

    ``charge`` is money that the caller keeps off the refund for points that the customer has used (R-P11).
    """

    entry: Entry | None
    points: int
    charge: Decimal


@joining_atomic
def reverse(
    *,
    idempotency_key_of_original: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str | None = None,
) -> Entry:
    """Undo a spend or an earn, or what partial returns have left of it. Possible once; the same key gives the first.

    A spend goes back to the lots it came from (R-P12), an earn is taken back (R-P11). ``source`` is what caused the
    undoing, by default the original's own. UnknownEntry without an original, NotReversible where nothing is left.
    """
    return _undo(None, idempotency_key_of_original, idempotency_key, at, store, actor, source, {Kind.SPEND, *CREDITS})


@joining_atomic
def return_spent(
    *,
    idempotency_key_of_original: str,
    points: int,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str | None = None,
) -> Entry | None:
    """Give back part of a spend (R-P12): a debt is repaid first, the rest goes to the lots it came from.

    The lot that ends last is filled first. Where it has expired meanwhile the points become a new lot with today and
    the grace days of the setting (0: they stay expired). Over any sequence of parts each lot gets back exactly what it
    gave. 0 points post nothing.
    """
    if points < 0:
        raise ValueError("return_spent takes points of 0 or more")
    if points == 0:
        return None
    return _undo(points, idempotency_key_of_original, idempotency_key, at, store, actor, source, {Kind.SPEND})


@joining_atomic
def return_spent_for_return(
    *,
    idempotency_key_of_original: str,
    worth: Decimal,
    worth_done: Decimal,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str | None = None,
) -> Entry | None:
    """Give back what of a spend belongs to the goods that have come back so far (R-P12).

    ``worth`` is the money value of the points on the order, ``worth_done`` what of it lay on the goods that are back by
    now: ``floor(used x worth_done / worth)`` less what went back before. Any sequence of returns that covers the order
    gives back exactly what was used. None where nothing is to go back; else as :func:`return_spent`.
    """
    original = _original(idempotency_key_of_original, {Kind.SPEND})
    standing = lock_holder(original.account_id, idempotency_key)
    rule = {"worth": str(worth), "worth_done": str(worth_done)}
    if standing.posted is not None:
        return same_content(standing.posted, kind=Kind.RETURN, original_id=original.pk, rule=rule)
    used, done = -original.granted, _undone(original).points
    points = rules.returned_points(used, worth, worth_done) - done
    if points <= 0:
        return None
    context = Context(source or original.source, idempotency_key, at, store, actor)
    return give_back(standing, context, original, done, points, closes=done + points == used, rule=rule)


@joining_atomic
def claw_back(
    *,
    idempotency_key_of_original: str,
    points: int,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str | None = None,
) -> Entry | None:
    """Take back part of an earn (R-P11), pending or not: its own lots, then what of them has expired counts as given
    back, then other spendable lots by expiry, and the rest becomes points debt or is written off, by the setting.
    Never refused for want of points.

    0 points post nothing.
    """
    if points < 0:
        raise ValueError("claw_back takes points of 0 or more")
    if points == 0:
        return None
    return _undo(points, idempotency_key_of_original, idempotency_key, at, store, actor, source, CREDITS)


def _undo(
    points: int | None,
    key_of_original: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str | None,
    kinds: Iterable[str],
) -> Entry:
    original = _original(key_of_original, kinds)
    standing = lock_holder(original.account_id, idempotency_key)
    spent = original.kind == Kind.SPEND
    sign, kind = (1, Kind.RETURN) if spent else (-1, Kind.CLAW_BACK)
    posted = standing.posted
    if posted is not None:
        wanted = posted.computed if points is None else sign * points
        return same_content(posted, kind=kind, original_id=original.pk, computed=wanted)
    undone = _undone(original)
    left = abs(original.granted) - undone.points
    if left <= 0 or (points is not None and points > left):
        raise NotReversible(_("No more than %(left)s points of this entry are left to undo.") % {"left": left})
    context = Context(source or original.source, idempotency_key, at, store, actor)
    if spent:
        return give_back(standing, context, original, undone.points, points or left, closes=points is None)
    return take_back(standing, context, original, undone.satisfied, points or left, closes=points is None)


def _original(idempotency_key: str, kinds: Iterable[str]) -> Entry:
    original = Entry.objects.filter(idempotency_key=idempotency_key).first()
    if original is None:
        raise UnknownEntry(_("There is no such points entry."))
    if original.kind not in kinds:
        raise NotReversible(_("This entry cannot be undone this way; adjust the balance instead."))
    return original


@dataclass(frozen=True)
class _Undone:
    """What has gone back of an entry so far: points, and how many of them counted as given back by expiry."""

    points: int
    satisfied: int


def _undone(original: Entry) -> _Undone:
    sums = Entry.objects.filter(original=original).aggregate(
        computed=Sum("computed", default=0),
        granted=Sum(F("points") - F("debt"), default=0),
        written_off=Sum(Cast(KT("rule__written_off"), IntegerField()), default=0),
    )
    return _Undone(abs(sums["computed"]), sums["granted"] - sums["computed"] - sums["written_off"])


@joining_atomic
def claw_back_for_return(
    *,
    idempotency_key_of_original: str,
    remaining_bases: Sequence[Decimal],
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str | None = None,
    cash: Decimal = ZERO,
) -> TakenBack:
    """Take back what an order has earned too much now that only ``remaining_bases`` of its lines are kept (R-P10).

    ``earned so far - f(remaining)``, where f is the order's own reckoning by its snapshot: a full return takes all of
    it, and many small ones leak nothing. Empty means that nothing remains. A rule's order minimum that the rest no
    longer reaches is lost, or kept, by the setting. ``cash`` is what the customer gets back in cash: with the policy
    ``charge`` no more than that is kept off it. Never refused for want of points (R-P11).
    """
    original = _original(idempotency_key_of_original, CREDITS)
    standing = lock_holder(original.account_id, idempotency_key)
    in_force = get_rules(at=at)
    kept = _earned_by_rest(original, remaining_bases, keeps_thresholds=in_force.keeps_lost_thresholds)
    if standing.posted is not None:
        posted = same_content(standing.posted, kind=Kind.CLAW_BACK, original_id=original.pk)
        same_content(posted, rule={**(posted.rule or {}), "kept": kept})
        return TakenBack(posted, -posted.computed, Decimal((posted.rule or {}).get("charge", "0.00")))
    undone = _undone(original)
    left = original.granted - undone.points
    points = left - kept
    if points <= 0:
        return TakenBack(None, 0, ZERO)
    context = Context(source or original.source, idempotency_key, at, store, actor)
    entry = take_back(
        standing,
        context,
        original,
        undone.satisfied,
        points,
        closes=points == left,
        cash=cash,
        rule={"kept": kept},
    )
    return TakenBack(entry, points, Decimal(entry.rule.get("charge", "0.00")))


def _earned_by_rest(original: Entry, bases: Sequence[Decimal], *, keeps_thresholds: bool) -> int:
    if not any(bases):
        return 0
    if not original.rule:
        raise NotReversible(_("This entry does not say how it was reckoned; it can only be taken back whole."))
    return rules.recompute(original.rule, bases, keeps_thresholds=keeps_thresholds)


@joining_atomic
def undo_adjustment(
    *,
    entry_id: int,
    reason: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Entry:
    """Take back an adjustment by hand, whole and once (P17). Possible until the member has spent what it gave.

    Points taken go back to their lots. Points given leave their own lot, then others; what had repaid a debt is owed
    again. InsufficientPoints where the member has too few: an undoing never makes a debt that was not there before.
    """
    if not reason.strip():
        raise ValueError("the undoing of an adjustment needs a reason")
    original = Entry.objects.filter(pk=entry_id).first()
    if original is None:
        raise UnknownEntry(_("There is no such points entry."))
    if original.kind != Kind.ADJUST or original.original_id is not None:
        raise NotReversible(_("Only points given or taken by hand can be undone this way."))
    standing = lock_holder(original.account_id, idempotency_key)
    if standing.posted is not None:
        return same_content(standing.posted, kind=Kind.ADJUST, original_id=original.pk)
    if _undone(original).points:
        raise NotReversible(_("This was undone before."))
    context = Context(original.source, idempotency_key, at, store, actor)
    if original.granted < 0:
        entry = give_back(
            standing, context, original, 0, -original.granted, closes=True, kind=Kind.ADJUST, memo=reason[:200]
        )
    else:
        entry = take_back(
            standing,
            context,
            original,
            0,
            original.granted,
            closes=True,
            kind=Kind.ADJUST,
            most_debt=original.repaid,
            memo=reason[:200],
        )
    audit.record(
        "points.adjustment_undone",
        actor=actor,
        subject=f"member:{standing.member.pk}",
        at=at,
        store=store,
        reason=reason,
        points=entry.computed,
        balance_after=entry.balance_after,
        entry=entry.pk,
        original=original.pk,
    )
    return entry
