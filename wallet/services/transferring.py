"""Stored value goes from one member to another, recharge by recharge, so that refunds by law stay computable (R-W9).

The giver confirms by PIN, the taker too if they have one: :func:`request_transfer` uses both proofs up when it is
asked for, because a proof is good for two minutes and an approval may come tomorrow. :func:`transfer` posts.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

import approvals.services
import members.services
from approvals.registry import Payload, Preview
from core import audit
from core.database import joining_atomic
from core.errors import DomainError
from core.money import from_cents, to_cents
from members.models import Member
from members.services import hold_member
from stores.models import Staff, Store
from wallet import rules, selectors
from wallet.models import Entry, Lot, Transfer
from wallet.selectors import get_rules
from wallet.services.posting import (
    Context,
    InsufficientBalance,
    KeyReused,
    NewLot,
    PinRequired,
    Standing,
    lock_account,
    post,
    require_active,
)
from wallet.services.recharging import check_limit

KIND = "wallet.transfer"
STAFF_KIND = "wallet.staff_transfer"


class NotTransferable(DomainError):
    """To oneself, nothing at all, or more than may be given in a day."""


@dataclass(frozen=True)
class Part:
    """What goes over of one recharge."""

    recharge_id: int
    principal: Decimal
    bonus: Decimal


@dataclass(frozen=True)
class Plan:
    """What a transfer would do now: parts by recharge, both balances after it."""

    parts: list[Part]
    principal: Decimal
    bonus: Decimal
    giver_after: Decimal
    taker_after: Decimal

    @property
    def total(self) -> Decimal:
        """Both buckets together."""
        return self.principal + self.bonus


def kind_for(*, giver: Member, taker: Member, involves_staff: bool) -> str:
    """The kind of request: to or from people who work here always needs a second person (R-W9).

    Staff have no member number, so a member with the name of somebody who works here counts as staff too.
    """
    names = [name for name in (giver.name, taker.name) if name]
    is_staff = involves_staff or Staff.objects.filter(is_active=True, display_name__in=names).exists()
    return STAFF_KIND if is_staff else KIND


@joining_atomic
def request_transfer(
    *,
    giver_id: int,
    taker_id: int,
    amount: Decimal | None,
    reason: str,
    giver_proof: UUID | None,
    taker_proof: UUID | None,
    involves_staff: bool = False,
    actor: Staff,
    store: Store,
    at: datetime,
    approver: Staff | None = None,
) -> approvals.services.Outcome:
    """Ask for a transfer of ``amount`` (None: all that can be used), and make it at once where nobody has to agree.

    PinRequired where the giver's proof is missing, or the taker's though they have a PIN; the refusals of
    :func:`transfer` and of approvals; nothing moves then, and proofs are good again.
    """
    with _both(giver_id, taker_id) as (giver, taker):
        _confirm(giver, taker, giver_proof, taker_proof, at)
        return approvals.services.submit(
            kind=kind_for(giver=giver, taker=taker, involves_staff=involves_staff),
            payload={"giver": giver_id, "taker": taker_id, "amount": None if amount is None else str(amount)},
            subject=f"member:{giver_id}",
            reason=reason,
            actor=actor,
            store=store,
            at=at,
            approver=approver,
        )


def _confirm(giver: Member, taker: Member, giver_proof: UUID | None, taker_proof: UUID | None, at: datetime) -> None:
    if giver_proof is None:
        raise PinRequired(_("The giver confirms a transfer with their PIN."))
    members.services.use_pin_proof(member_id=giver.pk, proof=giver_proof, at=at)
    if taker_proof is not None:
        members.services.use_pin_proof(member_id=taker.pk, proof=taker_proof, at=at)
    elif selectors.has_pin(member_id=taker.pk):
        raise PinRequired(_("The taker has a PIN and confirms the transfer with it."))


@joining_atomic
def transfer(
    *,
    giver_id: int,
    taker_id: int,
    amount: Decimal | None,
    reason: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    approver: Staff | None = None,
) -> Transfer:
    """Move ``amount`` (None: all that can be used) from one member to another; principal and bonus stay what they are.

    The recharges go over by payment time, the last one in proportion of what is left of it, so each keeps its ratio to
    the fen. Every lot of the taker names the giver's lot it came from and keeps recharge and end. Both members are
    locked in order of their id. MemberNotActive, AccountBlocked (also for the taker), InsufficientBalance,
    BalanceLimitExceeded for the taker's limit, NotTransferable. Once per key.
    """
    with _both(giver_id, taker_id):
        giver = lock_account(giver_id, f"{idempotency_key}:out")
        taker = lock_account(taker_id, f"{idempotency_key}:in")
        if giver.posted is not None:
            return _same(Transfer.objects.get(idempotency_key=idempotency_key), giver_id, taker_id, amount)
        plan, chosen = _settle(giver, taker, amount, at)
        made = Transfer.objects.create(
            giver_id=giver_id,
            taker_id=taker_id,
            principal=plan.principal,
            bonus=plan.bonus,
            is_whole=amount is None,
            reason=reason[:200],
            idempotency_key=idempotency_key,
            store=store,
            actor=actor,
            occurred_at=at,
        )
        _post_both(made, giver, taker, chosen, Context(f"transfer:{made.pk}", idempotency_key, at, store, actor))
        audit.record(
            "wallet.transferred",
            actor=actor,
            approver=approver,
            subject=f"member:{giver_id}",
            at=at,
            store=store,
            reason=reason,
            transfer=made.pk,
            taker=taker_id,
            principal=str(made.principal),
            bonus=str(made.bonus),
        )
    return made


def plan_transfer(*, giver_id: int, taker_id: int, amount: Decimal | None, at: datetime) -> Plan:
    """What :func:`transfer` would do now, with its refusals; writes nothing, but locks as it does."""
    return _plan(giver_id, taker_id, amount, at)


@joining_atomic
def _plan(giver_id: int, taker_id: int, amount: Decimal | None, at: datetime) -> Plan:
    with _both(giver_id, taker_id):
        return _settle(lock_account(giver_id, ""), lock_account(taker_id, ""), amount, at)[0]


Chosen = list[tuple[rules.LotState, int]]


def _settle(giver: Standing, taker: Standing, amount: Decimal | None, at: datetime) -> tuple[Plan, Chosen]:
    require_active(giver)
    require_active(taker)
    lots = selectors.list_usable_lots(member_id=giver.member.pk, at=at)
    usable = sum(lot.remaining for lot in lots)
    wanted = usable if amount is None else to_cents(amount)
    if wanted <= 0:
        raise NotTransferable(_("There is nothing to transfer."))
    if wanted > usable:
        raise InsufficientBalance(
            _("The balance is not enough: %(found)s can be used, %(amount)s is to be transferred.")
            % {"found": from_cents(usable), "amount": from_cents(wanted)}
        )
    in_force = get_rules(at=at)
    _check_day(giver.member.pk, from_cents(wanted), in_force.transfer_day_limit, at)
    chosen = rules.split_payment(lots, wanted)
    bonus = from_cents(sum(part for lot, part in chosen if lot.is_bonus))
    principal = from_cents(wanted) - bonus
    check_limit(taker, principal, bonus, in_force)
    moved = principal + bonus
    return Plan(_by_recharge(chosen), principal, bonus, giver.total - moved, taker.total + moved), chosen


def _check_day(giver_id: int, amount: Decimal, limit: Decimal, at: datetime) -> None:
    if limit and selectors.get_given_on_day(member_id=giver_id, at=at) + amount > limit:
        raise NotTransferable(_("At most %(limit)s can be given to others in a day.") % {"limit": limit})


def _by_recharge(chosen: Chosen) -> list[Part]:
    sums: dict[int, list[int]] = {}
    for lot, part in chosen:
        sums.setdefault(lot.recharge_id, [0, 0])[lot.is_bonus] += part
    return [Part(pk, from_cents(principal), from_cents(bonus)) for pk, (principal, bonus) in sums.items()]


def _post_both(made: Transfer, giver: Standing, taker: Standing, chosen: Chosen, context: Context) -> None:
    key = context.idempotency_key
    post(
        giver,
        Context(context.source, f"{key}:out", context.at, context.store, context.actor),
        kind=Entry.Kind.TRANSFER_OUT,
        principal=-made.principal,
        bonus=-made.bonus,
        uses=[(lot.lot_id, from_cents(-part)) for lot, part in chosen],
        memo=made.reason,
    )
    post(
        taker,
        Context(context.source, f"{key}:in", context.at, context.store, context.actor),
        kind=Entry.Kind.TRANSFER_IN,
        principal=made.principal,
        bonus=made.bonus,
        lots=[
            NewLot(
                lot.recharge_id,
                Lot.Bucket.BONUS if lot.is_bonus else Lot.Bucket.PRINCIPAL,
                from_cents(part),
                lot.expires_at,
                lot.lot_id,
            )
            for lot, part in chosen
        ],
        memo=made.reason,
    )


def _same(made: Transfer, giver_id: int, taker_id: int, amount: Decimal | None) -> Transfer:
    wanted = (giver_id, taker_id, amount is None)
    is_same = wanted == (made.giver_id, made.taker_id, made.is_whole)
    if not is_same or (amount is not None and amount != made.principal + made.bonus):
        raise KeyReused(_("This was already posted with other content. Open the page again."))
    return made


@contextmanager
def _both(giver_id: int, taker_id: int) -> Iterator[tuple[Member, Member]]:
    """Both members locked, the smaller id first: two transfers in opposite directions cannot wait for each other."""
    if giver_id == taker_id:
        raise NotTransferable(_("Choose somebody else to transfer to."))
    with ExitStack() as stack:
        held = {member_id: stack.enter_context(hold_member(member_id)) for member_id in sorted((giver_id, taker_id))}
        yield held[giver_id], held[taker_id]


def lock_for_approval(payload: Payload) -> None:
    """The locks of both members, taken before the figures are compared (``approvals.registry.Kind.lock``)."""
    for member_id in sorted((int(payload["giver"]), int(payload["taker"]))):
        members.services.lock_member(member_id)


def preview_for_approval(payload: Payload, at: datetime) -> Preview:
    """What a request shows: what goes over and both balances after it."""
    amount = payload["amount"]
    plan = plan_transfer(
        giver_id=int(payload["giver"]),
        taker_id=int(payload["taker"]),
        amount=None if amount is None else Decimal(amount),
        at=at,
    )
    numbers = dict(Member.objects.filter(pk__in=[payload["giver"], payload["taker"]]).values_list("pk", "number"))
    return Preview(
        plan.total,
        {
            "giver": numbers[int(payload["giver"])],
            "taker": numbers[int(payload["taker"])],
            "principal": str(plan.principal),
            "bonus": str(plan.bonus),
            "giver_after": str(plan.giver_after),
            "taker_after": str(plan.taker_after),
        },
    )


def execute_approved(
    payload: Payload,
    *,
    key: str,
    reason: str,
    actor: Staff,
    approver: Staff | None,
    store: Store | None,
    at: datetime,
) -> str:
    """Post an approved request; returns ``transfer:<id>``."""
    amount: Any = payload["amount"]
    made = transfer(
        giver_id=int(payload["giver"]),
        taker_id=int(payload["taker"]),
        amount=None if amount is None else Decimal(amount),
        reason=reason,
        idempotency_key=key,
        at=at,
        store=store,
        actor=actor,
        approver=approver,
    )
    return f"transfer:{made.pk}"
