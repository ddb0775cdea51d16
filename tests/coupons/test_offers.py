"""Offers: made by the shop, claimed by phone on a page that gives nothing away, or with a code at the till (R-K10)."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import Record
from config.celery import app as celery_app
from coupons import services
from coupons.models import Coupon, Offer, Tries
from coupons.rules import check_digit, is_claim_code, is_code
from coupons.selectors.offers import find_offer_by_code, list_offers, refusal_of, state_of_offer
from jobs.models import Outbox
from jobs.services import sweep
from members.models import Member
from tests.conftest import make_staff
from tests.factories.coupons import create_template
from tests.factories.ledgers import table_rows
from tests.factories.members import create_member

pytestmark = pytest.mark.django_db

TABLES = ("coupons_coupon", "coupons_event", "coupons_offer", "coupons_template")
PHONE = "13812345678"


@pytest.fixture(autouse=True)
def _tasks():
    """Queued tasks can be called by name, as in a worker."""
    celery_app.loader.import_default_modules()


@pytest.fixture
def marketer(store):
    return make_staff("marketer", "marketer", store)


@pytest.fixture
def make_offer(marketer, template, now):
    def build(*, of=None, limit=None, starts_at=None, ends_at=None, is_open=True, at=now, offer_id=None):
        return services.save_offer(
            offer_id=offer_id,
            template_id=(of or template).pk,
            name="poster",
            starts_at=starts_at or now - timedelta(days=1),
            ends_at=ends_at,
            limit=limit,
            is_open=is_open,
            actor=marketer,
            at=at,
        )

    return build


@pytest.fixture
def claim(now):
    def run(offer, member, at=now):
        return services.claim(offer_id=offer.pk, member_id=member.pk, at=at, store=None, actor=None)

    return run


def test_the_code_of_an_offer_has_18_digits_and_never_reads_as_a_coupon(make_offer):
    offer = make_offer()

    assert is_claim_code(offer.code)
    assert not is_code(offer.code)
    assert Record.objects.filter(action="coupon_offer.created", subject=f"coupon_offer:{offer.pk}").count() == 1


def test_a_wrong_check_digit_asks_no_database(make_offer, django_assert_num_queries):
    code = make_offer().code
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)

    with django_assert_num_queries(0):
        assert find_offer_by_code(wrong) is None
    with django_assert_num_queries(1):
        assert find_offer_by_code(code) is not None


def test_a_member_claims_an_offer_once(make_offer, claim, member, other_member):
    offer = make_offer()

    first, second, other = claim(offer, member), claim(offer, member), claim(offer, other_member)

    assert (first.is_new, second.is_new, other.is_new) == (True, False, True)
    assert first.coupon == second.coupon
    coupon = Coupon.objects.get(pk=first.coupon.pk)
    assert (coupon.member_id, coupon.offer_id, coupon.source) == (member.pk, offer.pk, f"coupon_offer:{offer.pk}")
    offer.refresh_from_db()
    assert offer.claimed_count == 2


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"is_open": False}, "closed"),
        ({"starts_in": 1}, "not_yet"),
        ({"ends_in": 0}, "over"),
        ({"limit": 1}, "gone"),
    ],
)
def test_an_offer_that_cannot_be_claimed_moves_nothing(make_offer, claim, member, other_member, now, change, refusal):
    if refusal == "gone":
        offer = make_offer(limit=1)
        claim(offer, other_member)
        offer.refresh_from_db()
    else:
        starts = now + timedelta(seconds=change.get("starts_in", -60))
        ends = now + timedelta(seconds=change["ends_in"]) if "ends_in" in change else None
        offer = make_offer(starts_at=starts, ends_at=ends, is_open=change.get("is_open", True))
    before = table_rows(*TABLES)

    with pytest.raises(services.CannotClaim, match=services.refusal_text(refusal)[:10]):
        claim(offer, member)

    assert table_rows(*TABLES) == before
    assert refusal_of(offer, now) == refusal
    assert state_of_offer(offer, now).kind != "success"
    assert offer not in list_offers(state="open", at=now)
    assert offer in list_offers(state="ended", at=now)


def test_the_limits_of_the_coupon_hold_for_claims_too(make_offer, claim, member, other_member, now):
    offers = [make_offer(of=create_template(member_limit=1, total_limit=1)) for _number in range(1)]
    second = make_offer(of=offers[0].template)
    claim(offers[0], member)
    before = table_rows(*TABLES)

    for taker in (member, other_member):
        with pytest.raises((services.CannotIssue, services.CannotClaim)):
            claim(second, taker)

    assert table_rows(*TABLES) == before


def test_a_frozen_member_claims_nothing(make_offer, claim, member, now):
    offer = make_offer()
    Member.objects.filter(pk=member.pk).update(status="frozen")
    before = table_rows(*TABLES)

    with pytest.raises(services.CannotClaim):
        claim(offer, member)
    services.claim_asked(offer_id=offer.pk, member_id=member.pk, at=now)
    services.claim_asked(offer_id=offer.pk, member_id=0, at=now)

    assert table_rows(*TABLES) == before


def _merge(member, other, now):
    services.merge(
        from_member_id=member.pk,
        into_member_id=other.pk,
        idempotency_key="merge",
        at=now,
        store=None,
        actor=None,
        source=f"member:{member.pk}",
    )


def test_a_claim_that_came_with_a_merged_member_is_no_second_one(make_offer, claim, member, other_member, now):
    offer = make_offer()
    first = claim(offer, member)
    _merge(member, other_member, now)

    again = claim(offer, other_member)

    assert (again.coupon.pk, again.is_new) == (first.coupon.pk, False)


def test_an_offer_is_changed_within_what_was_claimed(make_offer, claim, member, other_member, template, now):
    offer = make_offer(limit=5)
    code = offer.code
    claim(offer, member)
    claim(offer, other_member)

    for change in ({"limit": 1}, {"of": create_template()}, {"ends_at": now - timedelta(days=2)}, {"limit": 0}):
        with pytest.raises(services.InvalidOffer):
            make_offer(offer_id=offer.pk, **change)
    make_offer(offer_id=offer.pk, limit=2, is_open=False)

    offer.refresh_from_db()
    assert (offer.limit, offer.is_open, offer.code, offer.claimed_count) == (2, False, code, 2)


class TestPage:
    """The public page."""

    @pytest.fixture
    def offer(self, make_offer, settings):
        return make_offer(starts_at=None)

    @pytest.fixture
    def visitor(self):
        visitor = Client()
        visitor.cookies["django_language"] = "en"
        return visitor

    def test_a_member_gets_the_coupon_without_signing_in(self, offer, visitor, store):
        member = create_member(store, phone=PHONE)

        page = visitor.get(f"/c/{offer.code}/")
        answer = visitor.post(f"/c/{offer.code}/", {"phone": "138 1234 5678"})
        sweep(at=timezone.now())

        assert page.status_code == answer.status_code == 200
        assert Coupon.objects.get().member_id == member.pk
        assert "13812345678" not in answer.content.decode()
        assert member.name not in answer.content.decode()

    def test_the_answer_is_the_same_for_every_phone(self, offer, visitor, store):
        create_member(store, phone=PHONE)
        create_member(store, phone="13912345678")
        Member.objects.filter(phone_tail="5678").exclude(pk=Member.objects.earliest("pk").pk).update(status="frozen")

        answers = [
            visitor.post(f"/c/{offer.code}/", {"phone": phone})
            for phone in (PHONE, PHONE, "13912345678", "13712345678")
        ]

        asked = list(Outbox.objects.filter(task="coupons.claim").values_list("arguments__member_id", flat=True))
        sweep(at=timezone.now())
        assert sorted(member_id > 0 for member_id in asked) == [False, False, True, True]
        assert Coupon.objects.count() == 1
        assert {answer.status_code for answer in answers} == {200}
        pages = {
            re.sub(r'value="[A-Za-z0-9]{64}"|"X-CSRFToken": "[^"]+"|nonce-\S+', "", answer.content.decode())
            for answer in answers
        }
        assert len(pages) == 1
        assert "If this phone belongs to a member" in answers[0].content.decode()

    def test_the_page_shows_the_language_of_the_visitor(self, offer):
        chinese = Client().get(f"/c/{offer.code}/").content.decode()

        assert "领取" in chinese

    def test_what_is_no_phone_is_said_beside_the_box(self, offer, visitor):
        for text in ("hello", "123", "", "1" * 31, "<b>"):
            answer = visitor.post(f"/c/{offer.code}/", {"phone": text})
            assert answer.status_code == 422
        assert not Coupon.objects.exists()

    def test_unknown_and_misspelt_codes_are_not_found(self, offer, visitor):
        digits = "1" * 17
        for code in (digits + check_digit(digits), offer.code[:-1], "x", offer.code[::-1] + "0"):
            assert visitor.get(f"/c/{code}/").status_code == 404

    def test_an_offer_that_is_over_says_so_and_gives_nothing(self, make_offer, visitor, store):
        create_member(store, phone=PHONE)
        offer = make_offer(is_open=False)

        answer = visitor.post(f"/c/{offer.code}/", {"phone": PHONE})

        assert "cannot be claimed at the moment" in answer.content.decode()
        assert "<input" not in answer.content.decode().split("</form>")[0].split('class="card"')[1]
        assert not Coupon.objects.exists()

    def test_it_needs_the_token_of_its_own_form(self, offer):
        strict = Client(enforce_csrf_checks=True)

        assert strict.post(f"/c/{offer.code}/", {"phone": PHONE}).status_code == 403

    def test_it_may_not_run_scripts_of_others_or_be_framed(self, offer, visitor):
        answer = visitor.get(f"/c/{offer.code}/")

        assert "default-src 'self'" in answer["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]

    def test_an_address_that_tries_too_often_has_to_wait(self, offer, visitor, store):
        create_member(store, phone=PHONE)
        phones = [f"137{number:08d}" for number in range(10)]

        tries = [visitor.post(f"/c/{offer.code}/", {"phone": phone}).status_code for phone in phones]
        late = visitor.post(f"/c/{offer.code}/", {"phone": PHONE})

        assert tries == [200] * 10
        assert late.status_code == 429
        assert not Coupon.objects.exists()
        assert visitor.post(f"/c/{offer.code}/", {"phone": PHONE}, REMOTE_ADDR="10.9.8.7").status_code == 200
        sweep(at=timezone.now())
        assert Coupon.objects.count() == 1
        assert not Tries.objects.filter(who__contains="10.9.8.7").exists()


def test_tries_are_counted_for_ten_minutes_and_then_forgotten(now, db):
    for _number in range(3):
        services.count_try(who="staff:1", most=3, at=now)

    with pytest.raises(services.TooManyTries):
        services.count_try(who="staff:1", most=3, at=now)
    with pytest.raises(services.TooManyTries):
        services.check_tries(who="staff:1", most=3, at=now)
    services.count_try(who="staff:1", most=3, at=now + timedelta(minutes=10))
    services.check_tries(who="staff:2", most=3, at=now)

    assert list(services.forget_tries(now.date(), now + timedelta(minutes=70))) == [{"changed": 1}]
    assert Tries.objects.count() == 1


def test_a_closed_offer_can_be_opened_again(make_offer, claim, member):
    offer = make_offer(is_open=False)

    make_offer(offer_id=offer.pk)

    assert claim(offer, member).is_new
    assert Offer.objects.get(pk=offer.pk).claimed_count == 1


@pytest.mark.parametrize("reason", ["over", "gone"])
def test_an_offer_whose_coupon_is_over_or_used_up_says_so_before_anybody_asks(
    make_offer, claim, member, other_member, now, reason
):
    """Else the page thanks for a phone number and gives nothing."""
    if reason == "over":
        day = (now - timedelta(days=1)).date()
        offer = make_offer(of=create_template(validity="fixed", starts_on=day, through_on=day, at=now))
    else:
        offer = make_offer(of=create_template(total_limit=1))
        claim(make_offer(of=offer.template), other_member)
        offer.template.refresh_from_db()
    before = table_rows(*TABLES)

    assert refusal_of(offer, now) == reason
    with pytest.raises(services.CannotClaim, match=services.refusal_text(reason)[:10]):
        claim(offer, member)

    assert table_rows(*TABLES) == before
    assert offer not in list_offers(state="open", at=now)
    assert offer in list_offers(state="ended", at=now)
