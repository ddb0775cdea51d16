"""Bonus money that is given without a recharge, and taken back as far as it was not used (R-T12, R-W1)."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from core.database import joining_atomic
from core.money import ZERO, to_cents
from stores.models import Staff, Store
from wallet.models import Entry, Lot, Recharge
from wallet.selectors import get_rules
from wallet.services.posting import Context, NewLot, UnknownEntry, lock_account, post, require_active, same_content
from wallet.services.recharging import check_limit


@joining_atomic
def grant_bonus(
    *,
    member_id: int,
    amount: Decimal,
    expires_at: datetime | None,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Recharge:
    """Put bonus into the member's account that nothing was paid for. The same key gives the first gift.

    It is a recharge of no principal (``is_gift``): its lot has an origin and an end (exclusive, None for never) as any
    bonus has, and a refund by law pays nothing for it. Without a store (what the night gives) it is owed where the
    member registered. Refused with MemberNotActive or AccountBlocked (R-W7) and BalanceLimitExceeded (R-W4); nothing
    moves then. Pauses and limits of recharges are about money that is paid in and do not stop it.
    """
    if to_cents(amount) <= 0:
        raise ValueError("a gift of bonus is above 0")
    standing = lock_account(member_id, idempotency_key)
    if standing.posted is not None:
        entry = same_content(
            standing.posted, account_id=member_id, kind=Entry.Kind.GIFT, principal=ZERO, bonus=amount, source=source
        )
        return Recharge.objects.get(idempotency_key=entry.idempotency_key)
    require_active(standing)
    check_limit(standing, ZERO, amount, get_rules(at=at))
    made = Recharge.objects.create(
        account_id=member_id,
        principal=ZERO,
        bonus=amount,
        bonus_expires_at=expires_at,
        is_gift=True,
        paid_at=at,
        store=store or standing.member.store,
        actor=actor,
        source=source,
        idempotency_key=idempotency_key,
    )
    post(
        standing,
        Context(source, idempotency_key, at, store, actor),
        kind=Entry.Kind.GIFT,
        principal=ZERO,
        bonus=amount,
        lots=[NewLot(made.pk, Lot.Bucket.BONUS, amount, expires_at)],
        recharge=made,
    )
    return made


@joining_atomic
def take_back_bonus(
    *, recharge_id: int, idempotency_key: str, at: datetime, store: Store | None, actor: Staff | None
) -> Entry | None:
    """Take back what the member still has of a gift of bonus; None where nothing is left. Once per key.

    Never refused because of a freeze: the reason of the gift is gone. What was spent or given to others stays (the
    caller notes it, ``selectors.get_used_of_gift``), and bonus that has ended is left to its expiry.
    UnknownEntry for a recharge that was paid.
    """
    made = Recharge.objects.filter(pk=recharge_id, is_gift=True).first()
    if made is None:
        raise UnknownEntry(_("There is no such stored-value entry."))
    standing = lock_account(made.account_id, idempotency_key)
    if standing.posted is not None:
        return same_content(standing.posted, kind=Entry.Kind.GIFT_BACK, recharge_id=made.pk)
    lots = list(
        Lot.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=at),
            account_id=made.account_id,
            recharge=made,
            bucket=Lot.Bucket.BONUS,
            remaining__gt=0,
        ).order_by("id")
    )
    if not lots:
        return None
    return post(
        standing,
        Context(made.source, idempotency_key, at, store, actor),
        kind=Entry.Kind.GIFT_BACK,
        principal=ZERO,
        bonus=-sum((lot.remaining for lot in lots), ZERO),
        uses=[(lot.pk, -lot.remaining) for lot in lots],
        recharge=made,
    )
