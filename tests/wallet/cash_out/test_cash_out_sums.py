"""What law and promise give, reckoned from the ledger (R-W6)."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

from core import days
from tests.factories.cash_outs import sums
from wallet import services

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english")]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english")]


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
