"""Selling a pass, and taking a mistaken sale back."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from core import audit, days, settings
from core.database import joining_atomic
from core.money import ZERO
from members.services import lock_member
from passes.models import Entry, Pass, Plan
from passes.selectors import list_plans_for
from passes.services.posting import (
    Context,
    KeyReused,
    Kind,
    Move,
    NotVoidable,
    PlanChanged,
    Status,
    lock_pass,
    post,
    posted,
    require_active,
)
from stores.models import Staff, Store


@joining_atomic
def sell(
    *,
    plan_id: int,
    member_id: int,
    price: Decimal,
    tender: str,
    idempotency_key: str,
    at: datetime,
    store: Store,
    actor: Staff | None,
) -> Pass:
    """Give a member a pass of a plan at the price that was shown; once per key.

    The contract is kept as it is now: goods, stores, uses, prices, end. PlanChanged where the plan is not offered here
    and now or costs something else, MemberNotActive; nothing is written then.
    """
    member = lock_member(member_id)
    before = Pass.objects.filter(idempotency_key=idempotency_key).first()
    if before is not None:
        if (before.member_id, before.plan_id, before.price) != (member_id, plan_id, price):
            raise KeyReused(_("This was already posted with other content. Open the page again."))
        return before
    require_active(member)
    plan = _offered(plan_id, price, store, at)
    held = Pass.objects.create(
        member=member,
        plan=plan,
        name=plan.name,
        terms=plan.snapshot(),
        product_ids=sorted(plan.products.values_list("pk", flat=True)),
        store_ids=sorted(plan.stores.values_list("pk", flat=True)),
        price=plan.price,
        paid_uses=plan.paid_uses,
        gift_uses=plan.gift_uses,
        is_unlimited=plan.is_unlimited,
        unit_list_price=plan.unit_list_price,
        is_shareable=plan.is_shareable,
        remaining=0,
        unused_value=ZERO,
        expires_at=plan.expires_at(at),
        store=store,
        actor=actor,
        tender=tender,
        contract_version=settings.value("passes.contract_version", at),
        sold_at=at,
        idempotency_key=idempotency_key,
    )
    move = Move(held, Kind.SALE, plan.total_uses, plan.price, idempotency_key)
    post([move], Context(f"pass-sale:{held.pk}", at, store, actor))
    return held


def _offered(plan_id: int, price: Decimal, store: Store, at: datetime) -> Plan:
    plan = next((one for one in list_plans_for(store=store, at=at) if one.pk == plan_id), None)
    if plan is None:
        raise PlanChanged(_("This pass is not offered any more."))
    if plan.price != price:
        raise PlanChanged(_("The pass has changed; it now costs ¥%(price)s.") % {"price": plan.price})
    return plan


@joining_atomic
def void_sale(
    *, pass_id: int, reason: str, idempotency_key: str, at: datetime, store: Store, actor: Staff | None
) -> Entry:
    """Take a mistaken sale back: the same day at the same store, and only while nothing was used (like R-W5).

    NotVoidable otherwise: a used pass, or one of another day, is refunded. Giving the money back is the caller's.
    """
    held = Pass.objects.get(pk=pass_id)
    lock_member(held.member_id)
    held = lock_pass(pass_id)
    before = posted([idempotency_key]).get(idempotency_key)
    if before is not None:
        if (before.kind, before.held_id) != (Kind.VOID, pass_id):
            raise KeyReused(_("This was already posted with other content. Open the page again."))
        return before
    if held.status != Status.ACTIVE or (held.remaining, held.unused_value) != (held.total_uses, held.price):
        raise NotVoidable(_("The pass was used; it can only be refunded."))
    if held.store_id != store.pk:
        raise NotVoidable(_("A pass can be taken back only at the store that sold it."))
    if days.local_day(held.sold_at) != days.local_day(at):
        raise NotVoidable(_("A sale of another day is not voided but refunded."))
    sale = Entry.objects.get(held_id=pass_id, kind=Kind.SALE)
    move = Move(held, Kind.VOID, -held.remaining, -held.unused_value, idempotency_key, memo=reason, reverses=sale)
    entry = post([move], Context(f"pass-sale:{pass_id}", at, store, actor), status=Status.VOIDED)[0]
    audit.record("pass.voided", actor=actor, subject=f"pass:{pass_id}", at=at, store=store, reason=reason)
    return entry
