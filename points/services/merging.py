"""All points of one member go to another, when two memberships turn out to be of one person (rules.md 10)."""

from dataclasses import dataclass
from datetime import datetime

from core.database import joining_atomic
from members.services import lock_member
from points.models import Entry, Lot
from points.selectors import list_lots
from points.services.movements import spendable_lots
from points.services.posting import Context, Credit, Standing, draw, lock_account, post, same_content
from stores.models import Staff, Store


@dataclass(frozen=True)
class Merged:
    """The two entries of a merge: what left, and what arrived."""

    left: Entry
    arrived: Entry


@joining_atomic
def merge(
    *,
    from_member_id: int,
    into_member_id: int,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str,
) -> Merged:
    """Move every lot and the debt of one member to another; once per key.

    Lots keep their expiry and the day on which they come free, and name the lot that they were. What the other owes is
    repaid by what arrives, and a debt that arrives is taken from what the other can spend; the rest stays owed. Both
    sums together, balance less debt, are the same before and after. Later returns of the first member's orders find
    the points where they are now. The status of the members is their own app's business.
    """
    if from_member_id == into_member_id:
        raise ValueError("a member cannot be merged into themselves")
    for member_id in sorted((from_member_id, into_member_id)):
        lock_member(member_id)
    gone = lock_account(from_member_id, f"{idempotency_key}:out")
    stays = lock_account(into_member_id, f"{idempotency_key}:in")
    if gone.posted is not None or stays.posted is not None:
        return _earlier(gone, stays)
    lots = list(list_lots(member_id=from_member_id))
    left = post(
        gone,
        Context(source, f"{idempotency_key}:out", at, store, actor),
        kind=Entry.Kind.MOVE,
        points=-gone.balance,
        debt=-gone.debt,
        computed=gone.debt - gone.balance,
        uses=[(lot.pk, -lot.remaining) for lot in lots],
    )
    owed = stays.debt + gone.debt
    credits, owed = _arriving(lots, owed, at)
    taken, owed = draw(spendable_lots(into_member_id, at), owed)
    arrived = post(
        stays,
        Context(source, f"{idempotency_key}:in", at, store, actor),
        kind=Entry.Kind.MOVE,
        points=sum(credit.points for credit in credits) + sum(used for _lot, used in taken),
        debt=owed - stays.debt,
        computed=gone.balance - gone.debt,
        uses=taken,
        credits=credits,
        original=left,
    )
    return Merged(left, arrived)


def _earlier(gone: Standing, stays: Standing) -> Merged:
    if gone.posted is None or stays.posted is None:
        raise LookupError("a merge has two entries")
    left = same_content(gone.posted, kind=Entry.Kind.MOVE, account_id=gone.member.pk)
    return Merged(left, same_content(stays.posted, account_id=stays.member.pk, original_id=left.pk))


def _arriving(lots: list[Lot], owed: int, at: datetime) -> tuple[list[Credit], int]:
    """The lots as they arrive, after a debt was repaid out of what ends first; what has ended already repays nothing
    and is moved for its expiry to be entered.
    """
    credits = []
    for lot in lots:
        dead = lot.expires_at is not None and lot.expires_at <= at
        part = 0 if dead else min(owed, lot.remaining)
        owed -= part
        if lot.remaining > part:
            origin_id = lot.origin_id or lot.pk
            credits.append(Credit(lot.remaining - part, lot.available_from, lot.expires_at, origin_id))
    return credits, owed
