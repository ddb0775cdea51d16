"""Giving the package of a recharge, and taking it back: one id, all or nothing (R-W12)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

import coupons.services
import points.selectors
import points.services
from core.database import joining_atomic
from core.errors import DomainError
from core.money import floor, half_up
from gifts.models import Grant, GrantItem, RechargePlan
from gifts.selectors import Package, PackageItem, Terms, find_package, recharge_source, with_refusals
from members.services import lock_member
from stores.models import Staff, Store

Kind = GrantItem.Kind
State = GrantItem.State


class PlanNotOffered(DomainError):
    """A limit of the plan is reached, or it is not for this member; the text says which."""


class GiftUsed(DomainError):
    """Something of the package was used, so it cannot be undone as if it had never been (R-W5)."""


class AlreadyTakenBack(DomainError):
    """The package was taken back or settled before."""


@joining_atomic
def give_package(
    *,
    terms: Terms,
    member_id: int,
    recharge_id: int,
    idempotency_key: str,
    at: datetime,
    store: Store,
    actor: Staff | None,
) -> Grant:
    """Give everything of a plan for one recharge, whose bonus money the wallet has posted already. Once per key.

    Points are a gift entry, coupons are issued, goods are noted as handed over; growth points are noted too, but the
    caller posts them, because tiers lie above. The member's limits are counted under the member's lock; the total is
    taken by a conditional UPDATE, last, so that tills wait for each other only for a moment. PlanNotOffered or a
    refusal of the coupons in words; then nothing moves.
    """
    member = lock_member(member_id)
    earlier = Grant.objects.filter(idempotency_key=idempotency_key).first()
    if earlier is not None:
        return earlier
    offer = with_refusals([terms], member_id=member_id, at=at, except_recharge=recharge_id)[0]
    if offer.refusal:
        raise PlanNotOffered(offer.refusal)
    source = recharge_source(recharge_id)
    where: dict[str, Any] = {"at": at, "store": store, "actor": actor}
    plan = terms.plan
    if plan.points:
        points.services.earn(
            member_id=member_id,
            points=plan.points,
            kind="gift",
            source=source,
            idempotency_key=f"{idempotency_key}:points",
            **where,
        )
    issued = _issue_coupons(terms, member_id, source, idempotency_key, where)
    if not _take_one(plan):
        raise PlanNotOffered(_("All packages of this plan are sold."))
    grant = Grant.objects.create(
        member=member,
        plan=plan,
        source=source,
        plan_snapshot=terms.snapshot(),
        idempotency_key=idempotency_key,
        store=store,
        actor=actor,
        granted_at=at,
    )
    items = [*_figures(terms, recharge_id, idempotency_key, at), *issued, *_goods(terms)]
    for position, item in enumerate(items):
        item.grant, item.position = grant, position
    GrantItem.objects.bulk_create(items)
    return grant


def _issue_coupons(
    terms: Terms, member_id: int, source: str, idempotency_key: str, where: dict[str, Any]
) -> list[GrantItem]:
    """Coupons one by one, in the order of their templates, so that two packages never wait for each other in a ring."""
    items = []
    for part in sorted(terms.coupons, key=lambda one: one.template_id):
        for number in range(part.count):
            coupon = coupons.services.issue(
                template_id=part.template_id,
                member_id=member_id,
                source=source,
                idempotency_key=f"{idempotency_key}:coupon:{part.template_id}:{number}",
                **where,
            )
            items.append(
                GrantItem(
                    kind=Kind.COUPON, label=part.name, reference=str(coupon.pk), quantity=Decimal(1), cost=part.amount
                )
            )
    return items


def _take_one(plan: RechargePlan) -> bool:
    """Take one of the limited number, whoever else does so at this moment; False where none is left."""
    left = RechargePlan.objects.filter(Q(total_limit__isnull=True) | Q(sold_count__lt=F("total_limit")), pk=plan.pk)
    return left.update(sold_count=F("sold_count") + 1) == 1


def _figures(terms: Terms, recharge_id: int, idempotency_key: str, at: datetime) -> Iterable[GrantItem]:
    plan = terms.plan
    if plan.bonus:
        yield GrantItem(kind=Kind.BONUS, reference=str(recharge_id), quantity=plan.bonus, cost=plan.bonus)
    if plan.points:
        rules = points.selectors.get_rules(at=at)
        worth = floor(Decimal(plan.points * rules.face_fen) / rules.face_points / 100)
        yield GrantItem(
            kind=Kind.POINTS, reference=f"{idempotency_key}:points", quantity=Decimal(plan.points), cost=worth
        )
    if plan.growth:
        yield GrantItem(kind=Kind.GROWTH, quantity=Decimal(plan.growth), cost=Decimal("0.00"))


def _goods(terms: Terms) -> Iterable[GrantItem]:
    for part in terms.goods:
        yield GrantItem(
            kind=Kind.GOODS,
            label=part.name,
            reference="" if part.product_id is None else str(part.product_id),
            quantity=part.quantity,
            cost=None if part.cost is None else half_up(part.cost * part.quantity),
        )


@joining_atomic
def take_back_package(
    *,
    recharge_id: int,
    idempotency_key: str,
    at: datetime,
    store: Store,
    actor: Staff | None,
    goods_returned: bool = False,
) -> Grant | None:
    """Undo the package of a voided recharge, as if it had never been (R-W5). Once per key; None where there was none.

    Points go back, coupons become void, and the place is free again for the plan's limits. The bonus goes with the
    recharge and growth points with the tiers' progress; both are the caller's. Refused with GiftUsed, which says what
    was used, and unless the cashier says that handed-over goods were given back; nothing moves then.
    """
    found = _lock_package(recharge_id, idempotency_key)
    if found is None or found.grant.taken_back_key == idempotency_key:
        return None if found is None else found.grant
    _refuse_used(found, goods_returned)
    where: dict[str, Any] = {"at": at, "store": store, "actor": actor}
    for one in found.items:
        _take_back(one, one.item.quantity, idempotency_key, where)
    RechargePlan.objects.filter(pk=found.grant.plan_id).update(sold_count=F("sold_count") - 1)
    return _close(found.grant, Grant.Status.TAKEN_BACK, idempotency_key, at)


@joining_atomic
def settle_package(
    *,
    recharge_id: int,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    goods_returned: bool = False,
) -> Grant | None:
    """Close the package of a recharge that is refunded in money (R-W12): what is unused goes back, what is used stays.

    Used parts are noted with how much; goods that were not given back are noted as kept; bonus money is closed by the
    refund itself, whose lines say what was left of it. Never refused because of a
    gift: whether anything is deducted is a matter of the contract (Art. 21). The place in the plan's limits stays
    taken, or gifts could be collected by recharging and refunding in turn. Once per key; None where there was none.
    """
    found = _lock_package(recharge_id, idempotency_key)
    if found is None or found.grant.taken_back_key == idempotency_key:
        return None if found is None else found.grant
    where: dict[str, Any] = {"at": at, "store": store, "actor": actor}
    for one in found.items:
        if one.kind == Kind.GOODS and not goods_returned:
            GrantItem.objects.filter(pk=one.item.pk).update(state=State.KEPT, used=one.item.quantity)
        else:
            _take_back(one, one.item.quantity if one.kind == Kind.BONUS else one.unused, idempotency_key, where)
    return _close(found.grant, Grant.Status.SETTLED, idempotency_key, at)


def _lock_package(recharge_id: int, idempotency_key: str) -> Package | None:
    """The package under its member's lock; AlreadyTakenBack where that was done under another key."""
    source = recharge_source(recharge_id)
    owner = Grant.objects.filter(source=source).values_list("member_id", flat=True).first()
    if owner is None:
        return None
    lock_member(owner)
    found = find_package(source)
    if found is not None and found.grant.taken_back_key not in {"", idempotency_key}:
        raise AlreadyTakenBack(_("The gifts of this recharge were taken back before."))
    return found


