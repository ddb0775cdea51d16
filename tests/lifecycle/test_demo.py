"""The demo chain: believable, complete, and the same when it is loaded again."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.test import override_settings

from catalog.models import Product
from checkout.models import Order, Shift, Till
from jobs.registry import all_proofs
from lifecycle.services import demo
from lifecycle.services.demo.goods import ean13, products
from members.models import Member
from stores.demo import PASSWORD, USERNAMES
from stores.models import Staff, Store
from tests.factories.imports import sold
from tiers.models import PaidPlan, Tier, TierGift


def test_bar_codes_of_demo_goods_are_unique_and_those_of_the_sketch_stay() -> None:
    rows = list(products())
    codes = [code for row in rows for code in row["barcodes"]]

    assert len(set(codes)) == len(rows) == len({row["sku"] for row in rows})
    assert {row["name"]: row["barcodes"] for row in rows}["五常大米 5kg"] == ("6901234567892",)
    assert ean13("690123456789") == "6901234567892"


@pytest.mark.django_db(transaction=True)
@override_settings(LANGUAGE_CODE="zh-hans")
def test_the_demo_chain_is_whole_and_loading_again_adds_nothing(now: datetime) -> None:
    first = demo.load(at=now)
    before = sold()
    again = demo.load(at=now)

    assert again == {"orders": 0, "members": 0, "products": 0}
    assert sold() == before
    assert (first["members"], first["products"]) == (300, 119)
    assert (Store.objects.count(), Till.objects.count()) == (3, 6)
    assert Staff.objects.get(username="cashier").check_password(PASSWORD)
    assert set(Staff.objects.values_list("username", flat=True)) == set(USERNAMES)
    assert Product.objects.get(barcodes__code="6901234567892").list_price == Decimal("59.90")
    assert Order.objects.filter(channel="import").latest("business_on").business_on == date(2026, 3, 16)
    assert set(Order.objects.filter(channel="counter").values_list("business_on", flat=True)) == {date(2026, 3, 17)}
    assert Order.objects.filter(channel="counter").count() == 40
    assert not Shift.objects.filter(closed_at=None).exists()
    assert set(Member.objects.values_list("birth_calendar", flat=True)) == {"solar", "lunar"}
    assert (PaidPlan.objects.count(), TierGift.objects.count()) == (3, 4)
    assert Tier.objects.filter(track__kind__in=["stored", "paid", "invited"], rank__gt=0).count() == 3
    assert {name: proof.check()[1] for name, proof in all_proofs().items()} == {name: [] for name in all_proofs()}
