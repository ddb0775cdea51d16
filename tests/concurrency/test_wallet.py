"""Tills that use one member's money at the same moment: real threads, real transactions."""

import threading
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from tests.factories.ledgers import assert_ledgers_agree, make_member
from tests.threads import run_together
from wallet import services
from wallet.models import Account, Entry, Recharge

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
