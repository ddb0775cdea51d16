"""Stored value goes from one member to another, with its history (R-W9)."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

import members.services
from approvals import services as approvals
from approvals.models import Request
from audit.models import Record
from core import days
from members.models import Member
from tests.conftest import make_staff
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from tests.factories.stored_value import TABLES, Purse, set_value
from wallet import services
from wallet.models import Entry, Lot, Transfer

pytestmark = pytest.mark.usefixtures("_in_english")


@pytest.fixture
def giver(purse_of):
    """500 + 100, and a later 200 without bonus."""
    purse = purse_of("500.00", "100.00")
    purse.recharge("200.00", at=purse.now + timedelta(minutes=1))
    return purse


@pytest.fixture
def taker(purse_of):
    return purse_of("50.00")


def test_the_whole_account_goes_over_with_recharges_and_ends(giver, taker, now):
    ends_at = days.end_of(days.local_day(now) + timedelta(days=30))
    giver.recharge("30.00", "3.00", bonus_expires_at=ends_at)
    moved = giver.lots()

    made = giver.give(taker, None)

    assert (made.principal, made.bonus, made.is_whole) == (D("730.00"), D("103.00"), True)
    assert (giver.balance(), giver.lots()) == ((D("0.00"), D("0.00")), [])
    assert taker.balance() == (D("780.00"), D("103.00"))
    assert [
        lot for lot in taker.lots() if lot[0] != Lot.objects.get(account_id=taker.pk, origin=None).recharge_id
    ] == moved
    assert list(Lot.objects.filter(account_id=taker.pk, expires_at__isnull=False).values_list("expires_at")) == [
        (ends_at,)
    ]
    assert all(lot.origin.account_id == giver.pk for lot in Lot.objects.filter(origin__isnull=False))
    assert_ledgers_agree()


def test_a_part_goes_over_in_the_ratio_of_each_recharge_invariant_19(giver, taker):
    made = giver.give(taker, "660.00")

    assert (made.principal, made.bonus) == (D("560.00"), D("100.00"))
    assert [left for _recharge, _bucket, left in giver.lots()] == [D("140.00")]
    giver.recharge("100.00", "20.00", at=giver.now + timedelta(minutes=2))
    second = giver.give(taker, "170.00")
    assert (second.principal, second.bonus) == (D("165.00"), D("5.00"))
    assert [left for _recharge, _bucket, left in giver.lots()] == [D("75.00"), D("15.00")]
    assert_ledgers_agree()


def test_entries_name_the_transfer_and_net_to_zero(giver, taker, cashier, store):
    made = giver.give(taker, "60.00", actor=cashier)

    entries = Entry.objects.filter(source=f"transfer:{made.pk}").order_by("id")
    assert list(entries.values_list("account_id", "kind", "principal", "bonus")) == [
        (giver.pk, "transfer_out", D("-50.00"), D("-10.00")),
        (taker.pk, "transfer_in", D("50.00"), D("10.00")),
    ]
    record = Record.objects.get(action="wallet.transferred")
    assert (record.subject, record.actor, record.store, record.data["taker"]) == (
        f"member:{giver.pk}",
        cashier,
        store,
        taker.pk,
    )


def test_the_same_key_moves_once_and_other_content_is_refused(giver, taker):
    first = giver.give(taker, "60.00", idempotency_key="t")

    assert giver.give(taker, "60.00", idempotency_key="t").pk == first.pk
    with pytest.raises(services.KeyReused):
        giver.give(taker, "61.00", idempotency_key="t")
    with pytest.raises(services.KeyReused):
        giver.give(taker, None, idempotency_key="t")
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "error"),
    [("800.01", services.InsufficientBalance), ("0.00", services.NotTransferable), ("-1.00", services.NotTransferable)],
)
def test_what_cannot_go_over_moves_nothing(giver, taker, amount, error):
    before = table_rows(*TABLES)

    with pytest.raises(error):
        giver.give(taker, amount)

    assert table_rows(*TABLES) == before


def test_to_oneself_nothing_goes_over(giver):
    with pytest.raises(services.NotTransferable):
        giver.give(giver, "1.00")


def test_an_empty_account_gives_nothing(purse_of, taker):
    with pytest.raises(services.NotTransferable):
        purse_of().give(taker, None)


def test_the_taker_may_not_pass_their_limit(giver, purse_of):
    unnamed = purse_of("500.00", is_named=False)
    before = table_rows(*TABLES)

    with pytest.raises(services.BalanceLimitExceeded):
        giver.give(unnamed, "500.01")

    assert table_rows(*TABLES) == before
    assert giver.give(unnamed, "500.00").principal == D("416.66")


def test_what_is_given_in_a_day_has_a_limit(giver, taker, now):
    set_value("wallet.transfer_day_limit", "100.00", now)
    giver.give(taker, "60.00")
    before = table_rows(*TABLES)

    with pytest.raises(services.NotTransferable, match=r"At most 100\.00"):
        giver.give(taker, "40.01")

    assert table_rows(*TABLES) == before
    giver.give(taker, "40.00")
    giver.give(taker, "100.00", at=now + timedelta(days=1))


def test_expired_bonus_stays_with_the_giver(purse_of, taker, now):
    giver = purse_of()
    giver.recharge("100.00", "20.00", bonus_expires_at=now + timedelta(days=1))
    later = now + timedelta(days=2)

    made = giver.give(taker, None, at=later)

    assert (made.principal, made.bonus) == (D("100.00"), D("0.00"))
    assert giver.balance(later) == (D("0.00"), D("20.00"))
    list(services.expire_bonus(days.local_day(later), later))
    assert giver.balance(later) == (D("0.00"), D("0.00"))
    assert_ledgers_agree()


def test_refund_after_transfer_goes_to_the_member_who_had_paid(giver, taker):
    paid = giver.debit("60.00")
    giver.give(taker, None)

    giver.refund(paid)

    assert giver.balance() == (D("50.00"), D("10.00"))
    assert taker.balance() == (D("700.00"), D("90.00"))
    assert_ledgers_agree()


def test_refund_after_transfer_to_a_giver_who_has_left_waits_for_a_named_payee(giver, taker):
    paid = giver.debit("60.00")
    giver.give(taker, None)
    Member.objects.filter(pk=giver.pk).update(status="closed")

    giver.refund(paid)

    assert giver.balance() == (D("50.00"), D("10.00"))
    assert_ledgers_agree()


def test_a_recharge_that_was_passed_on_cannot_be_voided(purse_of, taker, store, now):
    giver = purse_of()
    made = giver.recharge("100.00")
    giver.give(taker, None)

    with pytest.raises(services.NotVoidable):
        services.void_recharge(
            recharge_id=made.pk, idempotency_key="v", reason="mistake", at=now, store=store, actor=None
        )


def test_an_unnamed_card_that_gets_a_name_gets_the_limit_of_a_named_one(purse_of, now, store):
    unnamed = purse_of("900.00", is_named=False)
    with pytest.raises(services.BalanceLimitExceeded):
        unnamed.recharge("200.00")

    members.services.update_member(
        member_id=unnamed.pk, data=members.services.MemberData(name="Lin Yue"), actor=None, at=now, store=store
    )

    unnamed.recharge("200.00")
    assert unnamed.balance() == (D("1100.00"), D("0.00"))


@pytest.fixture
def ask(giver, taker, store, manager, now):
    giver.set_pin()

    def do(amount="60.00", **options):
        options = {
            "giver_id": giver.pk,
            "taker_id": taker.pk,
            "reason": "moves abroad",
            "giver_proof": giver.proof() if "giver_proof" not in options else options.pop("giver_proof"),
            "taker_proof": None,
            "actor": manager,
            "store": store,
            "at": now,
            **options,
        }
        return services.request_transfer(amount=None if amount is None else D(amount), **options)

    return do


def test_within_the_limit_it_is_done_at_once(ask, taker):
    outcome = ask("60.00")

    assert (outcome.is_done, outcome.result) == (True, f"transfer:{Transfer.objects.get().pk}")
    assert taker.balance() == (D("100.00"), D("10.00"))


def test_the_giver_confirms_by_pin(ask):
    before = table_rows(*TABLES)

    with pytest.raises(services.PinRequired):
        ask(giver_proof=None)

    assert table_rows(*TABLES) == before


def test_a_taker_with_a_pin_confirms_too(ask, giver, taker):
    taker.set_pin()
    with pytest.raises(services.PinRequired):
        ask()

    assert ask(taker_proof=taker.proof()).is_done
    with pytest.raises(members.services.InvalidProof):
        ask(taker_proof=giver.proof())


def test_above_the_limit_a_second_person_agrees(ask, giver, taker, store, owner, now):
    set_value("wallet.transfer_day_limit", "0", now)
    for _number in range(2):
        giver.recharge("400.00")

    outcome = ask("1000.01")

    assert (outcome.is_done, Transfer.objects.count()) == (False, 0)
    approvals.approve(request_id=outcome.request.pk, actor=owner, at=now, seen=outcome.request.fingerprint)
    made = Transfer.objects.get()
    assert made.principal + made.bonus == D("1000.01")
    assert taker.balance(now)[0] + taker.balance(now)[1] == D("1050.01")
    assert Record.objects.get(action="wallet.transferred").approver == owner


def test_an_approval_after_a_payment_shows_the_new_figures_and_moves_nothing(ask, giver, owner, now):
    outcome = ask(None, involves_staff=True)
    giver.debit("12.00")
    before = table_rows(*TABLES)

    answer = approvals.approve(request_id=outcome.request.pk, actor=owner, at=now, seen=outcome.request.fingerprint)

    assert (answer.is_done, answer.is_changed) == (False, True)
    assert table_rows(*TABLES) == before
    assert Request.objects.get().figures["principal"] == "690.00"


def test_to_somebody_who_works_here_it_always_needs_a_second_person(ask, taker):
    assert ask("1.00", involves_staff=True).is_done is False


def test_a_name_of_the_staff_counts_as_staff(ask, taker, store):
    make_staff("lin", "cashier", store)
    Member.objects.filter(pk=taker.pk).update(name="lin")

    assert ask("1.00").is_done is False


def test_a_second_person_on_the_same_screen_finishes_it(ask, store):
    second = make_staff("second", "owner", store)

    outcome = ask("1.00", involves_staff=True, approver=second)

    assert (outcome.is_done, outcome.request.decided_by) == (True, second)


def test_a_refused_transfer_gives_the_proof_back(ask, giver):
    proof = giver.proof()
    with pytest.raises(services.InsufficientBalance):
        ask("5000.00", giver_proof=proof)

    assert ask("5.00", giver_proof=proof).is_done


def test_a_third_member_keeps_the_history_of_the_first(giver, taker, store, now):
    third = Purse(make_member(store), store, now)
    first_recharge = giver.lots()[0][0]
    giver.give(taker, "600.00")
    taker.give(third, None)

    assert (first_recharge, "principal", D("500.00")) in third.lots()
    assert_ledgers_agree()
