"""The screens of batches and offers: seen before given, refused in words, and what stands in the lists."""

import re
import uuid
from datetime import timedelta

import pytest

from coupons import services
from coupons.models import Batch, Coupon, Offer
from tags.models import MemberTag, Tag
from tests.conftest import make_staff
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.ledgers import make_member

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NEW = "/coupons/batches/new/"


@pytest.fixture
def marketer(store):
    return make_staff("marketer", "marketer", store)


@pytest.fixture
def browser(client_for, marketer):
    browser = client_for(marketer)
    browser.cookies["django_language"] = "en"
    return browser


@pytest.fixture
def members(store):
    return [make_member(store) for _number in range(3)]


def typed(template, **fields):
    return {"command_key": str(uuid.uuid4()), "name": "spring", "template": template.pk, "who": "all", **fields}


def seen_on(answer):
    return re.search(r'name="seen" value="([^"]+)"', answer.content.decode())[1]


def start(template, marketer, now, store, **options):
    return services.start_batch(
        template_id=template.pk, name="spring", audience={}, actor=marketer, at=now, store=store, **options
    )


def test_nothing_is_given_before_the_figures_were_seen(browser, template, members):
    answer = browser.post(NEW, typed(template, preview="1"))

    assert answer.status_code == 200
    assert "Give 3 coupons" in answer.content.decode()
    assert browser.post(NEW, typed(template, confirm="1")).status_code == 422
    assert browser.post(NEW, typed(template, confirm="1", seen="1:1")).status_code == 422
    assert not Batch.objects.exists()


def test_a_yes_gives_once_however_often_it_is_sent(browser, template, members):
    form = typed(template)
    seen = seen_on(browser.post(NEW, {**form, "preview": "1"}))

    answers = [browser.post(NEW, {**form, "confirm": "1", "seen": seen}) for _time in range(2)]

    batch = Batch.objects.get()
    assert answers[0]["Location"] == f"/coupons/batches/{batch.pk}/"
    assert (batch.status, batch.issued_count, Coupon.objects.count()) == ("done", 3, 3)


def test_a_tag_and_conditions_are_asked_for(browser, template, members, now, marketer):
    tag = Tag.objects.create(name="tea", kind="manual")
    MemberTag.objects.create(member=members[0], tag=tag, since=now, actor=marketer)
    rows = {"rows": "1", "joint": "all", "fact-0": "tiers.tier", "op-0": "eq", "value-0": "nonsense"}

    tagged = browser.post(NEW, typed(template, who="tag", tag=tag.pk, preview="1"))
    untagged = browser.post(NEW, typed(template, who="tag", preview="1"))
    wrong = browser.post(NEW, typed(template, who="rule", preview="1", **rows))
    more = browser.post(NEW, typed(template, who="rule", add="1", **rows))

    assert "Members with the tag tea" in tagged.content.decode()
    assert (untagged.status_code, wrong.status_code, more.status_code) == (422, 422, 200)
    assert 'name="fact-1"' in more.content.decode()


def test_a_batch_is_stopped_resumed_and_withdrawn_from_its_page(browser, template, members, marketer, now, store):
    batch = start(template, marketer, now, store)
    path = f"/coupons/batches/{batch.pk}/"

    def post(step, **fields):
        return browser.post(f"{path}{step}/", {"command_key": str(uuid.uuid4()), **fields}, follow=True)

    assert "paused" in post("pause", stops_use="on").content.decode()
    assert "goes on" in post("resume").content.decode()
    assert "by now" in post("cancel").content.decode()
    assert post("void").status_code == 422
    assert "being withdrawn" in post("void", reason="wrong day").content.decode()
    assert set(Coupon.objects.values_list("status", flat=True)) == {"void"}
    assert browser.post(f"{path}resume/", {}, follow=True).status_code == 200
    fragment = browser.get(path, headers=HTMX).content.decode()
    assert "<html" not in fragment


def test_lists_filter_and_pages_of_nobody_are_not_found(browser, template, members, marketer, now, store):
    start(template, marketer, now, store)

    assert "spring" in browser.get("/coupons/batches/").content.decode()
    assert "No batches here" in browser.get("/coupons/batches/?status=paused").content.decode()
    assert "spring" in browser.get("/coupons/batches/?status=nonsense").content.decode()
    for path in ("batches/987654321/", "offers/987654321/", "offers/987654321/edit/", "offers/987654321/code.svg"):
        assert browser.get(f"/coupons/{path}").status_code == 404


def test_a_cashier_sees_batches_and_gives_none(client_for, cashier, template, members):
    browser = client_for(cashier)

    assert browser.get("/coupons/batches/").status_code == 200
    assert browser.post(NEW, typed(template, preview="1")).status_code == 403
    assert browser.get("/coupons/offers/new/").status_code == 403


def test_an_offer_is_made_changed_and_printed(browser, template):
    form = {"name": "poster", "template": template.pk, "starts_on": "2026-03-18", "limit": "5", "is_open": "on"}

    made = browser.post("/coupons/offers/new/", form)
    offer = Offer.objects.get()
    page = browser.get(made["Location"]).content.decode()
    wrong = browser.post(f"/coupons/offers/{offer.pk}/edit/", {**form, "through_on": "2026-03-01"})
    changed = browser.post(f"/coupons/offers/{offer.pk}/edit/", {**form, "through_on": "2026-04-01", "is_open": ""})

    assert f"/c/{offer.code}/" in page
    assert (wrong.status_code, changed.status_code) == (422, 302)
    offer.refresh_from_db()
    assert (offer.limit, offer.is_open) == (5, False)
    assert offer.ends_at - offer.starts_at == timedelta(days=15)
    assert "poster" in browser.get("/coupons/offers/?state=ended").content.decode()
    assert "No offers here" in browser.get("/coupons/offers/?state=open").content.decode()
    for query in ("", "?till"):
        picture = browser.get(f"/coupons/offers/{offer.pk}/code.svg{query}")
        assert picture["Content-Type"] == "image/svg+xml"


def test_an_offer_that_was_claimed_keeps_its_coupon_and_says_so(browser, template, member, marketer, now):
    other = create_template(name="other")
    offer = services.save_offer(
        offer_id=None,
        template_id=template.pk,
        name="poster",
        starts_at=now,
        ends_at=None,
        limit=None,
        is_open=True,
        actor=marketer,
        at=now,
    )
    services.claim(offer_id=offer.pk, member_id=member.pk, at=now, store=None, actor=None)
    issue_coupon(template, member.pk)

    answer = browser.post(
        f"/coupons/offers/{offer.pk}/edit/",
        {"name": "poster", "template": other.pk, "starts_on": "2026-03-18", "is_open": "on"},
    )

    assert answer.status_code == 422
    assert "Somebody has claimed this coupon already" in answer.content.decode()
