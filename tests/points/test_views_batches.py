"""The screens of batches: choose, see, say yes, watch it run, undo."""

import re
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from approvals.models import Request
from points.models import Account, Batch
from stores.services import set_pin
from tags.models import MemberTag, Tag
from tests.conftest import make_staff
from tests.factories.ledgers import make_member

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
URL = "/points/batches/new/"


@pytest.fixture
def browser(client_for, finance):
    browser = client_for(finance)
    browser.cookies["django_language"] = "en"
    return browser


@pytest.fixture
def second(store):
    person = make_staff("second", "finance", store)
    set_pin(staff=person, pin="482913", actor=person, at=timezone.now())
    return person


@pytest.fixture
def members(store):
    return [make_member(store) for _number in range(3)]


def typed(**fields):
    return {
        "command_key": str(uuid.uuid4()),
        "kind": "gift",
        "who": "all",
        "points_each": "50",
        "reason": "spring",
        **fields,
    }


def seen_on(answer):
    return re.search(r'name="seen" value="([^"]+)"', answer.content.decode())[1]


def test_nothing_is_kept_before_the_figures_were_seen(browser, members):
    answer = browser.post(URL, typed(preview="1"))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Give 150 points to 3 members" in page
    assert "¥1.50" in page
    assert not Batch.objects.exists()
    assert browser.post(URL, typed(confirm="1")).status_code == 422
    filter_key = seen_on(answer).split(":")[0]
    for seen in ("nonsense", f"{filter_key}:{'9' * 5000}:1", f"{filter_key}:²:1", f"{filter_key}:-3:150"):
        assert browser.post(URL, typed(confirm="1", seen=seen)).status_code == 422
    assert not Batch.objects.exists()


def test_a_yes_without_a_second_person_waits_for_approval(browser, members, second):
    form = typed()
    seen = seen_on(browser.post(URL, {**form, "preview": "1"}))

    answers = [browser.post(URL, {**form, "confirm": "1", "seen": seen}) for _time in range(2)]

    batch = Batch.objects.get()
    assert [answer["Location"] for answer in answers] == [f"/points/batches/{batch.pk}/"] * 2
    assert (batch.status, batch.points) == ("waiting", 150)
    assert Request.objects.get().kind == "points.batch"
    assert not Account.objects.exists()


def test_a_second_person_on_the_same_screen_lets_it_run(browser, members, second):
    form = typed(approver=str(second.pk), approver_pin="482913")
    seen = seen_on(browser.post(URL, {**form, "preview": "1"}))

    wrong = browser.post(URL, {**form, "approver_pin": "111111", "confirm": "1", "seen": seen})
    assert wrong.status_code == 422
    assert not Batch.objects.exists()

    browser.post(URL, {**form, "confirm": "1", "seen": seen})

    assert Batch.objects.get().status == "done"
    assert list(Account.objects.values_list("balance", flat=True)) == [50, 50, 50]


def test_another_filter_than_the_one_seen_is_shown_first(browser, members, second):
    seen = seen_on(browser.post(URL, typed(preview="1")))

    answer = browser.post(URL, typed(points_each="40", confirm="1", seen=seen))

    assert answer.status_code == 422
    assert "The figures have changed" in answer.content.decode()
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"points_each": ""}, "points_each"),
        ({"points_each": "0"}, "points_each"),
        ({"points_each": "1.5"}, "points_each"),
        ({"reason": " "}, "reason"),
        ({"who": "tag"}, "tag"),
        ({"who": "tag", "tag": "99999"}, "tag"),
        ({"who": "members"}, "numbers"),
        ({"who": "nobody"}, "who"),
        ({"kind": "clear", "lots": "ending"}, "day"),
        ({"kind": "clear", "lots": "given", "day": "31.31."}, "day"),
        ({"kind": "steal"}, "kind"),
    ],
)
def test_bad_input_stands_beside_its_field(browser, members, fields, wrong):
    answer = browser.post(URL, typed(preview="1", **fields))

    assert answer.status_code == 422
    assert wrong in answer.context["form"].errors
    assert not Batch.objects.exists()


