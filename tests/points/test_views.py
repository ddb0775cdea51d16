"""The screens of points: block, ledger and adjustment."""

import uuid
from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from approvals.models import Request
from audit.models import Record
from points import services
from points.models import Account, Entry
from stores.models import Staff
from stores.services import set_pin
from tests.conftest import make_staff
from tests.factories.ledgers import make_member
from tests.factories.points import set_value

HTMX = {"HX-Request": "true"}


@pytest.fixture
def person(store):
    person = make_staff("root", "owner", store)
    person.display_name = "Root"
    person.save()
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
        for index in range(number):
            services.earn(
                member_id=member.pk,
                points=1000 + index,
                source="order:1",
                idempotency_key=uuid.uuid4().hex,
                at=now - timedelta(days=index),
                store=store,
                actor=person,
            )

    return add


def test_the_block_shows_balance_worth_lots_and_entries(browser, member, history):
    history(2)

    page = browser.get(reverse("points:member-panel", args=[member.pk])).content.decode()

    assert all(text in page for text in ("2,001", "¥20.01", "+1,000", reverse("points:entry-list", args=[member.pk])))
    assert "<html" not in page


def test_a_member_without_points_gets_an_empty_block_and_an_unknown_one_404(browser, member):
    assert "No points yet" in browser.get(reverse("points:member-panel", args=[member.pk])).content.decode()
    for name in ("points:member-panel", "points:entry-list", "points:adjustment-create"):
        assert browser.get(reverse(name, args=[10**6])).status_code == 404


def test_cumulative_points_points_spent_and_points_gifted_are_the_ledger_s_sums(browser, member, store, person):
    now = timezone.now()
    where = {"at": now, "store": store, "actor": person, "source": "order:1"}
    services.earn(member_id=member.pk, points=100, idempotency_key="e", **where)
    services.earn(member_id=member.pk, points=20, kind="gift", idempotency_key="g", **where)
    services.spend(member_id=member.pk, points=30, idempotency_key="s", **where)
    del where["source"]
    services.claw_back(idempotency_key_of_original="e", points=40, idempotency_key="c", **where)
    services.reverse(idempotency_key_of_original="s", idempotency_key="r", **where)
    services.spend(member_id=member.pk, points=25, idempotency_key="s2", source="order:2", **where)

    answer = browser.get(reverse("points:member-panel", args=[member.pk]))

    assert answer.context["totals"] == [("earn", "earned", 60), ("gift", "gift", 20), ("spend", "spent", 25)]
    for kind, rows in (("earn", 1), ("gift", 1), ("spend", 2)):
        url = reverse("points:entry-list", args=[member.pk]) + f"?kind={kind}"
        assert url in answer.text
        assert len(browser.get(url).context["listing"].rows) == rows


@pytest.mark.parametrize("name", ["points:member-panel", "points:entry-list"])
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


def test_the_ledger_is_filtered_by_kind_and_day_and_paged(browser, member, history, store, person):
    history(60)
    services.spend(
        member_id=member.pk,
        points=7,
        source="order:2",
        idempotency_key="s",
        at=timezone.now(),
        store=store,
        actor=person,
    )
    url = reverse("points:entry-list", args=[member.pk])

    def listing(**params):
        return browser.get(url, params).context["listing"]

    assert [entry.kind for entry in listing(kind="spend")] == ["spend"]
    assert len(listing(since=timezone.localdate().isoformat(), kind="earn")) == 1
    assert len(listing(until="2020-01-01")) == 0
    assert listing(kind="nonsense", since="nonsense").count == 61
    first = listing()
    second = listing(cursor=first.next_cursor)
    assert len({entry.pk for entry in [*first, *second]}) == 61


