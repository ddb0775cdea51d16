"""Money goes out to a sale and comes back from it, bucket by bucket and lot by lot."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

import members.services
from core import days
from core.database import joining_atomic
from core.money import ZERO, cumulative_share, from_cents, to_cents
from core.templatetags.interface import money
from stores.models import Staff, Store
from wallet import rules
from wallet.models import Entry, Lot, LotUse
from wallet.selectors import get_rules, list_usable_lots
from wallet.services.posting import (
    Context,
    InsufficientBalance,
    NewLot,
    NotRefundable,
    PinRequired,
    Standing,
    UnknownEntry,
    lock_account,
    post,
    require_active,
    same_content,
)

Kind = Entry.Kind


@joining_atomic
def debit(
    *,
    member_id: int,
    amount: Decimal,
    list_amount: Decimal,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    spending_order: str | None = None,
    pin_proof: UUID | None = None,
) -> Entry:
    """Pay out of the balance; the entry says how much was principal and how much bonus (both negative).

    ``list_amount`` is what this payment buys at list prices, which a later cash-out is reckoned by (R-W6).
    ``spending_order`` is that of a quote, by default the setting's (R-W2). Expired bonus does not pay, whether or not
    its expiry is posted. ``pin_proof`` is what ``members.services.verify_pin`` gave: needed where the payments of the
    shop day without PIN would pass the setting's limit (R-W10, PinRequired), used up where it is given. Refused with
    MemberNotActive or InsufficientBalance, and nothing moves. Once per key.
    """
    if amount <= 0 or list_amount < 0:
        raise ValueError("a payment is above 0")
    standing = lock_account(member_id, idempotency_key, at=at)
    if standing.posted is not None:
        return same_content(
            standing.posted, account_id=member_id, kind=Kind.SPEND, amount=-amount, list_amount=list_amount
        )
    require_active(standing)
    in_force = get_rules(at=at)
    lots = list_usable_lots(member_id=member_id, at=at)
    parts = rules.split_payment(lots, to_cents(amount), spending_order or in_force.spending_order)
    found = from_cents(sum(part for _lot, part in parts))
    if found < amount:
        raise InsufficientBalance(
            _("The balance is not enough: %(found)s can be used, %(amount)s is to be paid.")
            % {"found": found, "amount": amount}
        )
    _check_pin(standing, amount, in_force.no_pin_limit, pin_proof, at)
    bonus = from_cents(sum(part for lot, part in parts if lot.is_bonus))
    return post(
        standing,
        Context(source, idempotency_key, at, store, actor),
        kind=Kind.SPEND,
        principal=bonus - amount,
        bonus=-bonus,
        uses=[(lot.lot_id, from_cents(-part)) for lot, part in parts],
        list_amount=list_amount,
        is_pin_verified=pin_proof is not None,
    )


def _check_pin(standing: Standing, amount: Decimal, limit: Decimal, proof: UUID | None, at: datetime) -> None:
    if proof is not None:
        members.services.use_pin_proof(member_id=standing.member.pk, proof=proof, at=at)
    elif standing.without_pin + amount > limit:
        raise PinRequired(_("Payments above %(limit)s a day need the member's PIN.") % {"limit": money(limit)})


@joining_atomic
def refund(
    *,
    idempotency_key_of_original: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    amount: Decimal | None = None,
    source: str | None = None,
) -> Entry:
    """Give a payment back, whole (what is left of it) or in part, to the lots and buckets that it came from (R-W3).

    Any sequence of parts that covers the payment gives every lot back exactly what it gave (R-C6). Bonus that has
    expired meanwhile comes back as a lot of today and the grace days of the setting (0: it stays expired). A frozen
    member and a balance above the limit do not stop it. NotRefundable where more is asked than is left.
    """
    if amount is not None and amount <= 0:
        raise ValueError("a refund is above 0")
    original = Entry.objects.filter(idempotency_key=idempotency_key_of_original).first()
    if original is None:
        raise UnknownEntry(_("There is no such stored-value entry."))
    if original.kind != Kind.SPEND:
        raise NotRefundable(_("Only payments can be given back this way."))
    standing = lock_account(original.account_id, idempotency_key)
    if standing.posted is not None:
        wanted = standing.posted.amount if amount is None else amount
        return same_content(standing.posted, kind=Kind.REFUND, original_id=original.pk, amount=wanted)
    owed = _owed(original)
    left = sum(owed.values())
    wanted = from_cents(left) if amount is None else amount
    if not 0 < to_cents(wanted) <= left:
        raise NotRefundable(_("Only %(left)s of this payment is left to give back.") % {"left": from_cents(left)})
    context = Context(source or original.source, idempotency_key, at, store, actor)
    return _give_back(standing, context, original, owed, wanted, closes=amount is None)


def _owed(original: Entry) -> dict[Lot, int]:
    """What each lot of a payment is still owed, in fen, in the order in which the payment ate them."""
    put_back = LotUse.objects.filter(entry__original=original).values_list("lot_id").annotate(total=Sum("amount"))
    restored = Lot.objects.filter(entry__original=original).values_list("origin_id").annotate(total=Sum("granted"))
    returned: dict[int, Decimal] = {}
    for lot_id, amount in [*put_back, *restored]:
        returned[lot_id] = returned.get(lot_id, ZERO) + amount
    uses = LotUse.objects.filter(entry=original).select_related("lot").order_by("id")
    return {use.lot: to_cents(-use.amount - returned.get(use.lot_id, ZERO)) for use in uses}


def _give_back(
    standing: Standing, context: Context, original: Entry, owed: dict[Lot, int], amount: Decimal, *, closes: bool
) -> Entry:
    parts = rules.split_refund(list(owed.values()), to_cents(amount))
    uses, lots, bonus = [], [], ZERO
    for lot, cents in zip(owed, parts, strict=True):
        part = from_cents(cents)
        if lot.bucket == Lot.Bucket.BONUS:
            bonus += part
        if not cents:
            continue
        if lot.expired or (lot.expires_at is not None and lot.expires_at <= context.at):
            lots.append(_restored(lot, part, context.at))
        else:
            uses.append((lot.pk, part))
    whole = to_cents(-original.amount)
    before = whole - sum(owed.values())
    listed = to_cents(original.list_amount or ZERO)
    list_part = cumulative_share(listed, before + to_cents(amount), whole) - cumulative_share(listed, before, whole)
    return post(
        standing,
        context,
        kind=Kind.REFUND,
        principal=amount - bonus,
        bonus=bonus,
        uses=uses,
        lots=lots,
        list_amount=from_cents(-list_part),
        original=original,
        closes=closes,
    )


def _restored(lot: Lot, amount: Decimal, at: datetime) -> NewLot:
    grace = get_rules(at=at).grace_days
    ends_at = days.end_of(days.local_day(at) + timedelta(days=grace)) if grace else lot.expires_at
    return NewLot(lot.recharge_id, Lot.Bucket.BONUS, amount, ends_at, lot.pk)
