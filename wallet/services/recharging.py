"""Money comes in: recharges, their limits, and the void of a mistaken one."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core import audit, days
from core.database import joining_atomic
from core.money import ZERO, to_cents
from members.models import Member
from stores.models import Staff, Store
from wallet.models import Entry, Lot, Recharge
from wallet.selectors import get_rules
from wallet.services.posting import (
    BalanceLimitExceeded,
    Context,
    NewLot,
    NotVoidable,
    Standing,
    lock_account,
    post,
    require_active,
    same_content,
)

Bucket = Lot.Bucket


@joining_atomic
def recharge(
    *,
    member_id: int,
    principal: Decimal,
    bonus: Decimal,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store,
    actor: Staff | None,
    plan: Any = None,
    bonus_expires_at: datetime | None = None,
) -> Recharge:
    """Put money and its bonus into the member's account. The same key gives the first recharge.

    ``plan`` is the snapshot of the offer; ``bonus_expires_at`` an exclusive instant, None for never. Refused with
    MemberNotActive (R-W7) or BalanceLimitExceeded (R-W4), and nothing moves.
    """
    if min(to_cents(principal), to_cents(bonus)) < 0 or not principal + bonus:
        raise ValueError("a recharge has principal or bonus, neither negative")
    standing = lock_account(member_id, idempotency_key)
    if standing.posted is not None:
        entry = same_content(
            standing.posted, account_id=member_id, kind=Entry.Kind.RECHARGE, principal=principal, bonus=bonus
        )
        return Recharge.objects.get(idempotency_key=entry.idempotency_key)
    require_active(standing.member)
    _check_limit(standing, principal, bonus, at)
    made = Recharge.objects.create(
        account_id=member_id,
        principal=principal,
        bonus=bonus,
        bonus_expires_at=bonus_expires_at,
        plan=plan,
        paid_at=at,
        store=store,
        actor=actor,
        source=source,
        idempotency_key=idempotency_key,
    )
    lots = [NewLot(made.pk, Bucket.PRINCIPAL, principal), NewLot(made.pk, Bucket.BONUS, bonus, bonus_expires_at)]
    post(
        standing,
        Context(source, idempotency_key, at, store, actor),
        kind=Entry.Kind.RECHARGE,
        principal=principal,
        bonus=bonus,
        lots=[lot for lot in lots if lot.amount],
        recharge=made,
    )
    return made


def _check_limit(standing: Standing, principal: Decimal, bonus: Decimal, at: datetime) -> None:
    limits = get_rules(at=at)
    limit = limits.limit_for(standing.member)
    after = standing.principal + principal
    if limits.limit_counts_bonus:
        after += standing.bonus + bonus
    if after > limit:
        raise BalanceLimitExceeded(
            _("The balance would be %(after)s; at most %(limit)s is allowed.") % {"after": after, "limit": limit}
        )


@joining_atomic
def void_recharge(
    *,
    recharge_id: int,
    idempotency_key: str,
    reason: str,
    at: datetime,
    store: Store,
    actor: Staff | None,
) -> Entry:
    """Take a mistaken recharge back whole: same shop day, same store, nothing of it used (R-W5). Once per key.

    NotVoidable says which of these fails; then it is a matter of a refund to the member.
    """
    made = Recharge.objects.get(pk=recharge_id)
    standing = lock_account(made.account_id, idempotency_key)
    if standing.posted is not None:
        return same_content(standing.posted, kind=Entry.Kind.REVERSAL, recharge_id=made.pk)
    if standing.member.status == Member.Status.FROZEN:
        require_active(standing.member)
    original = Entry.objects.select_related("reversed_by").get(kind=Entry.Kind.RECHARGE, recharge=made)
    lots = list(Lot.objects.filter(recharge=made, remaining__gt=0))
    _check_voidable(made, original, lots, at, store)
    entry = post(
        standing,
        Context(made.source, idempotency_key, at, store, actor),
        kind=Entry.Kind.REVERSAL,
        principal=-made.principal,
        bonus=-made.bonus,
        uses=[(lot.pk, -lot.remaining) for lot in lots],
        recharge=made,
        original=original,
        closes=True,
    )
    audit.record(
        "recharge.voided",
        actor=actor,
        subject=f"member:{made.account_id}",
        at=at,
        store=store,
        reason=reason,
        recharge=made.pk,
        principal=str(made.principal),
        bonus=str(made.bonus),
    )
    return entry


def _check_voidable(made: Recharge, original: Entry, lots: list[Lot], at: datetime, store: Store) -> None:
    if hasattr(original, "reversed_by"):
        raise NotVoidable(_("This recharge is voided already."))
    if made.store_id != store.pk:
        raise NotVoidable(_("A recharge can be voided only at the store where it was made."))
    if days.local_day(made.paid_at) != days.local_day(at):
        raise NotVoidable(_("A recharge can be voided only on the day on which it was made."))
    left = {
        bucket: sum((lot.remaining for lot in lots if lot.bucket == bucket), ZERO)
        for bucket in (Bucket.PRINCIPAL, Bucket.BONUS)
    }
    if left != {Bucket.PRINCIPAL: made.principal, Bucket.BONUS: made.bonus}:
        raise NotVoidable(_("Part of this recharge has been used, so it cannot be voided."))
