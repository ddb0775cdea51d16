"""Frozen accounts and lost cards (R-W7), and what of R-W3 has to do with them."""

from decimal import Decimal as D  # noqa: N817

import pytest

import members.services
from audit.models import Record
from members.models import Member
from tests.factories.ledgers import assert_ledgers_agree, table_rows
from tests.factories.stored_value import TABLES
from wallet import selectors, services


@pytest.fixture
def purse(purse_of):
    return purse_of("100.00", "20.00")


@pytest.fixture
def block(purse, store, manager, now):
    where = {"member_id": purse.pk, "actor": manager, "at": now, "store": store}

    def do(how):
        if how == "frozen":
            services.freeze_account(reason="asked by phone", **where)
        else:
            services.report_loss(cause="lost", **where)

    return do


@pytest.mark.parametrize("how", ["frozen", "lost"])
def test_a_blocked_account_neither_pays_recharges_nor_transfers_but_takes_refunds(purse, purse_of, block, how):
    paid, other = purse.debit("60.00"), purse_of("50.00")
    block(how)
    before = table_rows(*TABLES)

    for act in (
        lambda: purse.debit("1.00"),
        lambda: purse.recharge("10.00"),
        lambda: purse.give(other, "1.00"),
        lambda: other.give(purse, "1.00"),
    ):
        with pytest.raises(services.AccountBlocked):
            act()

    assert table_rows(*TABLES) == before
    assert selectors.get_status(member_id=purse.pk) == how
    purse.refund(paid)
    assert purse.balance() == (D("100.00"), D("20.00"))
    assert_ledgers_agree()


def test_a_freeze_is_lifted_and_both_are_recorded(purse, block, manager, store, now):
    block("frozen")
    with pytest.raises(services.WrongAccountStatus):
        block("frozen")

    services.unfreeze_account(member_id=purse.pk, reason="it was her", actor=manager, at=now, store=store)

    purse.debit("1.00")
    records = Record.objects.filter(action__startswith="wallet.").order_by("id")
    assert list(records.values_list("action", "subject", "reason", "actor")) == [
        ("wallet.frozen", f"member:{purse.pk}", "asked by phone", manager.pk),
        ("wallet.unfrozen", f"member:{purse.pk}", "it was her", manager.pk),
    ]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_freeze_needs_a_reason(purse, manager, now, reason):
    with pytest.raises(services.ReasonMissing):
        services.freeze_account(member_id=purse.pk, reason=reason, actor=manager, at=now)

    assert purse.account().status == "active"


def test_a_member_who_never_recharged_can_be_frozen_too(purse_of, manager, now):
    purse = purse_of()
    services.freeze_account(member_id=purse.pk, reason="suspicious", actor=manager, at=now)

    with pytest.raises(services.AccountBlocked):
        purse.recharge("10.00")


def test_a_new_card_makes_the_account_usable_and_moves_nothing(purse, block, manager, store, now):
    block("lost")
    before = table_rows(*TABLES)

    number = services.replace_card(member_id=purse.pk, cause="lost", actor=manager, at=now, store=store)

    assert number != purse.member.number
    assert Member.objects.get(pk=purse.pk).number == number
    assert table_rows(*TABLES) == before
    purse.debit("120.00")


def test_a_freeze_stays_when_the_card_is_replaced(purse, block, manager, store, now):
    block("frozen")
    block("lost")

    services.replace_card(member_id=purse.pk, cause="lost", actor=manager, at=now, store=store)

    assert selectors.get_status(member_id=purse.pk) == "frozen"


def test_refund_after_card_replacement_goes_to_the_same_account(purse, block, manager, store, now):
    paid = purse.debit("60.00")
    block("lost")
    services.replace_card(member_id=purse.pk, cause="lost", actor=manager, at=now, store=store)

    purse.refund(paid)

    assert purse.balance() == (D("100.00"), D("20.00"))
    assert_ledgers_agree()


def test_anonymous_card_lost_there_is_no_replacement_duty(purse_of, manager, now):
    purse = purse_of("50.00", is_named=False)

    with pytest.raises(members.services.NotOfUnnamed):
        services.report_loss(member_id=purse.pk, cause="lost", actor=manager, at=now)

    assert purse.debit("50.00").amount == D("-50.00")


def test_refund_to_a_closed_member_comes_to_the_account_and_waits_for_a_payout(purse, now):
    paid = purse.debit("60.00")
    Member.objects.filter(pk=purse.pk).update(status="closed")

    purse.refund(paid)

    assert purse.balance() == (D("100.00"), D("20.00"))
    assert [account.pk for account in selectors.list_accounts("ended", at=now)] == [purse.pk]
    with pytest.raises(services.MemberNotActive):
        purse.debit("1.00")
    assert_ledgers_agree()


def test_a_recharge_of_a_frozen_account_cannot_be_voided(purse, block, store, now):
    made = purse.recharge("10.00")
    block("frozen")

    with pytest.raises(services.AccountBlocked):
        services.void_recharge(
            recharge_id=made.pk, idempotency_key="v", reason="mistake", at=now, store=store, actor=None
        )


def test_one_fen_of_principal_left_is_spent_to_the_last(purse_of):
    purse = purse_of("0.01", "0.02")

    first = purse.debit("0.01")
    second = purse.debit("0.02")

    assert (first.principal, first.bonus) == (D("0.00"), D("-0.01"))
    assert (second.principal, second.bonus) == (D("-0.01"), D("-0.01"))
    assert purse.balance() == (D("0.00"), D("0.00"))