def test_the_ledger_answers_page_or_fragment(browser, member, history):
    history(1)
    url = reverse("points:entry-list", args=[member.pk])

    answers = [
        browser.get(url, headers=headers)
        for headers in ({}, HTMX, {**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"})
    ]

    assert ["<html" in answer.content.decode() for answer in answers] == [True, False, True, True]
    assert all("HX-Request" in answer["Vary"] for answer in answers)


def test_an_adjustment_is_made_once_however_often_it_is_sent(browser, member):
    url = reverse("points:adjustment-create", args=[member.pk])
    typed = {"command_key": str(uuid.uuid4()), "direction": "give", "amount": "1,200", "reason": "lost receipt"}

    answers = [browser.post(url, typed) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Account.objects.get().balance == 1200
    assert browser.post(url, {**typed, "amount": "1,300"}).status_code == 422
    taken = {**typed, "command_key": str(uuid.uuid4()), "direction": "take", "amount": "200"}
    browser.post(url, taken)
    assert list(Entry.objects.order_by("id").values_list("points", "memo")) == [
        (1200, "lost receipt"),
        (-200, "lost receipt"),
    ]


@pytest.mark.parametrize(
    "change", [{"amount": "0"}, {"amount": "1.5"}, {"reason": " "}, {"direction": "keep"}, {"direction": "take"}]
)
def test_a_refused_adjustment_moves_nothing(browser, member, change):
    typed = {"command_key": str(uuid.uuid4()), "direction": "give", "amount": "100", "reason": "x", **change}

    answer = browser.post(reverse("points:adjustment-create", args=[member.pk]), typed)

    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not Entry.objects.exists()


def test_above_the_limit_a_second_person_agrees_on_the_screen_or_later(client_for, member, manager, finance):
    set_pin(staff=finance, pin="482913", actor=finance, at=timezone.now())
    browser = client_for(manager)
    browser.cookies["django_language"] = "en"
    url = reverse("points:adjustment-create", args=[member.pk])

    def typed(amount, **fields):
        return {"command_key": str(uuid.uuid4()), "direction": "give", "amount": amount, "reason": "x", **fields}

    browser.post(url, typed("1000"))
    assert Account.objects.get().balance == 1000
    later = browser.post(url, typed("1001"), follow=True).content.decode()
    assert "Sent for approval" in later
    assert Account.objects.get().balance == 1000
    wrong = browser.post(url, typed("1001", approver=str(finance.pk), approver_pin="000000"))
    assert (wrong.status_code, Account.objects.get().balance) == (422, 1000)
    browser.post(url, typed("1001", approver=str(finance.pk), approver_pin="482913"))
    assert Account.objects.get().balance == 2001
    part = browser.post(f"{url}?preview", typed("1500"), headers=HTMX).content.decode()
    assert "3,501" in part
    assert "1,500 points is above your limit of 1,000 points" in part


def test_an_adjustment_is_undone_once_from_the_list(browser, member):
    browser.post(
        reverse("points:adjustment-create", args=[member.pk]),
        {"command_key": str(uuid.uuid4()), "direction": "give", "amount": "300", "reason": "wrong member"},
    )
    undo = reverse("points:undo-create", args=[Entry.objects.get().pk])
    assert undo in browser.get(reverse("points:entry-list", args=[member.pk])).content.decode()
    assert browser.get(undo).status_code == 200

    first = browser.post(undo, {"command_key": str(uuid.uuid4()), "reason": "oops"})
    second = browser.post(undo, {"command_key": str(uuid.uuid4()), "reason": "oops"})

    assert (first.status_code, second.status_code) == (302, 422)
    assert "undone before" in second.content.decode()
    assert Account.objects.get().balance == 0
    assert browser.get(reverse("points:undo-create", args=[10**6])).status_code == 404


def test_what_repaid_a_debt_is_owed_again_when_a_gift_is_undone_on_the_screen(browser, member, store):
    where = {"at": timezone.now(), "store": store, "actor": None}
    services.earn(member_id=member.pk, points=40, source="o", idempotency_key="e", **where)
    services.spend(member_id=member.pk, points=40, source="o", idempotency_key="s", **where)
    services.reverse(idempotency_key_of_original="e", idempotency_key="r", **where)
    given = services.adjust(member_id=member.pk, points=100, reason="wrong member", idempotency_key="a", **where)
    undo = reverse("points:undo-create", args=[given.pk])

    page = browser.get(undo).content.decode()
    answer = browser.post(undo, {"command_key": str(uuid.uuid4()), "reason": "oops"})

    assert "Owed after" in page
    assert answer.status_code == 302
    assert Account.objects.values_list("balance", "debt").get() == (0, 40)
    assert Request.objects.get().figures == {"change": "-100", "before": "60", "after": "0", "owed": "40"}


def test_points_that_ended_meanwhile_do_not_stop_the_undoing_of_a_gift(browser, member, store):
    at = timezone.now() - timedelta(days=400)
    set_value("points.expiry_method", "days", at - timedelta(days=1))
    given = services.adjust(
        member_id=member.pk, points=100, reason="wrong", idempotency_key="a", at=at, store=store, actor=None
    )

    answer = browser.post(
        reverse("points:undo-create", args=[given.pk]), {"command_key": str(uuid.uuid4()), "reason": "oops"}
    )

    assert answer.status_code == 302
    undoing = Entry.objects.get(original=given)
    assert (undoing.points, undoing.debt, undoing.computed) == (0, 0, -100)


def test_an_undoing_of_points_that_were_spent_is_refused_and_moves_nothing(browser, member, store):
    where = {"at": timezone.now(), "store": store, "actor": None}
    given = services.adjust(member_id=member.pk, points=100, reason="wrong", idempotency_key="a", **where)
    services.spend(member_id=member.pk, points=30, source="o", idempotency_key="s", **where)
    undo = reverse("points:undo-create", args=[given.pk])

    assert "used 30 of these points" in browser.get(undo).content.decode()
    assert browser.post(undo, {"command_key": str(uuid.uuid4()), "reason": "oops"}).status_code == 422
    assert Account.objects.values_list("balance", "debt").get() == (70, 0)
    assert not Request.objects.exists()


def test_the_block_tells_pending_points_and_from_when(browser, member, store):
    at = timezone.now()
    services.earn(
        member_id=member.pk,
        points=70,
        source="order:1",
        idempotency_key="p",
        at=at,
        store=store,
        actor=None,
        available_from=at + timedelta(days=7),
    )

    page = browser.get(reverse("points:member-panel", args=[member.pk])).content.decode()

    assert f"from {timezone.localdate() + timedelta(days=7)}" in page


def test_who_may_see_may_not_adjust(client_for, member):
    nobody = client_for(Staff.objects.create_user("nobody", password="river-stone-42", display_name="No"))

    for name in ("points:member-panel", "points:entry-list", "points:adjustment-create"):
        assert nobody.get(reverse(name, args=[member.pk])).status_code == 403


def test_the_filtered_ledger_is_downloaded_and_that_is_recorded(browser, member, history, store, person):
    history(2)
    services.spend(
        member_id=member.pk, points=7, source="=1+1", idempotency_key="s", at=timezone.now(), store=store, actor=person
    )
    url = reverse("points:entry-export", args=[member.pk])

    answer = browser.post(f"{url}?kind=spend")

    sheet, notes = load_workbook(BytesIO(b"".join(answer.streaming_content))).worksheets
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert len(rows) == 3
    assert (rows[1][3], rows[1][5], rows[1][9]) == (-7, 1994, "=1+1")
    assert sheet["J2"].data_type == "s"
    assert rows[2][3] == -7
    assert ["Made by", "Root"] in [[cell.value for cell in row] for row in notes.iter_rows()]
    record = Record.objects.get(action="points.exported")
    assert (record.subject, record.data) == (f"member:{member.pk}", {"count": 1, "filters": {"kind": "spend"}})
    assert browser.get(url).status_code == 405
