"""Stored value sold at the till, and its undoing."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest

import points.selectors
import wallet.selectors
import wallet.services
from checkout import services
from checkout.models import RechargeSale
from checkout.selectors import shift_summary
from gifts.models import RechargePlan
from gifts.services import save_plan
from tests.factories.stored_value import set_value
from tiers.models import ProgressEntry


@pytest.fixture
def plans(shop):
    made = {}
    for amount, bonus, gift in (("300.00", "20.00", 0), ("500.00", "50.00", 100), ("1000.00", "150.00", 0)):
        plan = RechargePlan(name=f"{amount}+{bonus}", amount=D(amount), bonus=D(bonus), points=gift)
        made[amount] = save_plan(plan=plan, stores=[], actor=None, at=shop.now)
    return made


def recharge(shop, member, amount, *, plan=None, kind="cash", received=None, at=None, key=None):
    sale_id = services.recharge_at_till(
        key=key or uuid4(),
        till=shop.till,
        member_id=member.pk,
        amount=D(amount),
        plan_id=plan,
        kind=kind,
        received=D(received or amount),
        actor=shop.cashier,
        at=at or shop.now,
    )
    return RechargeSale.objects.get(pk=sale_id)


def state(member, at):
    stored = wallet.selectors.get_balance(member_id=member.pk, at=at)
    return (
        stored.principal,
        stored.bonus,
        points.selectors.get_balance(member_id=member.pk, at=at).balance,
        RechargeSale.objects.count(),
        sum(entry.amount for entry in ProgressEntry.objects.all()),
    )


def test_a_plan_gives_principal_bonus_and_points_as_one_package(shop, regular, plans, now, ledgers_agree):
    sale = recharge(shop, regular, "500.00", plan=plans["500.00"].pk, received="600.00")

    assert (sale.principal, sale.bonus, sale.points) == (D("500.00"), D("50.00"), 100)
    assert state(regular, now) == (D("1000.00"), D("100.00"), 2100, 1, D("500.00"))
    assert sale.receipt["change"] == "100.00"
    assert shift_summary(shop.shift)["expected_cash"] == D("700.00")
    ledgers_agree()


def test_a_free_amount_takes_the_best_single_plan_that_it_reaches(shop, regular, plans, now, ledgers_agree):
    sale = recharge(shop, regular, "999.00", kind="wechat")

    assert (sale.plan_name, sale.bonus) == ("500.00+50.00", D("50.00"))
    assert shift_summary(shop.shift)["tenders"]["wechat"]["recharges"] == D("999.00")
    ledgers_agree()


@pytest.mark.parametrize(
    ("amount", "kind", "received"),
    [
        ("0.00", "cash", "1.00"),
        ("-5.00", "cash", "5.00"),
        ("NaN", "cash", "5.00"),
        ("10.001", "cash", "20.00"),
        ("100.00", "cash", "99.99"),
        ("100.00", "wechat", "100.01"),
        ("100.00", "wallet", "100.00"),
        ("100.00", "gold", "100.00"),
    ],
)
def test_impossible_recharges_are_refused_and_nothing_moves(shop, regular, now, amount, kind, received):
    before = state(regular, now)

    with pytest.raises(services.InvalidTender):
        recharge(shop, regular, amount, kind=kind, received=received)

    assert state(regular, now) == before


def test_the_legal_limit_of_the_balance_is_kept(shop, regular, now):
    before = state(regular, now)

    with pytest.raises(wallet.services.BalanceLimitExceeded):
        recharge(shop, regular, "4500.00")

    assert state(regular, now) == before


def test_a_plan_whose_price_changed_is_refused(shop, regular, plans, now):
    before = state(regular, now)

    with pytest.raises(services.InvalidTender):
        recharge(shop, regular, "450.00", plan=plans["500.00"].pk)

    assert state(regular, now) == before


def test_the_same_key_recharges_once(shop, regular, plans, now):
    key = uuid4()

    first = recharge(shop, regular, "300.00", key=key)
    second = recharge(shop, regular, "300.00", key=key)

    assert first == second
    assert state(regular, now)[0] == D("800.00")


def test_a_recharge_that_reaches_no_plan_has_no_bonus(shop, regular, plans):
    assert recharge(shop, regular, "299.99").bonus == D("0.00")


def test_a_void_takes_back_bonus_points_and_progress(shop, regular, plans, now, ledgers_agree):
    before = state(regular, now)
    sale = recharge(shop, regular, "500.00")

    services.void_recharge_sale(
        key=uuid4(), sale_id=sale.pk, till=shop.till, reason="wrong member", actor=shop.cashier, at=now
    )

    assert state(regular, now) == (*before[:3], 1, D("0.00"))
    assert shift_summary(shop.shift)["expected_cash"] == D("200.00")
    ledgers_agree()


def test_a_used_recharge_and_one_of_yesterday_cannot_be_voided(shop, regular, plans, now, ledgers_agree):
    sale = recharge(shop, regular, "500.00")
    before = state(regular, now)
    with pytest.raises(wallet.services.NotVoidable):
        services.void_recharge_sale(
            key=uuid4(),
            sale_id=sale.pk,
            till=shop.till,
            reason="x",
            actor=shop.cashier,
            at=now + timedelta(days=1),
        )
    assert state(regular, now) == before

    set_value("wallet.no_pin_limit", "1000.00", now)
    wallet.services.debit(
        member_id=regular.pk,
        amount=D("700.00"),
        list_amount=D("700.00"),
        source="test:1",
        idempotency_key="t:use",
        at=now,
        store=shop.store,
        actor=shop.cashier,
    )
    before = state(regular, now)
    with pytest.raises(wallet.services.NotVoidable):
        services.void_recharge_sale(
            key=uuid4(), sale_id=sale.pk, till=shop.till, reason="x", actor=shop.cashier, at=now
        )

    assert state(regular, now) == before
    ledgers_agree()
