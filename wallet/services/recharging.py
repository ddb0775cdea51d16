"""Money comes in: recharges, their limits, and the void of a mistaken one."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core import audit, days
from core.database import joining_atomic
from core.money import ZERO, to_cents
from members.identity import seal_text
from members.models import Member
from stores.models import Staff, Store
from wallet import selectors
from wallet.models import Account, Entry, Lot, PayerKind, Recharge
from wallet.selectors import WalletRules, get_rules
from wallet.services.posting import (
    BalanceLimitExceeded,
    Context,
    IdentityRequired,
    NewLot,
    NotVoidable,
    RechargeRefused,
    Standing,
    lock_account,
    lock_payer,
    post,
    require_active,
    require_open_account,
    same_content,
)

Bucket = Lot.Bucket


#: Tenders of the checkout that are banknotes.
CASH = "cash"


@dataclass(frozen=True)
class Payer:
    """Who pays in, as far as it was asked for (R-W4); the document's number is stored sealed."""

    kind: str = PayerKind.INDIVIDUAL
    name: str = ""
    id_kind: str = ""
    id_number: str = field(default="", repr=False)

    @property
    def is_identified(self) -> bool:
        """Name, kind and number of the document are all there."""
        return all(text.strip() for text in (self.name, self.id_kind, self.id_number))


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
    payer: Payer | None = None,
    tender: str = "",
) -> Recharge:
    """Put money and its bonus into the member's account. The same key gives the first recharge.

    ``plan`` is the snapshot of the offer; ``bonus_expires_at`` an exclusive instant, None for never; ``tender`` the
    checkout's kind of payment. The rates and the contract version of the settings are kept with it, because a later
    refund is reckoned by those of today (R-W6). Refused with MemberNotActive (R-W7), BalanceLimitExceeded,
    RechargeRefused or IdentityRequired (R-W4), and nothing moves.
    """
    if min(to_cents(principal), to_cents(bonus)) < 0 or not principal + bonus:
        raise ValueError("a recharge has principal or bonus, neither negative")
    payer = payer or Payer()
    standing = lock_account(member_id, idempotency_key)
    if standing.posted is not None:
        entry = same_content(
            standing.posted, account_id=member_id, kind=Entry.Kind.RECHARGE, principal=principal, bonus=bonus
        )
        return Recharge.objects.get(idempotency_key=entry.idempotency_key)
    require_active(standing)
    in_force = get_rules(at=at)
    _check_card(member_id, in_force, at)
    check_limit(standing, principal, bonus, in_force)
    _check_amounts(member_id, principal, payer, tender, in_force, at)
    made = Recharge.objects.create(
        account_id=member_id,
        principal=principal,
        bonus=bonus,
        bonus_expires_at=bonus_expires_at,
        plan=plan,
        paid_at=at,
        lpr_1y=in_force.lpr_1y,
        deposit_rate_1y=in_force.deposit_rate_1y,
        contract_version=in_force.contract_version,
        payer_kind=payer.kind,
        payer_name=payer.name.strip(),
        id_kind=payer.id_kind,
        id_cipher=seal_text(payer.id_number.strip()),
        id_tail=payer.id_number.strip()[-4:],
        tender=tender,
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


def _check_card(member_id: int, in_force: WalletRules, at: datetime) -> None:
    """RechargeRefused while recharges are paused, and for cards that are recharged once, never, or not any more."""
    if in_force.recharges_paused:
        raise RechargeRefused(_("Recharges are paused at present."))
    account = Account.objects.filter(pk=member_id).first()
    if account is None:
        return
    if account.recharging == Account.Recharging.NEVER:
        raise RechargeRefused(_("This card cannot be recharged."))
    if account.recharging == Account.Recharging.ONCE and selectors.has_standing_recharge(member_id=member_id):
        raise RechargeRefused(_("This card can be recharged only once, and that was done."))
    if account.recharge_until is not None and account.recharge_until < days.local_day(at):
        raise RechargeRefused(
            _("This card could be recharged until %(day)s.") % {"day": account.recharge_until.isoformat()}
        )


def check_limit(standing: Standing, principal: Decimal, bonus: Decimal, in_force: WalletRules) -> None:
    """BalanceLimitExceeded where this would lift the balance above what is allowed (R-W4); refunds never ask."""
    limit = in_force.limit_for(standing.member)
    after = standing.principal + principal
    if in_force.limit_counts_bonus:
        after += standing.bonus + bonus
    if after > limit:
        raise BalanceLimitExceeded(
            _("The balance would be %(after)s; at most %(limit)s is allowed.") % {"after": after, "limit": limit}
        )


def _check_amounts(
    member_id: int, principal: Decimal, payer: Payer, tender: str, in_force: WalletRules, at: datetime
) -> None:
    """The sizes of R-W4. Splitting does not help: what the same payer has paid in today is added up."""
    if payer.name.strip():
        # Recharges of several members by one payer at several tills at once: one after the other from here on.
        lock_payer(payer.name)
    paid = selectors.get_paid_in(member_id=member_id, payer_kind=payer.kind, payer_name=payer.name, at=at)
    _refuse_above(principal, in_force.recharge_limit, _("A recharge can be at most %(limit)s."))
    _refuse_above(paid.day + principal, in_force.recharge_day_limit, _("At most %(limit)s can be recharged in a day."))
    _refuse_above(
        paid.month + principal, in_force.recharge_month_limit, _("At most %(limit)s can be recharged in a month.")
    )
    limit = in_force.cash_limit_company if payer.kind == PayerKind.COMPANY else in_force.cash_limit
    if tender == CASH and limit and paid.by_payer + principal >= limit:
        raise RechargeRefused(
            _("From %(limit)s a day on, this payer has to pay by bank transfer or card, not in cash.")
            % {"limit": limit}
        )
    if in_force.id_from and paid.day + principal >= in_force.id_from and not payer.is_identified:
        raise IdentityRequired(
            _("From %(limit)s a day on, the payer's name and document are needed.") % {"limit": in_force.id_from}
        )


def _refuse_above(amount: Decimal, limit: Decimal, text: str) -> None:
    if limit and amount > limit:
        raise RechargeRefused(text % {"limit": limit})


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
    if made.is_gift:
        raise NotVoidable(_("Nothing was paid for this bonus; it goes back with what it was given for."))
    standing = lock_account(made.account_id, idempotency_key)
    if standing.posted is not None:
        return same_content(standing.posted, kind=Entry.Kind.REVERSAL, recharge_id=made.pk)
    if standing.member.status == Member.Status.FROZEN:
        require_active(standing)
    require_open_account(standing)
    original = Entry.objects.select_related("reversed_by").get(kind=Entry.Kind.RECHARGE, recharge=made)
    lots = list(Lot.objects.filter(recharge=made, account_id=made.account_id, remaining__gt=0))
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
