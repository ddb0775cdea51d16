"""Paying out, gifts, evidence, proofs and what the database refuses (R-W6, R-W11)."""

from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from django.db import IntegrityError, transaction

from audit.models import Record
from tests.conftest import make_staff
from tests.factories.cash_outs import ask, cash_out_of, closing_entry, sums
from tests.factories.ledgers import assert_ledgers_agree, make_member
from wallet import gift_sources, services
from wallet.gift_sources import GivenItem
from wallet.models import Account, CashOut, Entry
from wallet.proofs import check_cash_outs
from wallet.selectors import list_cash_outs, list_refund_movements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english")]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english")]


def test_cash_is_paid_for_small_balances_only(member, pay_in, owner, store, now):
    pay_in(member, "90.00", "10.00", now)

    outcome = ask(member, "90.00", actor=owner, store=store, at=now, method="cash", bank_name="", account_number="")

    cash_out = cash_out_of(outcome)
    assert (cash_out.method, cash_out.account_tail, bytes(cash_out.account_cipher)) == ("cash", "", b"")


def test_a_minors_recharge_is_void_and_paid_back_with_evidence(member, pay_in, spend, owner, store, now):
    """Nasty: minor's recharge void (Art. 10) -> evidence + refund path."""
    pay_in(member, "500.00", "100.00", now - timedelta(days=100))
    spend(member, "120.00", now, listed="200.00")

    outcome = ask(
        member,
        "400.00",
        actor=owner,
        store=store,
        at=now,
        ground="void_contract",
        payee_name="Lin's mother",
        evidence="household register and birth certificate seen, the child is 9",
    )

    cash_out = cash_out_of(outcome)
    assert (cash_out.lines.get().article, cash_out.paid) == ("10, 15", D("400.00"))
    assert cash_out.evidence.startswith("household register")


def test_interest_runs_from_the_day_of_notice_to_the_day_of_payment(member, pay_in, owner, store, now, set_to):
    set_to("wallet.lpr_1y", "3.10")
    set_to("wallet.deposit_rate_1y", "1.50")
    pay_in(member, "1000.00", "0.00", now - timedelta(days=200))
    outcome = ask(member, "1000.00", actor=owner, store=store, at=now, terminated_on=date(2026, 3, 8))
    cash_out = cash_out_of(outcome)
    assert (cash_out.interest, cash_out.paid, closing_entry().paid_out) == (D("0.85"), D("1000.85"), D("1000.00"))

    paid = services.pay_cash_out(
        cash_out_id=cash_out.pk, method="bank", reference="T-1", actor=owner, at=now + timedelta(days=10)
    )

    assert (paid.interest, paid.paid, paid.settlement, paid.status) == (D("1.70"), D("1001.70"), D("1.70"), "paid")
    assert sums(member, now).lines == []
    assert_ledgers_agree()


def test_paying_needs_the_approved_paper_its_own_way_and_a_reference(member, pay_in, manager, owner, store, now):
    pay_in(member, "600.00", "0.00", now)
    waiting = cash_out_of(ask(member, "600.00", actor=manager, store=store, at=now))

    def pay(**changes):
        values = {"cash_out_id": waiting.pk, "method": "bank", "reference": "T-1", "actor": owner, "at": now}
        return services.pay_cash_out(**{**values, **changes})

    with pytest.raises(services.NotPayable):
        pay()
    CashOut.objects.filter(pk=waiting.pk).update(status="due", posted_at=now)
    with pytest.raises(services.NotPayable):
        pay(method="cash")
    with pytest.raises(services.InvalidClaim):
        pay(reference="  ")
    assert pay().reference == "T-1"
    with pytest.raises(services.NotPayable):
        pay()
    assert Record.objects.filter(action="cash_out.paid").count() == 1


def test_goods_returned_after_the_payout_can_be_paid_out_again(member, pay_in, spend, owner, store, now):
    pay_in(member, "1000.00", "100.00", now - timedelta(days=50))
    spend(member, "550.00", now)
    ask(member, "500.00", actor=owner, store=store, at=now)

    services.refund(
        idempotency_key_of_original=f"d:{member.pk}", idempotency_key="back", at=now, store=store, actor=None
    )

    line = sums(member, now).lines[0]
    assert (line.holding.principal, line.holding.bonus, line.holding.consumed) == (D("500.00"), D("50.00"), D("0.00"))
    ask(member, "500.00", actor=owner, store=store, at=now)
    assert sum(CashOut.objects.values_list("paid", flat=True)) == D("1000.00")
    assert_ledgers_agree()


@pytest.mark.parametrize("promise", ["legal", "principal"])
@pytest.mark.parametrize("order", ["proportional", "bonus_first", "principal_first"])
@pytest.mark.parametrize("ground", ["merchant", "customer", "cooling_off"])
def test_refund_after_cash_out_gives_back_what_was_paid_in_and_never_more(
    member, pay_in, spend, owner, store, now, set_to, promise, order, ground
):
    """500 + 100, goods of 150.00 for 120.00; paid out, goods returned in two parts, paid out again: 500.00 in all."""
    set_to("wallet.promise", promise)
    pay_in(member, "500.00", "100.00", now - timedelta(days=3 if ground == "cooling_off" else 30))
    spend(member, "120.00", now, listed="150.00", order=order)

    def pay_out():
        shown = sums(member, now, ground).principal_part
        assert ask(member, str(shown), actor=owner, store=store, at=now, ground=ground).is_done

    def bring_back(amount, key):
        services.refund(
            idempotency_key_of_original=f"d:{member.pk}",
            amount=D(amount),
            idempotency_key=key,
            at=now,
            store=store,
            actor=None,
        )

    pay_out()
    bring_back("37.77", "b1")
    bring_back("82.23", "b2")
    pay_out()

    assert sum(one.principal_part for one in CashOut.objects.all()) == D("500.00")
    assert Account.objects.get().principal == Account.objects.get().bonus == D("0.00")
    assert_ledgers_agree()


