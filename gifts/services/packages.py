"""Giving the package of a recharge, and taking it back: one id, all or nothing (R-W12)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from core.database import joining_atomic
from core.errors import DomainError
from core.money import half_up
from gifts.models import Grant, GrantItem, RechargePlan
from gifts.selectors import Package, Part, Terms, find_package, recharge_source, with_refusals
from gifts.services.parts import Occasion, close, give_parts, joined, keep_part, named, save_items, take_back_part
from members.services import lock_member
from stores.models import Staff, Store

Kind = GrantItem.Kind


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
    plan = terms.plan
    occasion = Occasion(member_id, source, idempotency_key, at, store, actor)
    items = give_parts(_parts(terms, recharge_id), occasion, misses_are_noted=False)
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
    save_items(grant, items)
    return grant


def _parts(terms: Terms, recharge_id: int) -> Iterable[Part]:
    """What the plan gives; bonus money and growth points are posted by others and only noted here."""
    plan = terms.plan
    if plan.bonus:
        yield Part(Kind.BONUS, plan.bonus, cost=plan.bonus, reference=str(recharge_id))
    if plan.points:
        yield Part(Kind.POINTS, Decimal(plan.points))
    if plan.growth:
        yield Part(Kind.GROWTH, Decimal(plan.growth), reference=str(recharge_id))
    for one in terms.coupons:
        cost = None if one.amount is None else one.amount * one.count
        yield Part(Kind.COUPON, Decimal(one.count), one.name, template_id=one.template_id, cost=cost)
    for gift in terms.goods:
        cost = None if gift.cost is None else half_up(gift.cost * gift.quantity)
        yield Part(Kind.GOODS, gift.quantity, gift.name, product_id=gift.product_id, cost=cost)


def _take_one(plan: RechargePlan) -> bool:
    """Take one of the limited number, whoever else does so at this moment; False where none is left."""
    left = RechargePlan.objects.filter(Q(total_limit__isnull=True) | Q(sold_count__lt=F("total_limit")), pk=plan.pk)
    return left.update(sold_count=F("sold_count") + 1) == 1


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
        take_back_part(one, one.item.quantity, idempotency_key, where)
    if found.grant.plan_id is not None:
        RechargePlan.objects.filter(pk=found.grant.plan_id).update(sold_count=F("sold_count") - 1)
    return close(found.grant, Grant.Status.TAKEN_BACK, idempotency_key, at)


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
            keep_part(one)
        else:
            take_back_part(one, one.item.quantity if one.kind == Kind.BONUS else one.unused, idempotency_key, where)
    return close(found.grant, Grant.Status.SETTLED, idempotency_key, at)


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
    used = [named(one, one.used) for one in found.items if one.used and one.kind != Kind.BONUS]
    if used:
        raise GiftUsed(
            _("Used already: %(gifts)s. The recharge cannot be voided any more; it can be refunded.")
            % {"gifts": joined(used)}
        )
    if found.goods and not goods_returned:
        raise GiftUsed(
            _("Take the gifts back first: %(gifts)s. If the customer keeps them, the recharge can only be refunded.")
            % {"gifts": joined([named(one, one.item.quantity) for one in found.goods])}
        )
