"""Whatever happens to a member's money, every figure can be told from the entries (invariants 1, 2, 7, 14 and 19).

Invariant 9, parallel spends that never pass below zero, is proved with threads in tests/concurrency/test_wallet.py.
Nasty tests of rules.md 3 that need holds (a refund of a recharge while part is on hold; bonus that expires between hold
and capture) have no test: payments are recorded, not authorised, so no hold is ever taken (R-P9).
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import days
from core.money import ZERO, from_cents
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from wallet import services
from wallet.models import Account, Entry, Lot, Recharge
from wallet.rules import SPENDING_ORDERS
from wallet.selectors import BonusFilter, get_balance, get_totals, get_used_of_gift, list_usable_lots

pytestmark = pytest.mark.usefixtures("_no_pin")
START = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
TABLES = ("wallet_account", "wallet_recharge", "wallet_entry", "wallet_lot", "wallet_lotuse", "wallet_transfer")
CENTS = st.integers(1, 40_000).map(from_cents)
BUCKETS = st.sampled_from(["principal", "bonus"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("recharge"), CENTS, st.integers(0, 9_000).map(from_cents), st.sampled_from([None, 1, 3, 20])),
        st.tuples(st.just("grant"), CENTS, st.sampled_from([None, 1, 3, 20])),
        st.tuples(st.just("take_back"), st.integers(0, 40)),
        st.tuples(st.just("debit"), CENTS, st.sampled_from(SPENDING_ORDERS)),
        st.tuples(st.just("refund"), st.integers(0, 40), st.none() | CENTS),
        st.tuples(st.just("void"), st.integers(0, 40)),
        st.tuples(st.just("wait"), st.integers(1, 5)),
        st.tuples(st.just("expire")),
        st.tuples(st.just("give"), st.booleans(), st.none() | CENTS),
        st.tuples(st.just("clear"), st.booleans()),
        st.tuples(
            st.just("correct"), st.integers(0, 40), st.sampled_from(["principal", "bonus"]), st.integers(-900, 900)
        ),
        st.tuples(st.just("freeze"), st.booleans()),
    ),
    max_size=14,
)
REFUSALS = (
    services.InsufficientBalance,
    services.BalanceLimitExceeded,
    services.NotRefundable,
    services.NotVoidable,
    services.NotTransferable,
    services.NotClearable,
    services.NotCorrectable,
    services.AccountBlocked,
    services.RechargeRefused,
    services.WrongAccountStatus,
)
CONFIG = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Till:
    """Runs steps against a fresh member."""

    def __init__(self, member, store):
        self.member, self.store, self.at, self.number = member, store, START, 0
        self.friend = make_member(store)

    def where(self):
        self.number += 1
        key = f"{self.member.pk}:{self.number}"
        return {"idempotency_key": key, "at": self.at, "store": self.store, "actor": None}

    def recharge(self, principal, bonus, lasting):
        services.recharge(
            member_id=self.member.pk,
            principal=principal,
            bonus=bonus,
            bonus_expires_at=None if lasting is None else self.at + timedelta(days=lasting),
            source="r:1",
            **self.where(),
        )

    def grant(self, amount, lasting):
        services.grant_bonus(
            member_id=self.member.pk,
            amount=amount,
            expires_at=None if lasting is None else self.at + timedelta(days=lasting),
            source="pack:1",
            **self.where(),
        )

    def take_back(self, index):
        """Nothing that could still be spent stays."""
        gifts = Recharge.objects.filter(account_id=self.member.pk, is_gift=True).order_by("id")
        if gifts:
            gift = gifts[index % len(gifts)]
            services.take_back_bonus(recharge_id=gift.pk, **self.where())
            assert not Lot.objects.filter(
                Q(expires_at=None) | Q(expires_at__gt=self.at),
                recharge=gift,
                account_id=self.member.pk,
                remaining__gt=0,
            )

    def debit(self, amount, order):
        return services.debit(
            member_id=self.member.pk,
            amount=amount,
            list_amount=amount * 2,
            source="o:1",
            spending_order=order,
            **self.where(),
        )

    def refund(self, index, amount):
        spends = Entry.objects.filter(account_id=self.member.pk, kind="spend").order_by("id")
        if spends:
            key = spends[index % len(spends)].idempotency_key
            services.refund(idempotency_key_of_original=key, amount=amount, **self.where())

    def void(self, index):
        made = Recharge.objects.filter(account_id=self.member.pk).order_by("id")
        if made:
            services.void_recharge(recharge_id=made[index % len(made)].pk, reason="x", **self.where())

    def wait(self, number):
        self.at += timedelta(days=number)

    def expire(self):
        before = get_balance(member_id=self.member.pk, at=self.at).spendable
        list(services.expire_bonus(days.local_day(self.at), self.at))
        assert get_balance(member_id=self.member.pk, at=self.at).spendable == before

    def give(self, back, amount):
        """To the friend or back; every recharge that goes over keeps its ratio to the fen (invariant 19)."""
        giver, taker = (self.friend, self.member) if back else (self.member, self.friend)
        before = self.held(giver)
        services.transfer(giver_id=giver.pk, taker_id=taker.pk, amount=amount, reason="gift", **self.where())
        for recharge_id, (principal, bonus) in self.held(giver).items():
            had_principal, had_bonus = before[recharge_id]
            gone_principal, gone_bonus = had_principal - principal, had_bonus - bonus
            whole = had_principal + had_bonus
            exact = (gone_principal + gone_bonus) * had_principal / whole if whole else ZERO
            assert abs(gone_principal - exact) < Decimal("0.01")

    def held(self, member):
        sums = {}
        for lot in list_usable_lots(member_id=member.pk, at=self.at):
            pair = sums.setdefault(lot.recharge_id, [ZERO, ZERO])
            pair[lot.is_bonus] += from_cents(lot.remaining)
        return sums

    def clear(self, of_friend):
        member = self.friend if of_friend else self.member
        before = Account.objects.filter(pk=member.pk).values_list("principal").first()
        services.clear_bonus(
            criteria=BonusFilter(member_id=member.pk),
            notice="told",
            notified_on=days.local_day(self.at),
            reason="over",
            **self.where(),
        )
        assert Account.objects.filter(pk=member.pk).values_list("principal").first() == before

    def correct(self, index, bucket, cents):
        made = Recharge.objects.filter(lots__account_id=self.member.pk).distinct().order_by("id")
        if made:
            services.correct(
                member_id=self.member.pk,
                recharge_id=made[index % len(made)].pk,
                bucket=bucket,
                amount=from_cents(cents),
                evidence="receipt",
                reason="typed wrong",
                **self.where(),
            )

    def freeze(self, is_freeze):
        act = services.freeze_account if is_freeze else services.unfreeze_account
        act(member_id=self.member.pk, reason="x", actor=None, at=self.at, store=self.store)

    def run(self, steps):
        for name, *arguments in steps:
            before = table_rows(*TABLES)
            try:
                getattr(self, name)(*arguments)
            except REFUSALS:
                assert table_rows(*TABLES) == before
        if Account.objects.filter(pk=self.member.pk, status="frozen"):
            self.freeze(is_freeze=False)


@pytest.mark.django_db
@CONFIG
@given(steps=STEPS)
def test_balances_lots_and_entries_agree_after_any_steps(store, steps):
    till = Till(make_member(store), store)

    till.run(steps)

    assert_ledgers_agree()
    both = [till.member.pk, till.friend.pk]
    balances = [get_balance(member_id=pk, at=till.at) for pk in both]
    assert all(balance.principal <= balance.spendable <= balance.total for balance in balances)
    # Transfers net to zero: what came in and did not go out is there, in one account or the other.
    totals = [get_totals(member_id=pk) for pk in both]
    rest = Entry.objects.filter(account_id__in=both, kind__in=["bonus_expiry", "bonus_clear", "correction"])
    lost = sum((entry.amount for entry in rest), ZERO)
    flows = sum(one.recharged + one.bonus_given - one.spent for one in totals)
    assert flows + lost == sum(balance.total for balance in balances)
    for gift in Recharge.objects.filter(account_id=till.member.pk, is_gift=True):
        mine = {"account_id": till.member.pk, "recharge": gift}
        changed = sum(entry.bonus for entry in Entry.objects.filter(**mine))
        assert changed - get_used_of_gift(gift.pk) == sum(lot.remaining for lot in Lot.objects.filter(**mine))


@pytest.mark.django_db
@CONFIG
@given(steps=STEPS, amount=CENTS, order=st.sampled_from(SPENDING_ORDERS), cuts=st.lists(CENTS, max_size=5))
def test_a_payment_given_back_in_any_parts_restores_every_lot(store, steps, amount, order, cuts):
    till = Till(make_member(store), store)
    till.run([("recharge", Decimal("300.00"), Decimal("33.33"), 20), *steps])

    def state():
        lots = Lot.objects.filter(account_id=till.member.pk, remaining__gt=0).order_by("id")
        account = Account.objects.filter(pk=till.member.pk).values_list("principal", "bonus")
        return list(account), list(lots.values_list("id", "remaining"))

    before = state()
    try:
        paid = till.debit(amount, order)
    except services.InsufficientBalance:
        return

    left = amount
    for cut in cuts:
        if part := min(cut, left):
            services.refund(idempotency_key_of_original=paid.idempotency_key, amount=part, **till.where())
            left -= part
    if left:
        services.refund(idempotency_key_of_original=paid.idempotency_key, **till.where())

    assert state() == before
    back = Entry.objects.filter(original=paid)
    assert sum(entry.list_amount for entry in back) == -2 * amount
    assert_ledgers_agree()


@pytest.mark.django_db
@CONFIG
@given(amounts=st.lists(CENTS, min_size=1, max_size=4), order=st.sampled_from(SPENDING_ORDERS))
def test_any_command_repeated_with_its_key_changes_nothing_invariant_7(store, amounts, order):
    till = Till(make_member(store), store)
    till.recharge(Decimal("900.00"), Decimal("90.00"), 20)
    where = {"at": till.at, "store": store, "actor": None}

    def run(prefix):
        done = []
        for number, amount in enumerate(amounts):
            try:
                done.append(
                    services.debit(
                        member_id=till.member.pk,
                        amount=amount,
                        list_amount=amount,
                        source="o:1",
                        spending_order=order,
                        idempotency_key=f"{prefix}:d{number}",
                        **where,
                    ).pk
                )
                back = {"idempotency_key_of_original": f"{prefix}:d{number}", "idempotency_key": f"{prefix}:f{number}"}
                done.append(services.refund(amount=Decimal("0.01"), **back, **where).pk)
            except services.InsufficientBalance:
                done.append(None)
        return done

    first, after = run(till.member.pk), table_rows(*TABLES)

    assert [pk for pk in run(till.member.pk) if pk] == [pk for pk in first if pk]
    if None not in first:
        assert table_rows(*TABLES) == after
