"""Drafts of tier rules run over sales of the till: today's rules give back what was paid, others cost what they say."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from typing import Any
from uuid import uuid4

import pytest

import checkout.services
from checkout.models import Order
from checkout.selectors.replay.tiers import matrix_of, simulate
from checkout.selectors.replay.wording import describe_tiers
from core.days import local_day
from members.models import Member
from stores.services import change_setting
from tests.factories.shop import Shop
from tests.factories.tiers import level_draft
from tiers.models import Tier, Track, Version
from tiers.selectors import list_versions_in_force


def sell(shop: Shop, member: Member, *lines: tuple[Any, str], days: int = 0, points: int = 0, cash: str = "") -> Order:
    """A sale so many days later, paid in cash unless some is paid otherwise."""
    shop.now += timedelta(days=days)
    basket = shop.basket(*lines, member=member)
    if points:
        checkout.services.set_points(basket_id=basket.pk, points=points, at=shop.now)
        basket.refresh_from_db()
    due = D(basket.quote["figures"]["payable"])
    tenders = [("cash", cash or str(due))]
    if cash and D(cash) < due:
        tenders.append(("wallet", str(due - D(cash))))
    return Order.objects.get(pk=shop.confirm(basket, *tenders))


def run(shop: Shop, versions: list[Version], days: int = 60) -> dict[str, Any]:
    last = local_day(shop.now)
    track = Track.objects.get(code="growth")
    *_, progress = simulate(track, versions, first=last - timedelta(days=days - 1), last=last, at=shop.now)
    assert progress.result is not None
    return progress.result


@pytest.fixture
def history(shop: Shop, regular: Member) -> list[Order]:
    """Sales of four weeks: with a coupon, points, stored value, a member price, an upgrade to silver, and a void."""
    change_setting(
        code="checkout.rounding", value="down_to_tenth", effective_at=shop.now, actor=shop.cashier, at=shop.now
    )
    shop.milk.member_price = D("47.77")
    shop.milk.save()
    shop.now += timedelta(minutes=1)
    orders = [
        sell(shop, regular, (shop.rice, "3"), (shop.milk, "1"), points=1000),
        sell(shop, regular, (shop.rice, "7"), (shop.bag, "2"), days=3, cash="300.00"),
        sell(shop, regular, (shop.rice, "1"), (shop.milk, "2"), (shop.bag, "1"), days=5),
    ]
    gone = sell(shop, regular, (shop.milk, "1"), days=2)
    checkout.services.void_order(
        key=uuid4(), order_id=gone.pk, till=shop.till, reason="wrong goods", actor=shop.cashier, at=shop.now
    )
    orders.append(sell(shop, regular, (shop.rice, "2"), days=9, points=200))
    assert [order.tier_code for order in orders] == ["normal", "normal", "silver", "silver"]
    return orders


def test_replaying_with_the_current_rules_reproduces_history_with_no_difference(
    shop: Shop, history: list[Order], regular: Member
) -> None:
    result = run(shop, list_versions_in_force(shop.now))

    assert (result["orders"], result["orders_differ"], result["levels_differ"]) == (4, 0, 0)
    assert (result["moved"], result["orders_changed"], result["winners"], result["losers"]) == (0, 0, [], [])
    assert result["now"] == result["then"]
    assert D(result["now"]["payable"]) == sum(order.payable for order in history)
    assert (result["now"]["upgrades"], result["now"]["downgrades"]) == (1, 0)
    silver = Tier.objects.get(code="silver").pk
    assert matrix_of(result) == {(silver, silver): 1}


def test_prices_changed_since_do_not_change_the_past(shop: Shop, history: list[Order]) -> None:
    shop.rice.list_price = D("88.00")
    shop.rice.save()
    shop.milk.member_price = D("30.00")
    shop.milk.save()

    result = run(shop, list_versions_in_force(shop.now))

    assert result["orders_differ"] == 0


def test_an_easier_level_costs_its_discount_from_the_next_order_on(shop: Shop, history: list[Order]) -> None:
    """Silver from 150: the first order (189.7 paid) reaches it, so the second is 5 % cheaper already."""
    tried = level_draft(list_versions_in_force(shop.now), silver={"spend": "150"})

    result = run(shop, tried)

    # 7 x 59.90 = 419.30 at 95 % is 398.34 (half up); two bags, 0.60, take no tier discount: 398.94, down to 398.90.
    assert history[1].payable == D("419.90")
    assert D(result["now"]["payable"]) - D(result["then"]["payable"]) == D("21.00")
    assert (result["orders_changed"], result["moved"]) == (1, 0)
    assert [(one["money"], one["points"]) for one in result["winners"]] == [("21.00", -21)]
    assert result["losers"] == []


def test_a_harder_level_takes_the_discount_away_again(shop: Shop, history: list[Order]) -> None:
    tried = level_draft(list_versions_in_force(shop.now), silver={"spend": "5000"})

    result = run(shop, tried)

    normal, silver = (Tier.objects.get(code=code).pk for code in ("normal", "silver"))
    assert matrix_of(result) == {(silver, normal): 1}
    # Rice 59.90 instead of 56.91, and 119.80 instead of 113.81 before points; milk had its member price.
    assert result["orders_changed"] == 2
    assert D(result["now"]["payable"]) < D(result["then"]["payable"])
    assert [D(one["money"]) < 0 for one in result["losers"]] == [True]


def test_nothing_is_written(shop: Shop, history: list[Order], django_assert_max_num_queries: Any) -> None:
    before = [model.objects.count() for model in (Order, Version)]
    with django_assert_max_num_queries(60) as captured:
        run(shop, list_versions_in_force(shop.now))

    reads = ("SELECT", "WITH", "DECLARE")
    assert [one["sql"] for one in captured if not one["sql"].lstrip("( ").upper().startswith(reads)] == []
    assert [model.objects.count() for model in (Order, Version)] == before


def test_the_result_is_explained_in_both_languages(shop: Shop, history: list[Order]) -> None:
    from django.utils.translation import override

    result = run(shop, level_draft(list_versions_in_force(shop.now), silver={"spend": "150"}))
    for language, words in (("en", "Customers would have paid ¥21.00 less."), ("zh-hans", "¥21.00")):
        with override(language):
            found = describe_tiers(result)
        assert any(words in sentence for sentence in found.sentences)
        assert [len(table.rows) for table in found.tables] == [4, 1, 0]
