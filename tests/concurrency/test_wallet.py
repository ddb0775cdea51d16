"""Tills that use one member's money at the same moment: real threads, real transactions."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from core.days import local_day
from members.models import Member
from tests.factories.ledgers import assert_ledgers_agree, make_member
from tests.factories.stored_value import Purse, make_purse, set_value
from tests.threads import run_together
from wallet import services
from wallet.models import Account, Entry, Recharge
from wallet.selectors import BonusFilter

pytestmark = pytest.mark.django_db(transaction=True)
TEN = Decimal("10.00")


@pytest.fixture
def recharge(store, now):
    def do(member, key, principal="80.00", bonus="20.00"):
        return services.recharge(
            member_id=member.pk,
            principal=Decimal(principal),
            bonus=Decimal(bonus),
            source="r:1",
            idempotency_key=key,
            at=now,
            store=store,
            actor=None,
        )

    return do


@pytest.fixture
def funded(store, recharge):
    member = make_member(store)
    recharge(member, "r1")
    return member


@pytest.fixture
def debit(funded, store, now):
    def do(key):
        return services.debit(
            member_id=funded.pk,
            amount=TEN,
            list_amount=TEN,
            source="o:1",
            idempotency_key=key,
            at=now,
            store=store,
            actor=None,
        )

    return do


def test_twenty_tills_cannot_spend_the_same_money(debit):
    outcomes = run_together(20, lambda number: debit(f"d{number}"))

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 10, "InsufficientBalance": 10}
    account = Account.objects.get()
    assert (account.principal, account.bonus) == (Decimal("0.00"), Decimal("0.00"))
    assert_ledgers_agree()


def test_without_the_lock_the_race_is_real(debit, monkeypatch):
    ready = threading.Barrier(20)
    usable = services.paying.list_usable_lots

    def slowly(**arguments: Any) -> Any:
        lots = usable(**arguments)
        ready.wait(10)
        return lots

    monkeypatch.setattr("wallet.services.posting.lock_member", lambda member_id: Member.objects.get(pk=member_id))
    monkeypatch.setattr("wallet.services.paying.list_usable_lots", slowly)

    outcomes = run_together(20, lambda number: debit(f"d{number}"))

    # All saw the whole balance: the database's CHECK stops the overdraft, but entries tell a wrong balance after them.
    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 10, "IntegrityError": 10}
    assert set(Entry.objects.filter(kind="spend").values_list("principal_after", flat=True)) == {Decimal("72.00")}


def test_one_key_from_six_threads_moves_money_once(funded, debit, recharge):
    payments = run_together(6, lambda number: debit("the same"))
    recharges = run_together(6, lambda number: recharge(funded, "the same recharge"))

    assert len({entry.pk for entry in payments}) == len({made.pk for made in recharges}) == 1
    assert Account.objects.get().principal == Decimal("152.00")
    assert_ledgers_agree()


def test_refunds_in_parts_from_six_tills_never_exceed_the_payment(debit, store, now):
    debit("d")

    def refund(number: int) -> Any:
        return services.refund(
            idempotency_key_of_original="d",
            amount=Decimal("3.00"),
            idempotency_key=f"f{number}",
            at=now,
            store=store,
            actor=None,
        )

    outcomes = run_together(6, refund)

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 3, "NotRefundable": 3}
    assert_ledgers_agree()


def test_recharges_at_once_cannot_pass_the_limit_together(funded, recharge):
    outcomes = run_together(6, lambda number: recharge(funded, f"r-{number}", "2000.00", "0.00"))

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Recharge": 2, "BalanceLimitExceeded": 4}
    assert Recharge.objects.count() == 3
    assert_ledgers_agree()


def test_voiding_while_paying_lets_exactly_one_of_them_win(debit, store, now):
    made = Recharge.objects.get()

    def work(number: int) -> Any:
        if number:
            return debit("d")
        return services.void_recharge(
            recharge_id=made.pk, idempotency_key="v", reason="typed twice", at=now, store=store, actor=None
        )

    outcomes = run_together(2, work)

    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds in (["Entry", "InsufficientBalance"], ["NotVoidable", "Entry"])
    assert_ledgers_agree()


def test_two_cashiers_spend_the_last_hundred_at_once_and_one_succeeds(funded, store, now):
    def pay(number: int) -> Any:
        return services.debit(
            member_id=funded.pk,
            amount=Decimal("100.00"),
            list_amount=Decimal("100.00"),
            source="o:1",
            idempotency_key=f"last:{number}",
            at=now,
            store=store,
            actor=None,
        )

    outcomes = run_together(2, pay)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Entry", "InsufficientBalance"]
    assert (Account.objects.get().principal, Account.objects.get().bonus) == (Decimal("0.00"), Decimal("0.00"))
    assert_ledgers_agree()


def test_freeze_during_payment_lets_the_payment_that_came_first_through_and_no_other(funded, debit, store, now):
    def work(number: int) -> Any:
        if number:
            return debit(f"d{number}")
        return services.freeze_account(member_id=funded.pk, reason="stolen phone", actor=None, at=now, store=store)

    outcomes = run_together(6, work)

    kinds = Counter(type(outcome).__name__ for outcome in outcomes)
    assert kinds["NoneType"] == 1
    assert kinds["Entry"] + kinds["AccountBlocked"] == 5
    assert Entry.objects.filter(kind="spend").count() == kinds["Entry"]
    with pytest.raises(services.AccountBlocked):
        debit("after")
    assert_ledgers_agree()


def test_payments_at_once_cannot_pass_the_limit_without_pin_together(store, recharge, now):
    member = make_member(store)
    recharge(member, "much", "500.00", "0.00")

    def pay(number: int) -> Any:
        return services.debit(
            member_id=member.pk,
            amount=Decimal("90.00"),
            list_amount=Decimal("90.00"),
            source="o:1",
            idempotency_key=f"pin:{number}",
            at=now,
            store=store,
            actor=None,
        )

    outcomes = run_together(4, pay)

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Entry": 2, "PinRequired": 2}


def test_one_proof_pays_only_one_of_two_parallel_payments(store, now):
    purse = make_purse(store, now, "1000.00")
    purse.set_pin()
    proof = purse.proof()

    outcomes = run_together(2, lambda number: purse.debit("300.00", idempotency_key=f"p{number}", pin_proof=proof))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Entry", "InvalidProof"]


def transfers_of(bank: list[Purse], worker: int, count: int) -> Counter[str]:
    """Random gifts between the members of a bank; what became of each."""
    chance = random.Random(worker)
    outcomes: Counter[str] = Counter()
    for number in range(count):
        giver, taker = chance.sample(bank, 2)
        amount = str(Decimal(chance.randint(1, 9000)) / 100)
        try:
            giver.give(taker, amount, idempotency_key=f"t{worker}:{number}")
            outcomes["done"] += 1
        except (services.InsufficientBalance, services.NotTransferable, services.BalanceLimitExceeded) as refusal:
            outcomes[type(refusal).__name__] += 1
    return outcomes


def total_of_the_table() -> Decimal:
    with connection.cursor() as cursor:
        cursor.execute("SELECT SUM(principal + bonus), MIN(LEAST(principal, bonus)) FROM wallet_account")
        total, least = cursor.fetchone()
    assert least >= 0
    return Decimal(total)


@pytest.fixture
def bank(store, now):
    set_value("wallet.transfer_day_limit", "0", now)
    return [make_purse(store, now, "200.00", "50.00") for _number in range(5)]


def test_a_bank_of_five_keeps_its_total_while_eight_tills_transfer(bank):
    done = threading.Event()
    seen: list[Decimal] = []

    def work(worker: int) -> Any:
        if worker < 8:
            return transfers_of(bank, worker, 25)
        while not done.is_set():
            seen.append(total_of_the_table())
            done.wait(0.01)
        return None

    def timed(worker: int) -> Any:
        try:
            return work(worker)
        finally:
            if worker < 8 and next(left) == 0:
                done.set()

    left = iter(range(7, -1, -1))

    outcomes = run_together(9, timed)

    counts = [outcome for outcome in outcomes if isinstance(outcome, Counter)]
    assert (len(counts), sum(sum(one.values()) for one in counts)) == (8, 200)
    assert sum(one["done"] for one in counts) >= 50
    assert set(seen) == {Decimal("1250.00")}
    assert total_of_the_table() == Decimal("1250.00")
    assert_ledgers_agree()


def test_without_one_order_of_locks_two_transfers_in_opposite_directions_block_each_other(bank, monkeypatch):
    first, second = bank[:2]
    held = threading.Barrier(2)
    whole = services.transferring.hold_member

    @contextmanager
    def giver_first(member_id: int) -> Iterator[Member]:
        with whole(member_id) as member:
            with suppress(threading.BrokenBarrierError):
                held.wait(2)
            yield member

    # Without the order of ids each locks its giver first, then waits for the other's.
    monkeypatch.setattr("wallet.services.transferring.sorted", list, raising=False)
    monkeypatch.setattr("wallet.services.transferring.hold_member", giver_first)

    outcomes = run_together(2, lambda number: (first.give(second, "1.00") if number else second.give(first, "1.00")).pk)

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"int": 1, "OperationalError": 1}


def test_with_the_order_of_locks_transfers_in_opposite_directions_both_succeed(bank):
    first, second = bank[:2]

    outcomes = run_together(
        8, lambda number: type(first.give(second, "1.00") if number % 2 else second.give(first, "1.00")).__name__
    )

    assert outcomes == ["Transfer"] * 8
    assert sum(sum(purse.balance()) for purse in (first, second)) == Decimal("500.00")
    assert_ledgers_agree()


def test_one_key_from_six_threads_transfers_once(bank):
    first, second = bank[:2]

    outcomes = run_together(6, lambda _number: first.give(second, "10.00", idempotency_key="once").pk)

    assert len(set(outcomes)) == 1
    assert sum(second.balance()) == Decimal("260.00")


def test_clearing_bonus_while_paying_takes_only_what_is_left(funded, debit, store, now):
    def work(number: int) -> Any:
        if number:
            return debit(f"d{number}")
        return services.clear_bonus(
            criteria=BonusFilter(member_id=funded.pk),
            notice="told by letter",
            notified_on=local_day(now),
            reason="campaign is over",
            idempotency_key="clear",
            at=now,
            store=store,
            actor=None,
        )

    outcomes = run_together(4, work)

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Cleared": 1, "Entry": 3}
    account = Account.objects.get()
    assert account.bonus == Decimal("0.00")
    assert_ledgers_agree()


def test_a_payer_cannot_split_a_cash_purchase_over_two_tills_at_once(store, now):
    purses = [make_purse(store, now) for _number in range(2)]
    payer = services.Payer(kind="company", name="Harbour Tea Ltd")

    outcomes = run_together(
        2, lambda number: purses[number].recharge("3000.00", payer=payer, tender="cash", idempotency_key=f"c{number}")
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Recharge", "RechargeRefused"]


def test_without_the_payers_lock_splitting_over_two_tills_would_pass(store, now, monkeypatch):
    purses = [make_purse(store, now) for _number in range(2)]
    payer = services.Payer(kind="company", name="Harbour Tea Ltd")
    both = threading.Barrier(2)
    paid_in = services.recharging.selectors.get_paid_in

    def slowly(**arguments: Any) -> Any:
        found = paid_in(**arguments)
        both.wait(10)
        return found

    monkeypatch.setattr("wallet.services.recharging.lock_payer", lambda name: None)
    monkeypatch.setattr("wallet.services.recharging.selectors.get_paid_in", slowly)

    outcomes = run_together(
        2, lambda number: purses[number].recharge("3000.00", payer=payer, tender="cash", idempotency_key=f"c{number}")
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Recharge", "Recharge"]
