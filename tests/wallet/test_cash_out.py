"""Refunds of stored value in money: sums from the ledger, approval, posting, payment (R-W6, R-W7, R-W11)."""

from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from django.db import IntegrityError, transaction

from approvals.services import approve, refuse, withdraw
from audit.models import Record
from core import days
from members.models import Member
from stores.models import SettingValue
from tests.conftest import make_staff
from tests.factories.cash_outs import ACCOUNT, ID_NUMBER, TABLES, ask, cash_out_of, closing_entry, make_claim
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from wallet import gift_sources, services
from wallet.gift_sources import GivenItem
from wallet.models import Account, CashOut, Entry, Lot
from wallet.proofs import check_cash_outs
from wallet.selectors import get_balance, list_cash_outs, list_refund_movements, reckon_cash_out

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english")]


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def pay_in(store):
    def do(member, principal, bonus, at, key="r", **more):
        return services.recharge(
            member_id=member.pk,
            principal=D(principal),
            bonus=D(bonus),
            source="r:1",
            idempotency_key=f"{key}:{member.pk}",
            at=at,
            store=store,
            actor=None,
            **more,
        )

    return do


@pytest.fixture
def spend(store):
    def do(member, amount, at, key="d", listed=None, order=None):
        return services.debit(
            member_id=member.pk,
            amount=D(amount),
            list_amount=D(listed or amount),
            source="o:1",
            idempotency_key=f"{key}:{member.pk}",
            at=at,
            store=store,
            actor=None,
            spending_order=order,
        )

    return do


@pytest.fixture(autouse=True)
def _no_pin(owner, now):
    """These payments need no PIN, and balances may be those of the worked examples."""
    for code, value in (("wallet.no_pin_limit", "100000.00"), ("wallet.limit_named", "100000.00")):
        SettingValue.objects.create(code=code, value=value, effective_at=now - timedelta(days=3000), actor=owner)


@pytest.fixture
def set_to(owner, now):
    def do(code, value):
        SettingValue.objects.create(code=code, value=value, effective_at=now - timedelta(days=3000), actor=owner)

    return do


def sums(member, now, ground="merchant", *, terminated_on=date(2026, 3, 18), had_before=False, paid_on=None):
    return reckon_cash_out(
        member_id=member.pk,
        ground=ground,
        terminated_on=terminated_on,
        had_before=had_before,
        paid_on=paid_on or terminated_on,
        at=now,
    )


def test_the_worked_numbers_come_out_of_the_ledger(member, pay_in, spend, now):
    pay_in(member, "3000.00", "1000.00", now - timedelta(days=100))
    spend(member, "3594.00", now)

    line = sums(member, now).lines[0]

    assert line.formula == "3000.00 − 3594.00 × 3000.00 ÷ (3000.00 + 1000.00) = 304.50"
    assert sums(member, now).legal == D("304.50")
    assert sums(member, now, "customer").legal == D("0.00")


@pytest.mark.parametrize("order", ["proportional", "bonus_first", "principal_first"])
def test_the_sum_by_law_does_not_depend_on_which_bucket_paid(member, pay_in, spend, now, order):
    pay_in(member, "500.00", "100.00", now - timedelta(days=100))
    spend(member, "120.00", now, order=order)

    assert sums(member, now).legal == D("400.00")
    assert sums(member, now, "customer").legal == D("380.00")


def test_list_prices_count_for_the_customers_reason_and_returned_goods_do_not(member, pay_in, spend, store, now):
    pay_in(member, "500.00", "100.00", now - timedelta(days=100))
    spend(member, "90.00", now, listed="120.00")
    spend(member, "60.00", now, key="d2", listed="80.00")
    services.refund(
        idempotency_key_of_original=f"d2:{member.pk}",
        idempotency_key="back",
        amount=D("30.00"),
        at=now,
        store=store,
        actor=None,
    )

    holding = sums(member, now).lines[0].holding

    assert (holding.consumed, holding.listed) == (D("120.00"), D("160.00"))
    assert sums(member, now, "customer").legal == D("340.00")


def test_bonus_that_expired_still_counts_in_the_ratio(member, pay_in, spend, now):
    pay_in(member, "500.00", "100.00", now - timedelta(days=100), bonus_expires_at=now - timedelta(days=1))
    spend(member, "120.00", now - timedelta(days=50))
    list(services.expire_bonus(days.local_day(now), now))

    assert sums(member, now).legal == D("400.00")


def test_goods_returned_after_their_bonus_had_expired_are_not_consumed(member, pay_in, spend, store, now):
    pay_in(member, "500.00", "100.00", now - timedelta(days=100), bonus_expires_at=now - timedelta(days=1))
    spend(member, "120.00", now - timedelta(days=50))
    services.refund(
        idempotency_key_of_original=f"d:{member.pk}", idempotency_key="back", at=now, store=store, actor=None
    )

    holding = sums(member, now).lines[0].holding

    assert (holding.principal, holding.bonus, holding.consumed, holding.listed) == (
        D("500.00"),
        D("100.00"),
        D("0.00"),
        D("0.00"),
    )


def test_each_recharge_is_reckoned_alone_and_the_first_seven_days_are_article_14(member, pay_in, spend, now):
    pay_in(member, "500.00", "100.00", now - timedelta(days=100), key="old")
    spend(member, "120.00", now - timedelta(days=99))
    pay_in(member, "200.00", "20.00", now - timedelta(days=7), key="new")

    found = sums(member, now, "customer")

    assert [(line.article, line.legal) for line in found.lines] == [("19", D("380.00")), ("14, 15", D("200.00"))]
    assert [line.article for line in sums(member, now, "customer", had_before=True).lines] == ["19", "19"]


@pytest.mark.parametrize(
    ("promise", "paid"),
    [("legal", "380.00"), ("principal", "400.00"), ("principal_first_days", "380.00")],
)
def test_paid_is_the_better_of_the_law_and_the_shops_promise(member, pay_in, spend, set_to, now, promise, paid):
    set_to("wallet.promise", promise)
    pay_in(member, "500.00", "100.00", now - timedelta(days=100))
    spend(member, "120.00", now)

    assert sums(member, now, "customer").paid == D(paid)


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
