"""Batches and claims meet themselves and each other: real threads, real transactions."""

from collections import Counter

import pytest
from django.db.models import F

from coupons import proofs, services
from coupons.models import Batch, Coupon, Event, Offer
from coupons.services import batches, offers
from tests.conftest import make_staff
from tests.factories.coupons import create_template
from tests.factories.ledgers import make_member
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def marketer(store):
    return make_staff("marketer", "marketer", store)


@pytest.fixture
def members(store):
    return [make_member(store) for _number in range(6)]


@pytest.fixture
def batch(store, now, members, marketer, monkeypatch):
    """The first two members are done, the rest waits."""
    monkeypatch.setattr(batches, "CHUNK", 2)
    return services.start_batch(
        template_id=create_template().pk, name="spring", audience={}, actor=marketer, at=now, store=store
    )


def _offer(marketer, now, limit=None, **terms):
    return services.save_offer(
        offer_id=None,
        template_id=create_template(**terms).pk,
        name="poster",
        starts_at=now,
        ends_at=None,
        limit=limit,
        is_open=True,
        actor=marketer,
        at=now,
    )


def _assert_coupons_agree():
    for proof in proofs.PROOFS:
        assert proof.check()[1] == [], proof.name


def test_many_workers_on_one_batch_give_nobody_two(batch, members, now):
    run_together(5, lambda number: services.work_batch(batch_id=batch.pk, at=now))

    batch.refresh_from_db()
    assert (batch.status, batch.issued_count) == ("done", 6)
    assert sorted(Coupon.objects.values_list("member_id", flat=True)) == [member.pk for member in members]
    _assert_coupons_agree()


def test_without_the_lock_of_the_batch_the_race_is_real(batch, members, now, monkeypatch):
    monkeypatch.setattr(
        batches, "_locked", lambda pk: Batch.objects.select_related("template", "store", "actor").get(pk=pk)
    )

    outcomes = run_together(5, lambda number: services.advance_batch(batch_id=batch.pk, at=now))

    # Only the members' locks are left, so that workers do the same members one after another and count them twice.
    batch.refresh_from_db()
    assert Coupon.objects.count() < 6
    assert len(outcomes) == 5
    assert batch.after_member < members[-1].pk


def test_two_batches_and_claims_share_a_limited_template_exactly(store, members, marketer, now, monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 2)
    offer = _offer(marketer, now, total_limit=9)

    def work(number):
        if number < 2:
            made = services.start_batch(
                template_id=offer.template_id, name="b", audience={}, actor=marketer, at=now, store=store
            )
            services.work_batch(batch_id=made.pk, at=now)
            return made
        return services.claim(offer_id=offer.pk, member_id=members[number - 2].pk, at=now, store=None, actor=None)

    run_together(8, work)

    offer.template.refresh_from_db()
    assert offer.template.issued_count == Coupon.objects.count() == 9
    _assert_coupons_agree()


def test_the_last_piece_of_a_limited_offer_to_50_parallel_clicks_is_exactly_1(store, marketer, now):
    takers = [make_member(store) for _number in range(50)]
    offer = _offer(marketer, now, limit=1)

    outcomes = run_together(
        50,
        lambda number: services.claim(offer_id=offer.pk, member_id=takers[number].pk, at=now, store=None, actor=None),
    )

    assert Counter(type(outcome).__name__ for outcome in outcomes) == {"Claim": 1, "CannotClaim": 49}
    assert Coupon.objects.count() == Event.objects.count() == 1
    assert Offer.objects.get().claimed_count == 1
    _assert_coupons_agree()


def test_without_the_condition_the_race_for_the_last_piece_is_real(store, marketer, now, monkeypatch):
    """Counting first and writing then lets many through; only the table's CHECK stops them."""

    def count_then_write(offer_id, at):
        offer = Offer.objects.get(pk=offer_id)
        if offer.claimed_count >= offer.limit:
            return False
        Offer.objects.filter(pk=offer_id).update(claimed_count=F("claimed_count") + 1)
        return True

    monkeypatch.setattr(offers, "_take_one", count_then_write)
    takers = [make_member(store) for _number in range(10)]
    offer = _offer(marketer, now, limit=1)

    outcomes = run_together(
        10,
        lambda number: services.claim(offer_id=offer.pk, member_id=takers[number].pk, at=now, store=None, actor=None),
    )

    assert "IntegrityError" in {type(outcome).__name__ for outcome in outcomes}


def test_one_member_clicks_ten_times_and_gets_one(store, marketer, now):
    member, offer = make_member(store), _offer(marketer, now)

    outcomes = run_together(
        10,
        lambda number: services.claim(offer_id=offer.pk, member_id=member.pk, at=now, store=None, actor=None),
    )

    assert sorted(outcome.is_new for outcome in outcomes) == [False] * 9 + [True]
    assert Offer.objects.get().claimed_count == Coupon.objects.count() == 1


def test_a_sale_uses_a_coupon_or_finds_it_void_while_its_batch_is_withdrawn(batch, members, marketer, now):
    services.work_batch(batch_id=batch.pk, at=now)
    coupons = list(Coupon.objects.order_by("pk"))

    def work(number):
        if number == 0:
            services.void_batch(batch_id=batch.pk, reason="wrong", actor=marketer, at=now)
            return services.work_batch(batch_id=batch.pk, at=now)
        coupon = coupons[number - 1]
        return services.redeem(
            coupon_id=coupon.pk,
            member_id=coupon.member_id,
            amount=coupon.template.amount,
            source="test:1",
            idempotency_key=f"r{number}",
            at=now,
            store=None,
            actor=None,
        )

    outcomes = run_together(7, work)

    used = [outcome for outcome in outcomes if isinstance(outcome, Event)]
    states = Counter(Coupon.objects.values_list("status", flat=True))
    assert states["redeemed"] == len(used)
    assert states["void"] == 6 - len(used)
    _assert_coupons_agree()