def test_each_pasted_row_that_fits_nobody_is_named(browser, members, store):
    closed = make_member(store, status="closed")
    numbers = f"{members[0].number}\n123，{closed.number} {members[0].number}"

    answer = browser.post(URL, typed(preview="1", who="members", numbers=numbers))

    assert answer.context["form"].errors["numbers"] == [
        "Row 2: nobody has the number 123.",
        f"Row 3: the membership {closed.number} has ended.",
        f"Row 4: {members[0].number} stands here twice.",
    ]


def test_members_by_number_and_by_tag_are_counted(browser, members):
    tag = Tag.objects.create(name="regulars")
    MemberTag.objects.create(member=members[1], tag=tag, source="manual", since=timezone.now())

    by_number = browser.post(URL, typed(preview="1", who="members", numbers=f"{members[0].number} {members[1].number}"))
    by_tag = browser.post(URL, typed(preview="1", who="tag", tag=str(tag.pk)))

    assert (by_number.context["found"].members, by_tag.context["found"].members) == (2, 1)
    assert "members with the tag regulars" in by_tag.content.decode()


def test_nobody_to_clear_is_said_and_not_offered(browser, members):
    page = browser.post(URL, typed(preview="1", kind="clear")).content.decode()

    assert "nobody whose points this would change" in page
    assert 'name="confirm"' not in page


def test_a_batch_shows_what_it_did_and_can_be_undone_once(browser, members, second):
    form = typed(approver=str(second.pk), approver_pin="482913")
    seen = seen_on(browser.post(URL, {**form, "preview": "1"}))
    browser.post(URL, {**form, "confirm": "1", "seen": seen})
    batch = Batch.objects.get()
    page = browser.get(reverse("points:batch-detail", args=[batch.pk])).content.decode()
    assert "Undo this batch" in page
    assert "3 members, 150 points" in page
    undo = reverse("points:batch-undo", args=[batch.pk])

    key = {"command_key": str(uuid.uuid4())}
    assert [browser.post(undo, key).status_code for _time in range(2)] == [302, 302]
    browser.post(undo, {"command_key": str(uuid.uuid4())})
    browser.post(undo, {"command_key": "nonsense"})

    batch.refresh_from_db()
    assert (batch.status, batch.undone_points) == ("undone", 150)
    assert list(Account.objects.values_list("balance", flat=True)) == [0, 0, 0]
    assert "Undo this batch" not in browser.get(reverse("points:batch-detail", args=[batch.pk])).content.decode()


def test_the_list_answers_page_or_fragment_and_filters(browser, members, second):
    form = typed()
    seen = seen_on(browser.post(URL, {**form, "preview": "1"}))
    browser.post(URL, {**form, "confirm": "1", "seen": seen})
    url = reverse("points:batch-list")

    answers = [
        browser.get(url, headers=headers)
        for headers in ({}, HTMX, {**HTMX, "HX-Boosted": "true"}, {**HTMX, "HX-History-Restore-Request": "true"})
    ]

    assert ["<html" in answer.content.decode() for answer in answers] == [True, False, True, True]
    assert all("HX-Request" in answer["Vary"] for answer in answers)
    assert len(browser.get(url, {"status": "waiting", "kind": "gift"}).context["listing"]) == 1
    assert len(browser.get(url, {"status": "done"}).context["listing"]) == 0
    assert len(browser.get(url, {"status": "nonsense"}).context["listing"]) == 1


def test_a_running_batch_refreshes_its_progress(browser, members, finance):
    batch = Batch.objects.create(
        kind="gift",
        status="running",
        criteria={"who": "all"},
        points_each=5,
        reason="x",
        members=10,
        points=50,
        done_members=4,
        cutoff_at=timezone.now(),
        created_by=finance,
        created_at=timezone.now(),
    )
    url = reverse("points:batch-detail", args=[batch.pk])

    part = browser.get(url, headers=HTMX).content.decode()

    assert "every 2s" in part
    assert "4 of 10 members" in part
    assert "<html" not in part
    assert browser.get(reverse("points:batch-detail", args=[10**6])).status_code == 404


def test_numbers_pasted_with_full_width_digits_and_commas_are_read(browser, members):
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    numbers = "，".join(member.number.translate(wide) for member in members[:2])

    page = browser.post(URL, typed(who="members", numbers=numbers, preview="1")).content.decode()

    assert "Give 100 points to 2 members" in page
