"""The screens of stored value: block and ledger."""

import uuid
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from audit.models import Record
from stores.models import Staff
from tests.factories.ledgers import make_member
from wallet import services

pytestmark = pytest.mark.usefixtures("_no_pin")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def person(store):
    person = Staff.objects.create_superuser("root", password="river-stone-42", display_name="Root")
    person.stores.add(store)
    return person


@pytest.fixture
def browser(client_for, person):
    browser = client_for(person)
    browser.cookies["django_language"] = "en"
    return browser


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def history(member, store, person):
    def add(number):
        now = timezone.now()
        where = {"at": now, "store": store, "actor": person}
        for _index in range(number):
            services.recharge(
                member_id=member.pk,
                principal=Decimal("40.00"),
                bonus=Decimal("8.00"),
                bonus_expires_at=now + timedelta(days=30),
                plan={"name": "Forty"},
                source="recharge:1",
                idempotency_key=uuid.uuid4().hex,
                **where,
            )
            services.debit(
                member_id=member.pk,
                amount=Decimal("12.00"),
                list_amount=Decimal("15.00"),
                source="order:1",
                idempotency_key=uuid.uuid4().hex,
                **where,
            )

    return add


def test_the_block_shows_buckets_recharges_and_entries(browser, member, history):
    history(1)

    page = browser.get(reverse("wallet:member-panel", args=[member.pk])).content.decode()

    assert all(text in page for text in ("¥36.00", "¥30.00", "¥6.00", "Forty", "¥40.00 + ¥8.00", "−¥12.00"))
    assert "<html" not in page


def test_a_member_without_money_gets_an_empty_block_and_an_unknown_one_404(browser, member):
    assert "Nothing recharged yet" in browser.get(reverse("wallet:member-panel", args=[member.pk])).content.decode()
    for name in ("wallet:member-panel", "wallet:entry-list"):
        assert browser.get(reverse(name, args=[10**6])).status_code == 404


@pytest.mark.parametrize("name", ["wallet:member-panel", "wallet:entry-list"])
def test_statements_do_not_grow_with_the_history(
    browser, member, history, name, django_assert_num_queries, django_assert_max_num_queries
):
    history(2)
    url = reverse(name, args=[member.pk])
    with django_assert_max_num_queries(15) as first:
        browser.get(url)

    history(40)

    with django_assert_num_queries(len(first)):
        browser.get(url)


def test_the_ledger_is_filtered_by_kind_and_day(browser, member, history):
    history(3)
    url = reverse("wallet:entry-list", args=[member.pk])

    def listing(**params):
        return browser.get(url, params).context["listing"]

    assert [entry.kind for entry in listing(kind="spend")] == ["spend"] * 3
    assert len(listing(since=timezone.localdate().isoformat())) == 6
    assert len(listing(until="2020-01-01")) == 0
    assert listing(kind="nonsense", since="nonsense").count == 6


def test_the_ledger_answers_page_or_fragment(browser, member, history):
    history(1)
    url = reverse("wallet:entry-list", args=[member.pk])

    answers = [
        browser.get(url, headers=headers)
        for headers in ({}, HTMX, {**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"})
    ]

    assert ["<html" in answer.content.decode() for answer in answers] == [True, False, True, True]
    assert all("HX-Request" in answer["Vary"] for answer in answers)


def test_who_has_no_right_sees_nothing(client_for, member):
    nobody = client_for(Staff.objects.create_user("nobody", password="river-stone-42", display_name="No"))

    for name in ("wallet:member-panel", "wallet:entry-list"):
        assert nobody.get(reverse(name, args=[member.pk])).status_code == 403


def test_the_statement_is_downloaded_and_that_is_recorded(browser, member, history):
    history(1)

    answer = browser.post(reverse("wallet:entry-export", args=[member.pk]))

    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[3:6] for row in rows[1:]] == [[-12, -10, -2], [48, 40, 8], [36, 30, 6]]
    assert rows[1][8] == 15
    record = Record.objects.get(action="wallet.exported")
    assert (record.subject, record.data) == (f"member:{member.pk}", {"count": 2, "filters": {}})
