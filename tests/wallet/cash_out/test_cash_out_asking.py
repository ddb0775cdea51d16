"""Asking for a refund, a second person, what is refused, statuses (R-W6, R-W7)."""

from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

from approvals.services import approve, refuse, withdraw
from audit.models import Record
from members.models import Member
from tests.factories.cash_outs import ACCOUNT, ID_NUMBER, TABLES, ask, cash_out_of, closing_entry, make_claim
from tests.factories.ledgers import assert_ledgers_agree, table_rows
from wallet import services
from wallet.models import Account, Entry, Lot
from wallet.selectors import get_balance

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english")]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english")]


def test_posting_closes_principal_and_bonus_and_keeps_every_number(member, pay_in, spend, owner, store, now):
    made = pay_in(member, "500.00", "100.00", now - timedelta(days=100))
    spend(member, "120.00", now)

    outcome = ask(member, "400.00", actor=owner, store=store, at=now)

    cash_out, entry = cash_out_of(outcome), closing_entry()
    assert outcome.is_done
    assert outcome.result == f"cash_out:{cash_out.pk}"
    assert (cash_out.status, cash_out.due_on) == ("due", date(2026, 4, 2))
    assert (cash_out.legal, cash_out.promised, cash_out.paid, cash_out.settlement) == (
        D("400.00"),
        D("0.00"),
        D("400.00"),
        D("0.00"),
    )
    assert (entry.principal, entry.bonus, entry.paid_out, entry.source) == (
        D("-400.00"),
        D("-80.00"),
        D("400.00"),
        outcome.result,
    )
    line = cash_out.lines.get()
    assert (line.recharge, line.article, line.left_principal, line.left_bonus) == (
        made,
        "18",
        D("400.00"),
        D("80.00"),
    )
    assert get_balance(member_id=member.pk, at=now).total == D("0.00")
    assert not Lot.objects.filter(remaining__gt=0).exists()
    assert Record.objects.get(action="cash_out.posted").subject == outcome.result
    assert_ledgers_agree()


def test_numbers_of_documents_are_sealed_and_seeing_them_is_kept(member, pay_in, owner, store, now):
    pay_in(member, "500.00", "100.00", now)

    cash_out = cash_out_of(ask(member, "500.00", actor=owner, store=store, at=now))

    assert (cash_out.id_tail, cash_out.account_tail) == ("002X", "0123")
    assert ID_NUMBER.encode() not in bytes(cash_out.id_cipher)
    assert services.reveal_payee(cash_out_id=cash_out.pk, actor=owner, at=now) == {
        "id_number": ID_NUMBER,
        "account_number": ACCOUNT,
    }
    record = Record.objects.get(action="cash_out.revealed")
    assert ID_NUMBER not in str(record.data)


def test_a_claim_in_a_log_names_no_document_and_no_account(member):
    assert ID_NUMBER not in repr(make_claim(member))
    assert ACCOUNT not in repr(make_claim(member))


def test_above_the_limit_nothing_moves_until_a_second_person_agrees(member, pay_in, manager, owner, store, now):
    pay_in(member, "600.00", "100.00", now)
    before = table_rows("wallet_account", "wallet_entry", "wallet_lot")

    outcome = ask(member, "600.00", actor=manager, store=store, at=now)

    assert not outcome.is_done
    assert cash_out_of(outcome).status == "waiting"
    assert table_rows("wallet_account", "wallet_entry", "wallet_lot") == before
    done = approve(request_id=outcome.request.pk, actor=owner, at=now, seen=outcome.request.fingerprint)
    assert done.is_done
    assert cash_out_of(done).status == "due"
    assert Account.objects.get().principal == D("0.00")
    assert_ledgers_agree()


def test_a_second_person_on_the_same_screen_closes_it_at_once(member, pay_in, cashier, manager, store, now):
    pay_in(member, "600.00", "100.00", now)

    outcome = ask(member, "600.00", actor=cashier, store=store, at=now, approver=manager)

    assert outcome.is_done
    assert (outcome.request.requested_by, outcome.request.decided_by) == (cashier, manager)


def test_what_changed_since_it_was_asked_is_shown_and_nothing_is_posted(
    member, pay_in, spend, manager, owner, store, now
):
    pay_in(member, "600.00", "100.00", now)
    outcome = ask(member, "600.00", actor=manager, store=store, at=now)
    spend(member, "70.00", now)

    again = approve(request_id=outcome.request.pk, actor=owner, at=now, seen=outcome.request.fingerprint)

    assert again.is_changed
    assert (again.request.amount, again.request.figures["legal"]) == (D("540.00"), "540.00")
    assert not Entry.objects.filter(kind="cash_out").exists()
    last = approve(request_id=outcome.request.pk, actor=owner, at=now, seen=again.request.fingerprint)
    assert last.is_done
    assert cash_out_of(last).paid == D("540.00")
    assert_ledgers_agree()


