"""What every movement of a pass shares: the refusals, the lock, and the one place that writes entries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from core.errors import DomainError, StateChanged
from core.money import ZERO
from members.models import Member
from passes.models import Entry, Pass
from stores.models import Staff, Store

Kind = Entry.Kind
Status = Pass.Status


class MemberNotActive(DomainError):
    """A frozen, closed or merged member can neither buy nor use a pass (R-W7)."""


class PlanChanged(StateChanged):
    """The plan is not offered any more, or not at the price that was shown."""


class PassNotUsable(DomainError):
    """The pass cannot be used here, now, for this or by this member."""


class ValueChanged(StateChanged):
    """A use is worth something else than was shown."""


class NotAgreed(DomainError):
    """The member has not agreed to the use."""


class KeyReused(StateChanged):
    """The same idempotency key came with other content."""


class UnknownEntry(DomainError):
    """Nothing was posted under the key that should be undone."""


class NotVoidable(DomainError):
    """The sale is of another day or store, or the pass was used."""


class NotRefundable(DomainError):
    """Nothing is left, the member is frozen, or the ground does not hold."""


class InvalidExtension(DomainError):
    """The pass has no end, nothing left, or the new end is no later one."""


class NotShareable(DomainError):
    """The plan does not allow it, or the member is the owner."""


class InvalidPlan(DomainError):
    """The plan contradicts itself or another one."""


@dataclass(frozen=True)
class Context:
    """What every entry carries: what caused it, when, where and who."""

    source: str
    at: datetime
    store: Store | None
    actor: Staff | None


@dataclass(frozen=True)
class Move:
    """One entry to be written: ``uses`` and ``value`` signed."""

    held: Pass
    kind: str
    uses: int
    value: Decimal
    key: str
    memo: str = ""
    list_amount: Decimal | None = None
    paid_out: Decimal | None = None
    is_agreed: bool = False
    user_id: int | None = None
    reverses: Entry | None = None


def lock_passes(pass_ids: Collection[int]) -> dict[int, Pass]:
    """Lock passes in order of their id, after the member (rules.md 0.3): the row is the mutex of a pass that several
    members may use. Pass.DoesNotExist where one is missing.
    """
    rows = Pass.objects.select_for_update(no_key=True, of=("self",)).select_related("member")
    found = {held.pk: held for held in rows.filter(pk__in=pass_ids).order_by("pk")}
    if len(found) != len(set(pass_ids)):
        raise Pass.DoesNotExist
    return found


def lock_pass(pass_id: int) -> Pass:
    """Lock one pass; Pass.DoesNotExist."""
    return lock_passes([pass_id])[pass_id]


def posted(keys: Sequence[str]) -> dict[str, Entry]:
    """The entries that stand under these keys."""
    return {entry.idempotency_key: entry for entry in Entry.objects.filter(idempotency_key__in=keys)}


def require_active(member: Member) -> None:
    """MemberNotActive unless the member may buy and use passes."""
    if member.status == Member.Status.FROZEN:
        raise MemberNotActive(_("This member is frozen; passes can be used again after it is unfrozen."))
    if member.status != Member.Status.ACTIVE:
        raise MemberNotActive(_("This membership has ended; its passes cannot be used."))


def post(moves: Sequence[Move], context: Context, *, status: str | None = None) -> list[Entry]:
    """Write entries of locked passes and change their cached sums, two statements however many there are.

    The sums are changed by the differences, so that the CHECK of the table is the last judge even of a caller that did
    not lock. Without ``status`` a counted pass with nothing left is used up, any other in use.
    """
    entries = []
    for move in moves:
        held = move.held
        held.remaining += move.uses
        held.unused_value += move.value
        if status is not None:
            held.status = status
        elif held.is_unlimited or held.remaining:
            held.status = Status.ACTIVE
        else:
            held.status = Status.USED_UP
        entries.append(_entry(move, context))
    Entry.objects.bulk_create(entries)
    _store({move.held.pk: move.held for move in moves}, moves)
    return entries


def _entry(move: Move, context: Context) -> Entry:
    return Entry(
        held=move.held,
        kind=move.kind,
        uses=move.uses,
        value=move.value,
        remaining_after=move.held.remaining,
        value_after=move.held.unused_value,
        list_amount=move.list_amount,
        paid_out=move.paid_out,
        is_agreed=move.is_agreed,
        user_id=move.user_id,
        reverses=move.reverses,
        store=context.store,
        actor=context.actor,
        source=context.source,
        idempotency_key=move.key,
        memo=move.memo[:200],
        occurred_at=context.at,
    )


def _store(passes: dict[int, Pass], moves: Sequence[Move]) -> None:
    """The sums by difference, status and end as they are now."""
    uses: dict[int, int] = dict.fromkeys(passes, 0)
    values: dict[int, Decimal] = dict.fromkeys(passes, ZERO)
    for move in moves:
        uses[move.held.pk] += move.uses
        values[move.held.pk] += move.value
    Pass.objects.filter(pk__in=passes).update(
        remaining=F("remaining") + Case(*(When(pk=pk, then=Value(number)) for pk, number in uses.items())),
        unused_value=F("unused_value") + Case(*(When(pk=pk, then=Value(amount)) for pk, amount in values.items())),
        status=Case(*(When(pk=pk, then=Value(held.status)) for pk, held in passes.items())),
        # Without the cast an end of nothing but NULL would be a text.
        expires_at=Cast(
            Case(*(When(pk=pk, then=Value(held.expires_at)) for pk, held in passes.items())), DateTimeField()
        ),
    )
