"""Recharging, paying and refunding stored value."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from members.models import Member
from tests.factories.ledgers import make_member, table_rows
from wallet import services
from wallet.models import Entry, Lot
from wallet.selectors import Balance, Totals, get_balance, get_totals

TABLES = ("wallet_account", "wallet_recharge", "wallet_entry", "wallet_lot", "wallet_lotuse")
D = Decimal
pytestmark = pytest.mark.usefixtures("_no_pin")


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def recharge(member, store, cashier, now):
    def do(principal, bonus, key, **options):
        options = {"at": now, "source": "recharge:1", "store": store, "actor": cashier, **options}
        return services.recharge(
            member_id=member.pk, principal=D(principal), bonus=D(bonus), idempotency_key=key, **options
        )

    return do


@pytest.fixture
def debit(member, store, cashier, now):
    def do(amount, key, **options):
        options = {
            "at": now,
            "source": "order:1",
            "store": store,
            "actor": cashier,
            "list_amount": D(amount),
            **options,
        }
        return services.debit(member_id=member.pk, amount=D(amount), idempotency_key=key, **options)

    return do


@pytest.fixture
def refund(store, cashier, now):
    def do(original, key, amount=None, **options):
        options = {"at": now, "store": store, "actor": cashier, **options}
        return services.refund(
            idempotency_key_of_original=original,
            idempotency_key=key,
            amount=None if amount is None else D(amount),
            **options,
        )

    return do


def lots():
    return [(lot.bucket, lot.remaining) for lot in Lot.objects.order_by("id")]


def test_a_recharge_shows_principal_and_bonus_apart(recharge, member, store, cashier, now):
    made = recharge("500.00", "50.00", "r1", plan={"name": "500+50"})

    entry = Entry.objects.get()
    assert (entry.kind, entry.principal, entry.bonus) == ("recharge", D("500.00"), D("50.00"))
    assert (entry.principal_after, entry.bonus_after, entry.recharge_id) == (D("500.00"), D("50.00"), made.pk)
    assert (made.plan, made.paid_at, made.store, made.actor) == ({"name": "500+50"}, now, store, cashier)
    assert lots() == [("principal", D("500.00")), ("bonus", D("50.00"))]
    assert get_balance(member_id=member.pk, at=now) == Balance(D("500.00"), D("50.00"), D("550.00"))
    assert get_totals(member_id=member.pk) == Totals(D("500.00"), D("50.00"), D("0.00"))


def test_the_worked_example_of_the_proportional_order_ends_at_zero(recharge, debit, member, now):
    recharge("500.00", "100.00", "r1")

    paid = [debit(amount, f"d{amount}") for amount in ("19.99", "3.33", "123.45", "453.23")]

    assert [-entry.principal for entry in paid] == [D("16.65"), D("2.77"), D("102.87"), D("377.71")]
    assert [-entry.bonus for entry in paid] == [D("3.34"), D("0.56"), D("20.58"), D("75.52")]
    assert get_balance(member_id=member.pk, at=now) == Balance(D("0.00"), D("0.00"), D("0.00"))


def test_recharges_are_used_up_by_payment_time(recharge, debit, now):
    recharge("100.00", "0.00", "later", at=now)
    recharge("100.00", "100.00", "earlier", at=now - timedelta(days=3))

    entry = debit("230.00", "d1")

    assert (entry.principal, entry.bonus) == (D("-130.00"), D("-100.00"))
    assert lots() == [("principal", D("70.00")), ("principal", D("0.00")), ("bonus", D("0.00"))]


def test_the_same_key_pays_once_and_other_content_is_refused(recharge, debit):
    first = recharge("100.00", "0.00", "r1")
    assert recharge("100.00", "0.00", "r1") == first
    paid = debit("10.00", "d1")
    assert debit("10.00", "d1").pk == paid.pk
    before = table_rows(*TABLES)

    with pytest.raises(services.KeyReused):
        debit("10.01", "d1")
    with pytest.raises(services.KeyReused):
        recharge("100.00", "1.00", "r1")

    assert table_rows(*TABLES) == before


def test_more_than_the_balance_is_refused_and_nothing_moves(recharge, debit):
    recharge("100.00", "10.00", "r1")
    before = table_rows(*TABLES)

    with pytest.raises(services.InsufficientBalance):
        debit("110.01", "d1")

    assert table_rows(*TABLES) == before


def test_expired_bonus_does_not_pay_to_the_very_instant(recharge, debit, member, now):
    recharge("100.00", "50.00", "r1", bonus_expires_at=now + timedelta(hours=1))

    assert get_balance(member_id=member.pk, at=now + timedelta(hours=1)).spendable == D("100.00")
    with pytest.raises(services.InsufficientBalance):
        debit("100.01", "d1", at=now + timedelta(hours=1))
    paid = debit("150.00", "d2", at=now + timedelta(hours=1) - timedelta(microseconds=1))
    assert (paid.principal, paid.bonus) == (D("-100.00"), D("-50.00"))


@pytest.mark.parametrize(
    ("order", "principal", "bonus"),
    [
        ("proportional", "-80.00", "-40.00"),
        ("bonus_first", "-70.00", "-50.00"),
        ("principal_first", "-100.00", "-20.00"),
    ],
)
def test_the_spending_order_is_a_setting(recharge, debit, owner, now, order, principal, bonus):
    from stores.services import change_setting

    change_setting(code="wallet.spending_order", value=order, effective_at=now, actor=owner, at=now)
    recharge("100.00", "50.00", "r1")

    entry = debit("120.00", "d1")

    assert (entry.principal, entry.bonus) == (D(principal), D(bonus))


@pytest.mark.parametrize(("named", "limit"), [(True, "5000.00"), (False, "1000.00")])
def test_the_balance_after_a_recharge_has_a_limit(recharge, member, named, limit):
    Member.objects.update(is_named=named)
    recharge(str(D(limit) - 100), "0.00", "r1")
    before = table_rows(*TABLES)

    with pytest.raises(services.BalanceLimitExceeded):
        recharge("90.00", "10.01", "r2")

    assert table_rows(*TABLES) == before
    recharge("90.00", "10.00", "r3")


def test_a_frozen_member_can_neither_pay_nor_recharge_but_gets_refunds(recharge, debit, refund, member, now):
    recharge("100.00", "0.00", "r1")
    debit("60.00", "d1")
    Member.objects.update(status=Member.Status.FROZEN)

    with pytest.raises(services.MemberNotActive):
        debit("10.00", "d2")
    with pytest.raises(services.MemberNotActive):
        recharge("10.00", "0.00", "r2")
    refund("d1", "f1")

    assert get_balance(member_id=member.pk, at=now).total == D("100.00")


def test_a_refund_goes_back_to_the_same_lots_and_buckets(recharge, debit, refund):
    recharge("100.00", "20.00", "r1")
    recharge("50.00", "10.00", "r2")
    before = lots()
    paid = debit("150.00", "d1", list_amount=D("180.00"))

    back = refund("d1", "f1")

    assert (back.principal, back.bonus, back.list_amount) == (-paid.principal, -paid.bonus, D("-180.00"))
    assert (back.reverses_id, back.original_id) == (paid.pk, paid.pk)
    assert lots() == before
    assert refund("d1", "f1").pk == back.pk
    with pytest.raises(services.NotRefundable):
        refund("d1", "f2")


def test_any_parts_of_a_refund_close_exactly(recharge, debit, refund):
    recharge("100.00", "33.33", "r1")
    recharge("50.00", "10.01", "r2")
    before = lots()
    debit("177.77", "d1", list_amount=D("199.99"))

    back = [refund("d1", f"f{part}", part) for part in ("0.01", "59.25", "59.26", "59.24")]
    last = refund("d1", "rest")

    assert lots() == before
    assert last.amount == D("0.01")
    assert sum(entry.list_amount for entry in [*back, last]) == D("-199.99")
    with pytest.raises(services.NotRefundable):
        refund("d1", "more", "0.01")


def test_bonus_that_expired_meanwhile_comes_back_with_days_of_grace(recharge, debit, refund, member, now):
    recharge("100.00", "50.00", "r1", bonus_expires_at=now + timedelta(days=2))
    debit("150.00", "d1")
    later = now + timedelta(days=5)

    refund("d1", "f1", at=later)

    restored = Lot.objects.get(origin__isnull=False)
    assert (restored.bucket, restored.remaining) == ("bonus", D("50.00"))
    assert restored.expires_at.isoformat() == "2026-04-22T16:00:00+00:00"
    assert get_balance(member_id=member.pk, at=later) == Balance(D("100.00"), D("50.00"), D("150.00"))


@pytest.mark.usefixtures("_in_english")
def test_a_recharge_is_voided_whole_on_its_day_at_its_store(recharge, member, store, other_store, cashier, now):
    made = recharge("100.00", "20.00", "r1")

    def void(key, at=now, where=store):
        return services.void_recharge(
            recharge_id=made.pk, idempotency_key=key, reason="typed twice", at=at, store=where, actor=cashier
        )

    before = table_rows(*TABLES)
    with pytest.raises(services.NotVoidable, match="store"):
        void("v1", where=other_store)
    with pytest.raises(services.NotVoidable, match="day"):
        void("v1", at=now + timedelta(hours=12))
    assert table_rows(*TABLES) == before
    entry = void("v1", at=now + timedelta(hours=11, minutes=59))

    assert (entry.kind, entry.principal, entry.bonus) == ("reversal", D("-100.00"), D("-20.00"))
    assert lots() == [("principal", D("0.00")), ("bonus", D("0.00"))]
    assert void("v1").pk == entry.pk
    with pytest.raises(services.NotVoidable, match="already"):
        void("v2")


@pytest.mark.usefixtures("_in_english")
def test_a_used_recharge_cannot_be_voided(recharge, debit, store, cashier, now):
    made = recharge("100.00", "20.00", "r1")
    debit("0.01", "d1")
    before = table_rows(*TABLES)

    with pytest.raises(services.NotVoidable, match="used"):
        services.void_recharge(
            recharge_id=made.pk, idempotency_key="v1", reason="x", at=now, store=store, actor=cashier
        )

    assert table_rows(*TABLES) == before


def test_a_movement_takes_few_statements(recharge, debit, django_assert_num_queries):
    with transaction.atomic():
        with django_assert_num_queries(7):
            recharge("100.00", "20.00", "r1")
        with django_assert_num_queries(5):
            debit("60.00", "d1")
        with django_assert_num_queries(5):
            debit("60.00", "d2", spending_order="proportional")


def test_a_key_used_for_another_payment_is_refused(recharge, debit, refund, member, now):
    recharge("100.00", "0.00", "r1")
    debit("10.00", "d1")
    debit("10.00", "d2")
    refund("d1", "f1")

    with pytest.raises(services.KeyReused):
        refund("d2", "f1")

    assert get_balance(member_id=member.pk, at=now).total == D("90.00")
