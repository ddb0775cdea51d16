"""Refunds in money against each other and against tills: real threads, real transactions."""

import threading
from collections import Counter
from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from approvals.services import approve
from checkout import services as till_services
from checkout.models import Payout, Till
from members.models import Member
from members.services import lock_member
from tests.factories.cash_outs import ask, cash_out_of
from tests.factories.ledgers import assert_ledgers_agree, make_member
from tests.threads import run_together
from wallet import services
from wallet.models import Account, CashOut, CashOutLine, Entry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def member(store, now):
    made = make_member(store)
    services.recharge(
        member_id=made.pk,
        principal=D("80.00"),
        bonus=D("20.00"),
        source="r:1",
        idempotency_key="r",
        at=now - timedelta(days=30),
        store=store,
        actor=None,
    )
    return made


@pytest.fixture
def spend(member, store, now):
    def do(key):
        return services.debit(
            member_id=member.pk,
            amount=D("100.00"),
            list_amount=D("100.00"),
            source="o:1",
            idempotency_key=key,
            at=now,
            store=store,
            actor=None,
        )

    return do


def test_two_refunds_at_once_pay_the_balance_once(member, owner, store, now):
    outcomes = run_together(2, lambda number: ask(member, "80.00", actor=owner, store=store, at=now))

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Outcome": 1, "NothingToPayOut": 1}
    assert CashOut.objects.get().paid == D("80.00")
    assert Entry.objects.filter(kind="cash_out").count() == 1
    assert_ledgers_agree()


def _unlock(monkeypatch):
    """Takes the member's mutex away from refund and payment, and holds both where the race is."""

    def read(member_id: int) -> Member:
        return Member.objects.get(pk=member_id)

    monkeypatch.setattr("wallet.services.cashing_out.lock_member", read)
    monkeypatch.setattr("wallet.services.posting.lock_member", read)


def test_a_refund_while_a_sale_spends_lets_exactly_one_of_them_win(member, spend, owner, store, now):
    def work(number: int) -> Any:
        return spend("d") if number else ask(member, "80.00", actor=owner, store=store, at=now)

    outcomes = run_together(2, work)

    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds in (["Outcome", "InsufficientBalance"], ["NothingToPayOut", "Entry"])
    assert Account.objects.get().principal == D("0.00")
    assert CashOutLine.objects.count() == CashOut.objects.count() == kinds.count("Outcome")
    assert_ledgers_agree()


def test_without_the_lock_the_race_is_real(member, spend, owner, store, now, monkeypatch):
    _unlock(monkeypatch)
    reckoned, spent = threading.Event(), threading.Event()
    reckon, calls = services.cashing_out.reckon_cash_out, []

    def slowly(**arguments: Any) -> Any:
        found = reckon(**arguments)
        calls.append(found)
        if len(calls) == 3:
            # Asked, previewed and now executing: this is what is going to be closed.
            reckoned.set()
            spent.wait(10)
        return found

    def work(number: int) -> Any:
        if not number:
            return ask(member, "80.00", actor=owner, store=store, at=now)
        reckoned.wait(10)
        try:
            return spend("d")
        finally:
            spent.set()

    monkeypatch.setattr("wallet.services.cashing_out.reckon_cash_out", slowly)

    outcomes = run_together(2, work)

    # The sale went in between: only the database's CHECK stops paying out what is not there any more.
    assert [type(outcome).__name__ for outcome in outcomes] == ["IntegrityError", "Entry"]


def test_two_people_approving_one_refund_post_it_once(member, owner, manager, cashier, store, now):
    request = ask(member, "80.00", actor=cashier, store=store, at=now).request
    people = [owner, manager]

    outcomes = run_together(
        2, lambda number: approve(request_id=request.pk, actor=people[number], at=now, seen=request.fingerprint)
    )

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Outcome": 1, "AlreadyDecided": 1}
    assert Entry.objects.filter(kind="cash_out").count() == 1
    assert_ledgers_agree()


def test_two_tills_cannot_pay_one_refund_twice(member, owner, cashier, store, now):
    outcome = ask(member, "80.00", actor=owner, store=store, at=now, method="cash", bank_name="", account_number="")
    tills = [Till.objects.create(store=store, code=str(number), name=f"Till {number}") for number in range(2)]
    for till in tills:
        till_services.open_shift(till=till, opening_float=D("200.00"), actor=cashier, at=now)
    pk = cash_out_of(outcome).pk

    outcomes = run_together(
        2,
        lambda number: till_services.pay_out_in_cash(
            key=uuid4(), till=tills[number], cash_out_id=pk, actor=cashier, at=now
        ),
    )

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"int": 1, "NotPayable": 1}
    assert Payout.objects.get().amount == D("80.00")


def test_a_refund_locks_who_paid_before_who_received_as_transfers_do(member, owner, store, now):
    """Taking gifts back locks who recharged as well: by id, so a transfer in the other direction cannot deadlock."""
    friend = make_member(store)
    services.transfer(
        giver_id=member.pk,
        taker_id=friend.pk,
        amount=D("50.00"),
        reason="a present",
        idempotency_key="t",
        at=now,
        store=store,
        actor=None,
    )
    held, finished = threading.Event(), threading.Event()

    def work(number: int) -> Any:
        if number:
            held.wait(10)
            outcome = ask(friend, "40.00", actor=owner, store=store, at=now)
            finished.set()
            return outcome
        with transaction.atomic():
            lock_member(member.pk)
            held.set()
            assert not finished.wait(1), "the refund did not wait for who paid"
            return Member.objects.select_for_update(no_key=True, nowait=True).get(pk=friend.pk).pk

    locked, outcome = run_together(2, work)

    assert locked == friend.pk
    assert outcome.is_done
    assert_ledgers_agree()