def _refuse_used(found: Package, goods_returned: bool) -> None:
    # Bonus money is judged by the wallet together with the principal that it came with.
    used = [_named(one, one.used) for one in found.items if one.used and one.kind != Kind.BONUS]
    if used:
        raise GiftUsed(
            _("Used already: %(gifts)s. The recharge cannot be voided any more; it can be refunded.")
            % {"gifts": _joined(used)}
        )
    if found.goods and not goods_returned:
        raise GiftUsed(
            _("Take the gifts back first: %(gifts)s. If the customer keeps them, the recharge can only be refunded.")
            % {"gifts": _joined([_named(one, one.item.quantity) for one in found.goods])}
        )


def _named(one: PackageItem, quantity: Decimal) -> str:
    label = one.item.label or one.item.get_kind_display()
    return f"{label} × {quantity.normalize():f}" if one.kind != Kind.COUPON else label


def _joined(texts: Sequence[str]) -> str:
    return pgettext("list of gifts", ", ").join(texts)


def _take_back(one: PackageItem, quantity: Decimal, key: str, where: dict[str, Any]) -> None:
    if quantity and one.kind == Kind.POINTS:
        points.services.claw_back(
            idempotency_key_of_original=one.item.reference,
            points=int(quantity),
            idempotency_key=f"{key}:points",
            **where,
        )
    elif quantity and one.kind == Kind.COUPON and not one.is_withdrawn:
        coupons.services.void(
            coupon_id=int(one.item.reference),
            reason=_("gift of a recharge that was taken back"),
            idempotency_key=f"{key}:coupon:{one.item.reference}",
            **where,
        )
    used = one.item.quantity - quantity
    state = State.USED if used else State.TAKEN_BACK
    GrantItem.objects.filter(pk=one.item.pk).update(state=state, used=used)


def _close(grant: Grant, status: str, idempotency_key: str, at: datetime) -> Grant:
    grant.status, grant.taken_back_key, grant.taken_back_at = status, idempotency_key, at
    grant.save(update_fields=["status", "taken_back_key", "taken_back_at"])
    return grant
