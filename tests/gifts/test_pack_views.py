"""The pages of gift packs and of what was not returned."""

from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from django.urls import reverse

from audit.models import Record
from gifts.models import Pack
from gifts.selectors import get_pack_terms
from gifts.services import cancel_or_take_back, give_pack
from tests.factories.packs import create_pack
from tests.factories.shop import product

D = Decimal


@pytest.fixture
def browser(client_for, owner):
    return client_for(owner)


@pytest.fixture
def leak(counter, where):
    """A mug of 6.50 that stayed with the customer, and points that came back."""
    mug = product("MUG", "20.00", name="马克杯", cost=D("6.5000"))
    pack = create_pack(points=100, name="升级礼")
    pack.items.create(position=9, kind="goods", quantity=D(1), product=mug)
    member = counter.member()
    give_pack(pack_id=pack.pk, member_id=member.pk, source="order-reward:7:1", **where)
    cancel_or_take_back(source="order-reward:7:1", idempotency_key="v", **where)
    return member


def test_a_pack_is_made_with_coupons_goods_and_text(browser, counter):
    template = counter.template()
    mug = product("MUG", "20.00", name="马克杯")
    typed = {
        "name": "升级礼", "is_active": "on", "points": "100", "growth": "30", "coupon_0": template.pk,
        "coupon_count_0": "2", "gift_0": "MUG", "gift_quantity_0": "1", "gift_1": "手写贺卡",
    }  # fmt: skip

    answer = browser.post(reverse("gifts:pack-create"), typed)

    assert answer.status_code == 302
    parts = get_pack_terms(Pack.objects.get()).parts
    assert [(part.kind, part.quantity, part.name, part.product_id) for part in parts] == [
        ("points", D(100), "", None),
        ("growth", D(30), "", None),
        ("coupon", D(2), "满100减10", None),
        ("goods", D(1), "马克杯", mug.pk),
        ("goods", D(1), "手写贺卡", None),
    ]
    page = browser.get(reverse("gifts:pack-edit", args=[Pack.objects.get().pk])).content.decode()
    assert "手写贺卡" in page
    assert 'value="MUG"' in page


def test_a_pack_without_anything_or_with_a_taken_name_is_refused(browser):
    create_pack(name="升级礼")
    url = reverse("gifts:pack-create")

    empty = browser.post(url, {"name": "空", "is_active": "on"})
    taken = browser.post(url, {"name": "升级礼", "points": "1", "is_active": "on"})

    assert (empty.status_code, taken.status_code) == (422, 422)
    assert set(taken.context["form"].errors) == {"name"}
    assert Pack.objects.count() == 1


def test_packs_are_found_by_name_and_state(browser):
    create_pack(name="升级礼")
    old = create_pack(name="旧升级礼")
    Pack.objects.filter(pk=old.pk).update(is_active=False)

    def names(query):
        return [pack.name for pack, *_rest in browser.get(reverse("gifts:pack-list") + query).context["packs"]]

    assert names("?search=升级") == ["升级礼", "旧升级礼"]
    assert names("?search=升级&status=off") == ["旧升级礼"]
    assert names("?search=生日") == []


def test_the_list_of_leaks_says_who_what_and_what_it_is_worth(browser, leak):
    page = browser.get(reverse("gifts:leak-list"))

    assert [(item.label, item.used, item.worth) for item, _reason in page.context["leaks"]] == [
        ("马克杯", D("1.000"), D("6.50"))
    ]
    assert page.context["worth"] == D("6.50")
    assert browser.get(reverse("gifts:leak-list") + "?kind=coupon").context["leaks"] == []
    assert browser.get(reverse("gifts:leak-list") + "?until=2026-03-17").context["leaks"] == []


def test_the_download_holds_what_is_filtered_and_is_recorded(browser, leak):
    answer = browser.post(reverse("gifts:leak-export") + "?kind=goods")

    content = b"".join(answer.streaming_content)
    rows = list(openpyxl.load_workbook(BytesIO(content)).worksheets[0].iter_rows(values_only=True))
    assert next(row for row in rows if leak.number in row)[5:9] == ("马克杯", 1, 1, 6.5)
    assert Record.objects.get(action="gift_leak.exported").data["count"] == 1


def test_a_cashier_neither_sees_leaks_nor_changes_packs(client_for, cashier):
    client = client_for(cashier)

    for name in ("gifts:leak-list", "gifts:pack-create"):
        assert client.get(reverse(name)).status_code == 403
