"""The screens of odd accounts and of the chain's ledger."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from audit.models import Record
from points import services
from points.models import Watch
from tests.conftest import make_staff
from tests.factories.ledgers import make_member
from tests.factories.members import create_member

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
MATRIX = ({}, HTMX, {**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"})


@pytest.fixture
def browser(client_for, finance):
    browser = client_for(finance)
    browser.cookies["django_language"] = "en"
    return browser


@pytest.fixture
def member(store):
    return create_member(store)


@pytest.fixture
def watch(member):
    return Watch.objects.create(
        member=member,
        kind="many_points",
        day=date(2026, 3, 18),
        evidence={"points": 9000, "count": 3, "limit": 5000},
    )


def test_the_waiting_accounts_are_listed_with_their_figures(browser, watch):
    page = browser.get(reverse("points:watch-list")).content.decode()

    assert "9,000 points from 3 orders; more than 5,000 is odd" in page
    assert reverse("points:watch-detail", args=[watch.pk]) in page


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({}, 1),
        ({"state": "reviewed"}, 0),
        ({"state": "all", "kind": "many_points"}, 1),
        ({"kind": "many_gifts"}, 0),
        ({"since": "2026-03-19"}, 0),
        ({"until": "2026-03-18"}, 1),
        ({"outcome": "fine"}, 0),
        ({"kind": "x", "since": "x", "outcome": "x"}, 1),
    ],
)
def test_the_list_is_filtered(browser, watch, params, count):
    assert len(browser.get(reverse("points:watch-list"), params).context["listing"]) == count


@pytest.mark.parametrize("name", ["points:watch-list", "points:ledger"])
def test_the_lists_answer_page_or_fragment(browser, watch, name):
    answers = [browser.get(reverse(name), headers=headers) for headers in MATRIX]

    assert ["<html" in answer.content.decode() for answer in answers] == [True, False, True, True]
    assert all("HX-Request" in answer["Vary"] for answer in answers)


def test_a_review_is_written_on_the_account_and_leaves_the_home_page(browser, watch):
    url, tile = reverse("points:watch-detail", args=[watch.pk]), reverse("points:watch-tile")
    assert ">1</a>" in browser.get(tile).content.decode()

    assert browser.post(url, {"outcome": "suspicious", "note": ""}).status_code == 422
    assert browser.post(url, {"outcome": "odd"}).status_code == 422
    assert browser.post(url, {"outcome": "suspicious", "note": "own card"}).status_code == 302

    assert "own card" in browser.get(url).content.decode()
    assert "Nothing odd here" in browser.get(tile).content.decode()
    assert browser.post(url, {"outcome": "fine", "note": ""}).status_code == 422
    assert Watch.objects.get().outcome == "suspicious"


def test_an_auditor_reads_and_does_not_judge_and_a_cashier_sees_nothing(client_for, store, watch):
    url = reverse("points:watch-detail", args=[watch.pk])
    auditor = client_for(make_staff("auditor", "auditor", store))
    cashier = client_for(make_staff("till", "cashier", store))

    assert auditor.get(url).status_code == 200
    auditor.post(url, {"outcome": "fine", "note": ""})
    assert Watch.objects.get().outcome == ""
    for name in ("points:watch-list", "points:ledger", "points:batch-list"):
        assert cashier.get(reverse(name)).status_code == 403
    assert browser_status(auditor, "points:watch-detail", 10**6) == 404


def browser_status(browser, name, pk):
    return browser.get(reverse(name, args=[pk])).status_code


@pytest.fixture
def entries(member, store, other_store, finance, give):
    other = make_member(other_store)
    at = timezone.now()
    give(member, 100, at=at, computed=250, limited_by="day", actor=finance)
    give(other, 30, at=at - timedelta(days=2), store=other_store)
    services.spend(
        member_id=member.pk, points=40, source="=1+1", idempotency_key="s", at=at, store=other_store, actor=None
    )
    return member, other


def test_the_ledger_of_the_chain_is_filtered_in_every_way(browser, entries, other_store, finance):
    member, _other = entries
    url = reverse("points:ledger")

    def points(**params):
        return [entry.points for entry in browser.get(url, params).context["listing"]]

    assert points() == [-40, 30, 100]
    assert points(member=member.number) == [-40, 100]
    assert points(member="nobody at all") == []
    assert points(kind="spend") == [-40]
    assert points(store=other_store.pk) == [-40, 30]
    assert points(staff=finance.pk) == [100]
    assert points(limited="on") == [100]
    assert points(since=timezone.localdate().isoformat()) == [-40, 100]
    assert points(until=(timezone.localdate() - timedelta(days=1)).isoformat()) == [30]
    assert points(kind="x", store="x", staff="x", since="x") == [-40, 30, 100]
    assert "daily limit" in browser.get(url, {"limited": "on"}).content.decode()


def test_a_manager_reads_the_entries_of_their_own_stores(client_for, entries, manager):
    listing = client_for(manager).get(reverse("points:ledger")).context["listing"]

    assert [entry.points for entry in listing] == [100]


def test_pages_of_the_ledger_cost_the_same_however_long_it_is(
    browser, entries, give, django_assert_num_queries, django_assert_max_num_queries
):
    url = reverse("points:ledger")
    with django_assert_max_num_queries(20) as first:
        browser.get(url)
    for number in range(60):
        give(entries[0], number + 1)

    with django_assert_num_queries(len(first)):
        page = browser.get(url)

    second = browser.get(url, {"cursor": page.context["listing"].next_cursor})
    assert {row.pk for row in page.context["listing"]}.isdisjoint(row.pk for row in second.context["listing"])


def test_the_ledger_is_downloaded_as_filtered_and_that_is_recorded(browser, entries):
    answer = browser.post(f"{reverse('points:ledger-export')}?kind=earn")

    sheet = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[5] for row in rows[1:3]] == [30, 100]
    assert rows[2][-2:] == [250, rows[2][-1]]
    record = Record.objects.get(action="points.exported")
    assert (record.subject, record.data) == ("points:ledger", {"count": 2, "filters": {"kind": "earn"}})
