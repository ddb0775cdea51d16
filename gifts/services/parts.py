"""Giving and taking back the single parts of a package or a pack; the caller holds the member's lock."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

import coupons.services
import points.selectors
import points.services
import wallet.services
from core import days
from core.money import floor, half_up
from gifts.growth import get_growth
from gifts.models import Grant, GrantItem
from gifts.selectors import PackageItem, Part
from stores.models import Staff, Store

Kind = GrantItem.Kind
State = GrantItem.State

#: Why an account does not take bonus money: the member or the account is not active (R-W7), or it would hold too much.
BONUS_REFUSALS = (wallet.services.MemberNotActive, wallet.services.BalanceLimitExceeded)


@dataclass(frozen=True)
class Occasion:
    """Where the parts go and under which key: what every ledger entry of a grant carries."""

    member_id: int
    source: str
    key: str
    at: datetime
    store: Store | None
    actor: Staff | None

    @property
    def where(self) -> dict[str, Any]:
        """The arguments that every ledger takes."""
        return {"at": self.at, "store": self.store, "actor": self.actor}


def give_parts(parts: Iterable[Part], occasion: Occasion, *, misses_are_noted: bool) -> list[GrantItem]:
    """Post every part, at most one of points, growth points and bonus each, and return unsaved items in their order.

    Points come first, then coupons in the order of their templates, so that two packages never wait for each other in
    a ring. A coupon that is not given out at the moment and bonus that the account may not take are noted as missed,
    or refused with CannotIssue and BONUS_REFUSALS.
    """
    wanted = list(parts)
    items: dict[int, list[GrantItem]] = {}
    for index in sorted(range(len(wanted)), key=lambda index: (wanted[index].template_id or 0, index)):
        part = wanted[index]
        if part.kind == Kind.COUPON:
            items[index] = _issue(part, index, occasion, misses_are_noted=misses_are_noted)
        elif part.kind == Kind.POINTS:
            items[index] = [_points(int(part.quantity), occasion)]
        elif part.kind == Kind.GROWTH:
            items[index] = [_growth(part, occasion)]
        elif part.kind == Kind.BONUS and not part.reference:
            items[index] = [_bonus(part, occasion, misses_are_noted=misses_are_noted)]
        else:
            items[index] = [_noted(part)]
    return [item for index in range(len(wanted)) for item in items[index]]


def _points(amount: int, occasion: Occasion) -> GrantItem:
    key = f"{occasion.key}:points"
    points.services.earn(
        member_id=occasion.member_id,
        points=amount,
        kind="gift",
        source=occasion.source,
        idempotency_key=key,
        **occasion.where,
    )
    rules = points.selectors.get_rules(at=occasion.at)
    worth = floor(Decimal(amount * rules.face_fen) / rules.face_points / 100)
    return GrantItem(kind=Kind.POINTS, reference=key, quantity=Decimal(amount), cost=worth)


def _growth(part: Part, occasion: Occasion) -> GrantItem:
    """``part.reference`` says that the caller posts them: a package of a recharge leaves that to the checkout."""
    item = GrantItem(kind=Kind.GROWTH, quantity=part.quantity, cost=Decimal("0.00"))
    if part.reference:
        return item
    item.reference = f"{occasion.key}:growth"
    get_growth().record(
        member_id=occasion.member_id,
        amount=part.quantity,
        source=occasion.source,
        idempotency_key=item.reference,
        **occasion.where,
    )
    return item


def _bonus(part: Part, occasion: Occasion, *, misses_are_noted: bool) -> GrantItem:
    """``part.reference`` would say that it came with a recharge; else its own lot, which lasts the days of the part."""
    amount = half_up(part.quantity)
    ends_at = None
    if part.days is not None:
        ends_at = days.end_of(days.local_day(occasion.at) + timedelta(days=part.days))
    item = GrantItem(kind=Kind.BONUS, quantity=amount, cost=amount)
    try:
        with transaction.atomic() if misses_are_noted else nullcontext():
            made = wallet.services.grant_bonus(
                member_id=occasion.member_id,
                amount=amount,
                expires_at=ends_at,
                source=occasion.source,
                idempotency_key=f"{occasion.key}:bonus",
                **occasion.where,
            )
    except BONUS_REFUSALS:
        if not misses_are_noted:
            raise
        item.cost, item.state = None, State.MISSED
        return item
    item.reference = str(made.pk)
    return item


def _issue(part: Part, index: int, occasion: Occasion, *, misses_are_noted: bool) -> list[GrantItem]:
    count = int(part.quantity)
    cost = None if part.cost is None else part.cost / count
    items = []
    for number in range(count):
        try:
            # A savepoint, so that the sale around it goes on after a refusal.
            with transaction.atomic() if misses_are_noted else nullcontext():
                coupon = coupons.services.issue(
                    template_id=part.template_id or 0,
                    member_id=occasion.member_id,
                    source=occasion.source,
                    idempotency_key=f"{occasion.key}:coupon:{part.template_id}:{index}:{number}",
                    **occasion.where,
                )
        except coupons.services.CannotIssue:
            if not misses_are_noted:
                raise
            left = Decimal(count - number)
            items.append(GrantItem(kind=Kind.COUPON, label=part.name, quantity=left, cost=None, state=State.MISSED))
            break
        items.append(
            GrantItem(kind=Kind.COUPON, label=part.name, reference=str(coupon.pk), quantity=Decimal(1), cost=cost)
        )
    return items


def _noted(part: Part) -> GrantItem:
    """Bonus that the wallet has posted already, and goods that are handed over."""
    reference = part.reference or ("" if part.product_id is None else str(part.product_id))
    return GrantItem(kind=part.kind, label=part.name, reference=reference, quantity=part.quantity, cost=part.cost)


def save_items(grant: Grant, items: Sequence[GrantItem]) -> None:
    """Write the items of a grant in their order."""
    for position, item in enumerate(items):
        item.grant, item.position = grant, position
    GrantItem.objects.bulk_create(items)


def take_back_part(one: PackageItem, quantity: Decimal, key: str, where: dict[str, Any]) -> None:
    """Take back so much of a part that was given, and note what of it could not be."""
    if one.item.state != State.GIVEN:
        return
    if quantity and one.kind == Kind.POINTS:
        points.services.claw_back(
            idempotency_key_of_original=one.item.reference,
            points=int(quantity),
            idempotency_key=f"{key}:points",
            **where,
        )
    elif quantity and one.kind == Kind.GROWTH and one.item.reference:
        get_growth().reverse(idempotency_key_of_original=one.item.reference, idempotency_key=f"{key}:growth", **where)
    elif quantity and one.is_given_bonus:
        wallet.services.take_back_bonus(recharge_id=int(one.item.reference), idempotency_key=f"{key}:bonus", **where)
    elif quantity and one.kind == Kind.COUPON and not one.is_withdrawn:
        coupons.services.void(
            coupon_id=int(one.item.reference),
            reason=_("gift that was taken back"),
            idempotency_key=f"{key}:coupon:{one.item.reference}",
            **where,
        )
    used = one.item.quantity - quantity
    GrantItem.objects.filter(pk=one.item.pk).update(state=State.USED if used else State.TAKEN_BACK, used=used)


def keep_part(one: PackageItem) -> None:
    """Goods that were handed over and did not come back."""
    GrantItem.objects.filter(pk=one.item.pk).update(state=State.KEPT, used=one.item.quantity)


def close(grant: Grant, status: str, idempotency_key: str, at: datetime) -> Grant:
    """The last word on a grant."""
    grant.status, grant.taken_back_key, grant.taken_back_at = status, idempotency_key, at
    grant.save(update_fields=["status", "taken_back_key", "taken_back_at"])
    return grant


def named(one: PackageItem, quantity: Decimal) -> str:
    """A part with how much of it, for refusals."""
    label = one.item.label or one.item.get_kind_display()
    return f"{label} × {quantity.normalize():f}" if one.kind != Kind.COUPON else label


def joined(texts: Sequence[str]) -> str:
    """Names one after the other."""
    return pgettext("list of gifts", ", ").join(texts)