@pytest.mark.parametrize("how", ["refused", "withdrawn"])
def test_a_refused_or_withdrawn_refund_moves_nothing_and_frees_the_member(
    member, pay_in, manager, owner, store, now, how
):
    pay_in(member, "600.00", "100.00", now)
    outcome = ask(member, "600.00", actor=manager, store=store, at=now)
    before = table_rows("wallet_account", "wallet_entry", "wallet_lot")

    if how == "refused":
        refuse(request_id=outcome.request.pk, actor=owner, at=now, note="no")
    else:
        withdraw(request_id=outcome.request.pk, actor=manager, at=now)

    assert cash_out_of(outcome).status == "refused"
    assert table_rows("wallet_account", "wallet_entry", "wallet_lot") == before
    assert not ask(member, "600.00", actor=manager, store=store, at=now).is_done


def test_one_refund_at_a_time_waits_for_a_member(member, pay_in, manager, store, now):
    pay_in(member, "600.00", "100.00", now)
    ask(member, "600.00", actor=manager, store=store, at=now)
    before = table_rows(*TABLES)

    with pytest.raises(services.CashOutWaiting):
        ask(member, "600.00", actor=manager, store=store, at=now)

    assert table_rows(*TABLES) == before


def test_a_sum_that_was_not_shown_is_refused(member, pay_in, owner, store, now):
    pay_in(member, "500.00", "100.00", now)
    before = table_rows(*TABLES)

    with pytest.raises(services.CashOutChanged) as refused:
        ask(member, "499.99", actor=owner, store=store, at=now)

    assert refused.value.fresh.principal_part == D("500.00")
    assert table_rows(*TABLES) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ground": "mood"}, "ground"),
        ({"ground": "cooling_off"}, "ground"),
        ({"terminated_on": date(2026, 3, 19)}, "terminated_on"),
        ({"method": "shells"}, "method"),
        ({"method": "cash"}, "method"),
        ({"payee_name": " "}, "payee_name"),
        ({"payee_name": "Somebody else"}, "evidence"),
        ({"ground": "void_contract"}, "evidence"),
        ({"id_number": ""}, "id_number"),
        ({"account_number": ""}, "account_number"),
        ({"bank_name": " "}, "bank_name"),
        ({"reason": ""}, "reason"),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field(member, pay_in, owner, store, now, changes, field):
    pay_in(member, "500.00", "100.00", now - timedelta(days=30))
    before = table_rows(*TABLES)

    with pytest.raises(services.InvalidClaim) as refused:
        ask(member, "500.00", actor=owner, store=store, at=now, **changes)

    assert refused.value.field == field
    assert table_rows(*TABLES) == before


def test_a_balance_whose_lawful_sum_is_nothing_is_not_closed(member, pay_in, spend, owner, store, now):
    pay_in(member, "3000.00", "1000.00", now - timedelta(days=100))
    spend(member, "3594.00", now)
    before = table_rows(*TABLES)

    with pytest.raises(services.NothingToPayOut):
        ask(member, "0.00", actor=owner, store=store, at=now, ground="customer")

    assert table_rows(*TABLES) == before


def freeze(member, actor, at):
    services.freeze_account(member_id=member.pk, reason="police", actor=actor, at=at)


def unfreeze(member, actor, at):
    services.unfreeze_account(member_id=member.pk, reason="cleared", actor=actor, at=at)


def lose(member, actor, at):
    services.report_loss(member_id=member.pk, cause="lost", actor=actor, at=at)


def replace(member, actor, at):
    services.replace_card(member_id=member.pk, cause="lost", actor=actor, at=at)


@pytest.mark.parametrize(("block", "lift"), [(freeze, unfreeze), (lose, replace)])
def test_a_frozen_or_lost_account_is_refused_until_that_is_lifted(
    member, pay_in, manager, owner, store, now, block, lift
):
    pay_in(member, "600.00", "0.00", now)
    waiting = ask(member, "600.00", actor=manager, store=store, at=now)
    block(member, owner, now)
    before = table_rows(*TABLES)

    with pytest.raises(services.AccountBlocked):
        approve(request_id=waiting.request.pk, actor=owner, at=now, seen=waiting.request.fingerprint)
    assert table_rows(*TABLES) == before

    lift(member, owner, now)
    assert approve(request_id=waiting.request.pk, actor=owner, at=now, seen=waiting.request.fingerprint).is_done


def test_a_card_reported_lost_blocks_the_refund_until_the_new_card_is_given(member, pay_in, owner, store, now):
    pay_in(member, "300.00", "0.00", now)
    lose(member, owner, now)
    before = table_rows(*TABLES)

    with pytest.raises(services.AccountBlocked, match="reported lost"):
        ask(member, "300.00", actor=owner, store=store, at=now)
    assert table_rows(*TABLES) == before

    replace(member, owner, now)
    assert ask(member, "300.00", actor=owner, store=store, at=now).is_done


def test_a_frozen_member_is_refused_and_a_closed_one_is_paid_to_the_named_payee(member, pay_in, owner, store, now):
    pay_in(member, "500.00", "0.00", now)
    Member.objects.update(status=Member.Status.FROZEN)
    with pytest.raises(services.AccountBlocked):
        ask(member, "500.00", actor=owner, store=store, at=now)

    Member.objects.update(status=Member.Status.CLOSED)
    outcome = ask(
        member, "500.00", actor=owner, store=store, at=now, payee_name="Heir Lin", evidence="certificate of inheritance"
    )

    assert (cash_out_of(outcome).payee_name, outcome.is_done) == ("Heir Lin", True)
