"""Gift packs: making them, giving them once per occasion, and taking them back (R-T12, R-K9)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

import coupons.selectors
import coupons.services
from core import audit, days
from core.database import due_chunks, joining_atomic
from core.errors import DomainError
from core.money import half_up
from gifts.models import Grant, GrantItem, Pack, PackItem
from gifts.selectors import Part, get_pack_terms, list_due, package_of, parts_of
from gifts.services.parts import BONUS_REFUSALS, Occasion, close, give_parts, keep_part, save_items, take_back_part
from jobs.registry import Counts
from members.models import Member
from members.services import lock_member
from stores.models import Staff, Store

Kind = GrantItem.Kind
Status = Grant.Status

#: Held-back packs that the night reads at once; each is given in a transaction of its own.
CHUNK = 500


class InvalidPack(DomainError):
    """The pack gives nothing, or something makes no sense."""


class PackNotGiven(DomainError):
    """The pack is not in use, or something of it is not given out at the moment."""


@transaction.atomic
def save_pack(*, pack: Pack, parts: Sequence[Part], actor: Staff | None, at: datetime) -> Pack:
    """Create or change a pack with all that it gives; an audit row keeps both versions, a change raises ``version``.

    What was given or promised before keeps its snapshot. InvalidPack where the name is taken or it gives nothing.
    """
    stored = None if pack.pk is None else Pack.objects.select_for_update(no_key=True).get(pk=pack.pk)
    _check(parts)
    before = None if stored is None else get_pack_terms(stored).snapshot() | {"is_active": stored.is_active}
    try:
        with transaction.atomic():
            if stored is not None:
                pack.version = stored.version + 1
            pack.save()
    except IntegrityError as error:
        raise InvalidPack(_("Another pack has this name.")) from error
    PackItem.objects.filter(pack=pack).delete()
    PackItem.objects.bulk_create(
        PackItem(
            pack=pack,
            position=position,
            kind=part.kind,
            quantity=part.quantity,
            template_id=part.template_id,
            product_id=part.product_id,
            text=part.name if part.kind == Kind.GOODS and part.product_id is None else "",
            days=part.days,
        )
        for position, part in enumerate(parts)
    )
    audit.record(
        "gift_pack.created" if before is None else "gift_pack.changed",
        actor=actor,
        subject=f"gift_pack:{pack.pk}",
        at=at,
        before=before,
        after=get_pack_terms(pack).snapshot() | {"is_active": pack.is_active},
    )
    return pack


def _check(parts: Sequence[Part]) -> None:
    if not parts:
        raise InvalidPack(_("Say what the pack gives."))
    for kind in (Kind.POINTS, Kind.GROWTH):
        if sum(part.kind == kind for part in parts) > 1:
            raise InvalidPack(_("Points of one kind stand in one row."))
    if sum(part.kind == Kind.BONUS for part in parts) > 1:
        raise InvalidPack(_("Bonus money stands in one row."))
    for part in parts:
        if part.kind == Kind.BONUS:
            if part.quantity != half_up(part.quantity):
                raise InvalidPack(_("Bonus money has two decimal places."))
        elif part.kind != Kind.GOODS and part.quantity != part.quantity.to_integral_value():
            raise InvalidPack(_("Points and coupons are whole numbers."))
    wanted = {part.template_id for part in parts if part.template_id is not None}
    if wanted - set(coupons.selectors.get_templates(wanted)):
        raise InvalidPack(_("One of the coupons does not exist."))


@joining_atomic
def give_pack(
    *,
    pack_id: int,
    member_id: int,
    source: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    idempotency_key: str = "",
    pending_until: datetime | None = None,
    is_strict: bool = False,
) -> Grant | None:
    """Give a pack at an occasion, once and for all: the same ``source`` again gives the first grant, whatever became
    of it (T10).

    With ``pending_until`` it is only promised: the night gives what the snapshot says then, unless it is cancelled
    before. None where the pack is not in use any more. A coupon that is not given out at the moment and bonus money
    that the account may not take (R-W4, R-W7) are noted as missed, so that a sale never fails because of a gift; with
    ``is_strict``, where a person asks for the gift, PackNotGiven and nothing moves. Growth points are posted to the
    progress of tiers; who wants the level to follow at once calls ``tiers.services.reevaluate`` afterwards.
    """
    lock_member(member_id)
    key = idempotency_key or source
    earlier = Grant.objects.filter(Q(source=source) | Q(idempotency_key=key)).first()
    if earlier is not None:
        return earlier
    pack = Pack.objects.filter(pk=pack_id, is_active=True).first()
    if pack is None:
        if is_strict:
            raise PackNotGiven(_("This gift pack is not in use any more."))
        return None
    terms = get_pack_terms(pack)
    occasion = Occasion(member_id, source, key, at, store, actor)
    items: list[GrantItem] = []
    if pending_until is None:
        items = _give(terms.parts, occasion, is_strict=is_strict)
    grant = Grant.objects.create(
        member_id=member_id,
        pack=pack,
        source=source,
        plan_snapshot=terms.snapshot(),
        status=Status.GIVEN if pending_until is None else Status.PENDING,
        due_at=pending_until,
        idempotency_key=key,
        store=store,
        actor=actor,
        granted_at=at,
    )
    save_items(grant, items)
    return grant


def _give(parts: Sequence[Part], occasion: Occasion, *, is_strict: bool) -> list[GrantItem]:
    try:
        return give_parts(parts, occasion, misses_are_noted=not is_strict)
    except (coupons.services.CannotIssue, *BONUS_REFUSALS) as refusal:
        raise PackNotGiven(str(refusal)) from refusal


@joining_atomic
def cancel_or_take_back(
    *,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    goods_returned: bool = False,
) -> Grant | None:
    """Undo what was given at an occasion whose reason is gone; never refused (R-T12, R-K9).

    A held-back pack is cancelled. Of a given one the unused parts go back; what was used, and goods that stay with the
    customer, are noted: the list of leaks shows them. None where nothing was given; one that was closed before is
    returned as it is.
    """
    owner = Grant.objects.filter(source=source).values_list("member_id", flat=True).first()
    if owner is None:
        return None
    lock_member(owner)
    grant = Grant.objects.select_related("pack", "member").prefetch_related("items").get(source=source)
    if grant.status == Status.PENDING:
        return close(grant, Status.CANCELLED, idempotency_key, at)
    if grant.status != Status.GIVEN:
        return grant
    where: dict[str, Any] = {"at": at, "store": store, "actor": actor}
    is_whole = True
    for one in package_of(grant).items:
        if not one.is_open:
            continue
        if one.kind == Kind.GOODS and not goods_returned:
            keep_part(one)
            is_whole = False
        else:
            take_back_part(one, one.unused, idempotency_key, where)
            is_whole = is_whole and not one.used
    return close(grant, Status.TAKEN_BACK if is_whole else Status.SETTLED, idempotency_key, at)


def release_due(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: give the packs that were held back until now (R-T12), each in a transaction of its own.

    A killed run goes on where it stopped; a grant that somebody cancelled meanwhile stays cancelled, and one of a
    member who left is cancelled here.
    """
    cutoff = min(days.end_of(day), at)
    given = cancelled = 0
    for chunk in due_chunks(list_due(at=cutoff), instant="due_at", then="member_id", size=CHUNK):
        for grant_id, member_id in chunk:
            status = _release(grant_id, member_id, at)
            given += status == Status.GIVEN
            cancelled += status == Status.CANCELLED
        yield {"changed": given + cancelled, "given": given, "cancelled": cancelled}


@transaction.atomic
def _release(grant_id: int, member_id: int, at: datetime) -> str:
    """What became of a grant; empty where somebody else was faster."""
    member = lock_member(member_id)
    grant = Grant.objects.select_related("store", "actor").get(pk=grant_id)
    if grant.status != Status.PENDING:
        return ""
    if member.status in {Member.Status.CLOSED, Member.Status.MERGED}:
        close(grant, Status.CANCELLED, "member-left", at)
        return Status.CANCELLED
    occasion = Occasion(member_id, grant.source, grant.idempotency_key, at, grant.store, grant.actor)
    save_items(grant, _give(parts_of(grant), occasion, is_strict=False))
    Grant.objects.filter(pk=grant.pk).update(status=Status.GIVEN)
    return Status.GIVEN


def quantity_of(grant: Grant, kind: str) -> Decimal:
    """How many points, growth points, coupons or how much bonus money a grant of a pack really gave."""
    items = GrantItem.objects.filter(grant=grant, kind=kind).exclude(state=GrantItem.State.MISSED)
    return sum((item.quantity for item in items), Decimal(0))
