"""Using passes, and giving uses back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from core import days, settings
from core.database import joining_atomic
from members.services import lock_member
from passes import rules, selectors
from passes.models import Entry, Pass, Sharer
from passes.services.posting import (
    Context,
    KeyReused,
    Kind,
    Move,
    NotAgreed,
    PassNotUsable,
    UnknownEntry,
    ValueChanged,
    lock_passes,
    post,
    posted,
    require_active,
)
from stores.models import Staff, Store


@dataclass(frozen=True)
class Item:
    """One line that a pass pays: how many uses, and what the price said they are worth. ``key`` is the entry's."""

    pass_id: int
    product_id: int
    uses: int
    value: Decimal
    list_amount: Decimal
    key: str


@joining_atomic
def use(
    *,
    items: Sequence[Item],
    member_id: int,
    is_agreed: bool,
    priced_on: date,
    source: str,
    at: datetime,
    store: Store,
    actor: Staff | None,
) -> list[Entry]:
    """Take uses from passes, one entry per item; all of them or none, and once per key.

    ``member_id`` is whose sale it is: the owner, or somebody the pass is shared with. ``priced_on`` is the shop day of
    the quote, which a pass by days is reckoned by. Refusals: NotAgreed, MemberNotActive, PassNotUsable (ended, used
    up, refunded, another store, other goods), ValueChanged where the values are not those of the quote.
    """
    member = lock_member(member_id)
    passes = lock_passes({item.pass_id for item in items})
    before = posted([item.key for item in items])
    if before:
        return [_same(before.get(item.key), item) for item in items]
    if not is_agreed:
        raise NotAgreed(_("Ask the member, then tick that they agree to use the pass."))
    require_active(member)
    for pass_id, held in passes.items():
        _check(held, [item for item in items if item.pass_id == pass_id], member_id, priced_on, store, at)
    moves = [
        Move(
            passes[item.pass_id],
            Kind.USE,
            0 if passes[item.pass_id].is_unlimited else -item.uses,
            -item.value,
            item.key,
            list_amount=item.list_amount,
            is_agreed=True,
            user_id=member_id,
        )
        for item in items
    ]
    return post(moves, Context(source, at, store, actor))


def _same(entry: Entry | None, item: Item) -> Entry:
    if entry is None or (entry.kind, entry.held_id, entry.value) != (Kind.USE, item.pass_id, -item.value):
        raise KeyReused(_("This was already posted with other content. Open the page again."))
    return entry


def _check(held: Pass, items: Sequence[Item], member_id: int, priced_on: date, store: Store, at: datetime) -> None:
    shared = held.member_id != member_id and Sharer.objects.filter(held=held, member_id=member_id).exists()
    terms = selectors.terms_of(held, member_id=member_id, shared=shared, store=store, at=at)
    code = terms.blocked
    if not code and any(item.product_id not in terms.product_ids for item in items):
        code = "product"
    if not code and not terms.is_unlimited and sum(item.uses for item in items) > terms.remaining:
        code = "uses"
    if code:
        raise PassNotUsable(f"{held.name}: {selectors.explain(code)}")
    planned = rules.plan_uses(terms, [(item.uses, item.list_amount) for item in items], priced_on)
    if [use.value for use in planned] != [item.value for item in items]:
        raise ValueChanged(_("A use of %(name)s is worth something else now. Open the sale again.") % {"name": held})


@dataclass(frozen=True)
class Undoing:
    """The use under ``original_key`` goes back under ``key``."""

    original_key: str
    key: str


@joining_atomic
def undo(
    *, undoings: Sequence[Undoing], source: str, at: datetime, store: Store | None, actor: Staff | None
) -> list[Entry]:
    """Give uses back, each exactly once, whatever has become of the pass since.

    A pass that was used up or refunded meanwhile can be used again; one that has ended meanwhile gets today and the
    grace days of the setting (0: it stays ended, and the nightly job takes the use again). UnknownEntry for a key that
    took no use. Uses are undone with the sale that they paid: on the same day it corrects a mistake, later it returns
    the goods. The owner is not locked here, because the sale may be that of somebody else whose lock the caller holds;
    the row of the pass is the mutex.
    """
    originals = posted([one.original_key for one in undoings])
    if len(originals) != len({one.original_key for one in undoings}) or any(
        entry.kind != Kind.USE for entry in originals.values()
    ):
        raise UnknownEntry(_("There is no such use of a pass."))
    passes = lock_passes({entry.held_id for entry in originals.values()})
    before = posted([one.key for one in undoings])
    if before:
        return [before[one.key] for one in undoings]
    grace = settings.value("passes.grace_days", at)
    moves = []
    for one in undoings:
        original = originals[one.original_key]
        held = passes[original.held_id]
        if grace and held.expires_at is not None and held.expires_at <= at:
            held.expires_at = days.end_of(days.local_day(at) + timedelta(days=grace))
        list_amount = None if original.list_amount is None else -original.list_amount
        moves.append(
            Move(
                held,
                Kind.UNDO,
                -original.uses,
                -original.value,
                one.key,
                list_amount=list_amount,
                user_id=original.user_id,
                reverses=original,
            )
        )
    return post(moves, Context(source, at, store, actor))