def test_an_unused_recharge_of_the_last_seven_days_is_due_in_five_days_and_others_in_fifteen(
    member, pay_in, spend, manager, store, now
):
    def due(member, shown, **changes):
        return cash_out_of(ask(member, shown, actor=manager, store=store, at=now, **changes)).due_on

    pay_in(member, "600.00", "60.00", now - timedelta(days=7))
    used, old = make_member(store), make_member(store)
    pay_in(used, "600.00", "0.00", now)
    spend(used, "0.01", now)
    pay_in(old, "600.00", "0.00", now - timedelta(days=8))

    assert due(member, "600.00", ground="cooling_off") == date(2026, 3, 23)
    assert due(used, "599.99", ground="cooling_off") == date(2026, 4, 2)
    assert due(old, "600.00", ground="customer") == date(2026, 4, 2)


def test_unused_gifts_are_taken_back_and_used_ones_listed(member, pay_in, owner, store, now, monkeypatch):
    made, taken = pay_in(member, "500.00", "0.00", now), []
    monkeypatch.setattr(gift_sources, "_sources", [])
    gift_sources.register_gift_source(
        lambda recharge_id: [GivenItem("Coupon"), GivenItem("Mug", 2, is_used=True)],
        lambda recharge_id, **where: taken.append((recharge_id, where["store"])),
    )

    ask(member, "500.00", actor=owner, store=store, at=now)

    assert [(item.label, item.is_used) for item in gift_sources.list_given(made.pk)] == [
        ("Coupon", False),
        ("Mug", True),
    ]
    assert taken == [(made.pk, store)]


def test_refunds_are_seen_by_their_store_and_overdue_ones_are_found(member, pay_in, owner, store, other_store, now):
    pay_in(member, "500.00", "0.00", now)
    ask(member, "500.00", actor=owner, store=store, at=now)
    neighbour = make_staff("neighbour", "manager", other_store)

    assert list_cash_outs(neighbour).count() == 0
    assert list_cash_outs(owner, status="overdue", today=date(2026, 4, 2)).count() == 0
    assert list_cash_outs(owner, status="overdue", today=date(2026, 4, 3)).count() == 1


def test_the_movements_of_the_evidence_add_up_to_what_was_left(member, pay_in, spend, owner, store, now):
    made = pay_in(member, "500.00", "100.00", now - timedelta(days=100))
    spend(member, "120.00", now)
    cash_out = cash_out_of(ask(member, "400.00", actor=owner, store=store, at=now))

    rows = list_refund_movements(cash_out)

    assert [(entry.kind, recharge, principal, bonus) for entry, recharge, principal, bonus in rows] == [
        ("recharge", made.pk, D("500.00"), D("100.00")),
        ("spend", made.pk, D("-100.00"), D("-20.00")),
        ("cash_out", made.pk, D("-400.00"), D("-80.00")),
    ]


def test_the_database_refuses_money_that_leaves_in_another_way(member, pay_in, owner, store, now):
    """Invariant 13 past the ORM: only a cash-out names money paid, and its sums add up."""
    pay_in(member, "500.00", "0.00", now)
    cash_out = cash_out_of(ask(member, "500.00", actor=owner, store=store, at=now))

    for change in (
        {"paid": D("499.99")},
        {"legal": D("501.00")},
        {"settlement": D("1.00")},
        {"status": "waiting"},
        {"status": "paid"},
        {"ground": "void_contract", "evidence": ""},
        {"account_tail": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            CashOut.objects.filter(pk=cash_out.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(
            account_id=member.pk,
            kind="spend",
            principal=D("0.00"),
            bonus=D("0.00"),
            principal_after=D("0.00"),
            bonus_after=D("0.00"),
            paid_out=D("5.00"),
            source="o:1",
            idempotency_key="x",
            occurred_at=now,
        )


def test_there_is_no_period_in_which_refunds_are_refused(member, pay_in, owner, store, now):
    pay_in(member, "500.00", "100.00", now)

    outcome = ask(member, "500.00", actor=owner, store=store, at=now, ground="cooling_off")

    assert outcome.is_done


@pytest.mark.parametrize(
    "change",
    [
        {"closed_bonus": D("99.00")},
        {"legal": D("499.00"), "paid": D("499.00"), "settlement": D("-1.00")},
        {"promised": D("501.00"), "paid": D("501.00"), "settlement": D("1.00")},
        {"interest": D("1.00"), "paid": D("501.00"), "settlement": D("1.00")},
    ],
)
def test_the_proof_finds_a_paper_that_differs_from_ledger_and_lines(member, pay_in, owner, store, now, change):
    pay_in(member, "500.00", "100.00", now)
    cash_out = cash_out_of(ask(member, "500.00", actor=owner, store=store, at=now))
    assert check_cash_outs() == (1, [])

    CashOut.objects.filter(pk=cash_out.pk).update(**change)

    checked, differences = check_cash_outs()
    assert (checked, [one.subject for one in differences]) == (1, [cash_out.source])
