"""Points that go back: what was spent returns to its lots, what was earned is taken back (R-P10 to R-P12)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _

from core import days
from core.database import joining_atomic
from points.models import Entry, Lot, LotUse
from points.selectors import get_rules
from points.services.movements import CREDITS
from points.services.posting import (
    Context,
    Credit,
    NotReversible,
    Standing,
    UnknownEntry,
    draw,
    lock_account,
    post,
    same_content,
)
from stores.models import Staff, Store

Kind = Entry.Kind


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
    back, then other spendable lots by expiry, and the rest becomes points debt. Never refused for want of points.

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
    original = Entry.objects.filter(idempotency_key=key_of_original).first()
    if original is None:
        raise UnknownEntry(_("There is no such points entry."))
    if original.kind not in kinds:
        raise NotReversible(_("This entry cannot be undone this way; adjust the balance instead."))
    standing = lock_account(original.account_id, idempotency_key)
    spent = original.kind == Kind.SPEND
    sign, kind = (1, Kind.RETURN) if spent else (-1, Kind.CLAW_BACK)
    posted = standing.posted
    if posted is not None:
        wanted = posted.computed if points is None else sign * points
        return same_content(posted, kind=kind, original_id=original.pk, computed=wanted)
    sums = Entry.objects.filter(original=original).aggregate(
        computed=Sum("computed", default=0), granted=Sum(F("points") - F("debt"), default=0)
    )
    done = abs(sums["computed"])
    left = abs(original.granted) - done
    if left <= 0 or (points is not None and points > left):
        raise NotReversible(_("No more than %(left)s points of this entry are left to undo.") % {"left": left})
    context = Context(source or original.source, idempotency_key, at, store, actor)
    if spent:
        return _give_back(standing, context, original, done, points or left, closes=points is None)
    satisfied = sums["granted"] - sums["computed"]
    return _take_back(standing, context, original, satisfied, points or left, closes=points is None)


def _give_back(standing: Standing, context: Context, original: Entry, done: int, points: int, *, closes: bool) -> Entry:
    parts = _slice(_uses_last_ending_first(original), done, points)
    repaid = min(points, standing.debt)
    # The debt is repaid out of what ends first, which is worth least to the member.
    parts = _slice(parts, 0, points - repaid)
    uses, credits = [], []
    for lot, part in parts:
        if lot.expired or (lot.expires_at is not None and lot.expires_at <= context.at):
            ends_at = _grace_end(context.at) or lot.expires_at
            credits.append(Credit(part, context.at, ends_at, lot.origin_id or lot.pk))
        else:
            uses.append((lot.pk, part))
    return post(
        standing,
        context,
        kind=Kind.RETURN,
        points=points - repaid,
        debt=-repaid,
        computed=points,
        uses=uses,
        credits=credits,
        original=original,
        closes=closes,
    )


def _uses_last_ending_first(original: Entry) -> list[tuple[Lot, int]]:
    uses = (
        LotUse.objects.filter(entry=original)
        .select_related("lot")
        .order_by(F("lot__expires_at").desc(nulls_first=True), "-lot__available_from", "-lot_id")
    )
    return [(use.lot, -use.points) for use in uses]


def _slice(parts: Sequence[tuple[Lot, int]], skip: int, take: int) -> list[tuple[Lot, int]]:
    """``take`` points out of the sequence after its first ``skip``."""
    found = []
    for lot, points in parts:
        skipped = min(skip, points)
        part = min(points - skipped, take)
        skip -= skipped
        take -= part
        if part > 0:
            found.append((lot, part))
    return found


def _grace_end(at: datetime) -> datetime | None:
    grace = get_rules(at=at).grace_days
    return days.end_of(days.local_day(at) + timedelta(days=grace)) if grace else None


def _take_back(
    standing: Standing, context: Context, original: Entry, satisfied: int, points: int, *, closes: bool
) -> Entry:
    at = context.at
    own, others, expired = [], [], 0
    for lot, is_own in _lots_for_taking(original):
        dead = lot.expires_at is not None and lot.expires_at <= at
        if is_own:
            expired += lot.expired + (lot.remaining if dead else 0)
        if dead:
            continue
        if is_own:
            own.append(lot)
        elif lot.available_from <= at:
            others.append(lot)
    uses, missing = draw(own, points)
    missing -= min(missing, max(expired - satisfied, 0))
    more, debt = draw(others, missing)
    uses += more
    return post(
        standing,
        context,
        kind=Kind.CLAW_BACK,
        points=sum(used for _lot, used in uses),
        debt=debt,
        computed=-points,
        uses=uses,
        original=original,
        closes=closes,
    )


def _lots_for_taking(original: Entry) -> list[tuple[Lot, bool]]:
    """The account's open lots and all that the entry made, or that came back in their place, in the order of R-P7."""
    own = Q(entry=original) | Q(origin__entry=original)
    lots = (
        Lot.objects.filter(own | Q(remaining__gt=0), account_id=original.account_id)
        .select_related("origin")
        .order_by(F("expires_at").asc(nulls_last=True), "available_from", "id")
    )
    return [
        (lot, lot.entry_id == original.pk or (lot.origin is not None and lot.origin.entry_id == original.pk))
        for lot in lots
    ]
