"""What coupons did in a period (Q29): funnel, cost and sales, by coupon, batch and store, on screen and in .xlsx."""

from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817
from io import BytesIO
from uuid import uuid4

import pytest
import time_machine
from django.utils import translation
from openpyxl import load_workbook

import coupons.services
from audit.models import Record
from checkout import services
from reports.database import read_only
from reports.periods import Period
from reports.selectors.coupons import Effect, effect_report
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.ledgers import make_member

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def campaign(shop, regular, now):
    """18 March: 5 off twice, one order voided the day after; one order without; a batch of three, one coupon void.

    Ten off was given in February and ended unused on 5 March.
    """
    five = create_template(name="Five", amount=D("5.00"), threshold=D("0.00"))
    ten = create_template(name="Ten", amount=D("10.00"), valid_days=10)
    issue_coupon(ten, regular.pk, at=now - timedelta(days=23))
    for _number in range(2):
        make_member(shop.store)
    batch = coupons.services.start_batch(
        template_id=five.pk, name="spring", audience={}, actor=shop.cashier, at=now, store=shop.store
    )
    shop.confirm(shop.basket((shop.rice, "1"), member=regular), ("cash", "100.00"))
    issue_coupon(five, regular.pk)
    mistaken = shop.confirm(shop.basket((shop.milk, "2"), member=regular), ("wechat", "94.60"))
    shop.confirm(shop.basket((shop.milk, "1")), ("cash", "100.00"))
    services.void_order(
        key=uuid4(),
        order_id=mistaken,
        till=shop.till,
        reason="wrong goods",
        actor=shop.cashier,
        at=now + timedelta(days=1),
    )
    return five, ten, batch


def report_of(shop, at, period=MARCH, *, template=None, stores=None, storeless=True):
    with read_only():
        return effect_report(
            period,
            store_ids=[shop.store.pk] if stores is None else stores,
            with_storeless=storeless,
            template_id=None if template is None else template.pk,
            at=at,
        )


def test_the_funnel_the_cost_and_the_sales_of_a_coupon(shop, campaign, now):
    five, ten, batch = campaign
    at = now + timedelta(days=2)

    report = report_of(shop, at)

    figures = dict(report.by_template)
    assert figures[five] == Effect(
        issued=4,
        redeemed=2,
        returned=1,
        discount=D("5.00"),
        orders=1,
        sales=D("54.90"),
        other_orders=1,
        other_sales=D("49.80"),
    )
    assert (figures[five].rate, figures[five].average_discount) == (D("0.25"), D("5.00"))
    assert (figures[five].basket, figures[five].other_basket) == (D("54.90"), D("49.80"))
    assert figures[five].cost_share == D("5.00") / D("54.90")
    assert (figures[ten].issued, figures[ten].expired, figures[ten].rate) == (0, 1, None)
    assert [(row.pk, one.issued) for row, one in report.by_batch] == [(batch.pk, 3)]
    assert [(row, one.orders) for row, one in report.by_store] == [(shop.store, 1)]
    # The regular customer of the shop had been given one of another sort.
    assert (report.total.issued, report.total.orders, report.total.sales) == (4 + 1, 1, D("54.90"))


def test_a_period_a_store_and_a_template_narrow_it(shop, campaign, other_store, now):
    five, ten, _batch = campaign
    at = now + timedelta(days=2)
    next_day = Period(date(2026, 3, 19), date(2026, 3, 19))

    assert report_of(shop, at, next_day).total == Effect(returned=1, discount=D("-5.00"))
    assert report_of(shop, at, stores=[other_store.pk], storeless=False).total == Effect()
    alone = report_of(shop, at, template=ten)
    assert [row for row, _one in alone.by_template] == [ten]
    assert (alone.total.expired, alone.total.orders, alone.total.other_orders) == (1, 0, 2)
    assert report_of(shop, at, template=five).total.issued == 4


def test_nothing_divides_by_nothing():
    empty = Effect()

    assert (empty.rate, empty.average_discount, empty.basket, empty.other_basket, empty.cost_share) == (None,) * 5


def test_the_page_and_the_download_agree(shop, campaign, owner, client_for, now):
    client = client_for(owner)
    client.cookies["django_language"] = "en"
    with time_machine.travel(now + timedelta(days=2), tick=False):
        page = client.get("/reports/coupons/?period=month")
        file = client.post("/reports/coupons/export/?period=month")
        narrowed = client.get(f"/reports/coupons/?period=month&template={campaign[0].pk}")
        nonsense = client.get("/reports/coupons/?period=month&template=x")

    text = page.content.decode()
    assert page.status_code == 200
    assert "¥54.90" in text
    assert "25" in text
    assert narrowed.status_code == 200
    assert nonsense.status_code == 422
    book = load_workbook(BytesIO(b"".join(file.streaming_content)))
    first = [cell.value for cell in book.worksheets[0][2]]
    assert first[:7] == ["Five", 4, 2, 1, 0, 0, 0.25]
    assert Record.objects.filter(action="report.exported", subject="report:coupons").count() == 1
