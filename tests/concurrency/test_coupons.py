"""Many tills at one coupon, many customers at the last of a batch."""

from datetime import datetime
from decimal import Decimal
from threading import Event as Signal
from time import sleep
from typing import Any

import pytest
from django.db import transaction

from coupons import services
from coupons.models import Coupon, Event, StoreLimit, Template
from coupons.services import issuing, limits, using
from members.models import Member
from stores.models import Store
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.members import create_member
from tests.factories.threads import at_once, meet_before

pytestmark = pytest.mark.django_db(transaction=True)
TILLS = 50


@pytest.fixture
def member(store: Store) -> Member:
    return create_member(store)


def redeem(coupon: Coupon, member_id: int | None, at: datetime, key: str, store: Store | None = None) -> Event:
    return services.redeem(
        coupon_id=coupon.pk, member_id=member_id, amount=Decimal("10.00"), source="orders:1", idempotency_key=key,
        at=at, store=store, actor=None,
    )  # fmt: skip


def events(results: list[Any]) -> list[Event]:
    return [result for result in results if isinstance(result, Event)]


def test_of_fifty_tills_with_one_bearer_coupon_one_wins(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    coupon = issue_coupon(create_template(), None, at=now)
    monkeypatch.setattr(using, "_use_up", meet_before(TILLS, using._use_up))

    results = at_once(TILLS, lambda till: redeem(coupon, None, now, f"sale:{till}"), services.CouponNotUsable)

    assert len(events(results)) == 1
    assert {r.refusal.reason for r in results if isinstance(r, services.CouponNotUsable)} == {"used"}
    assert Event.objects.filter(kind="redeemed").count() == 1


def test_without_the_condition_the_race_is_real(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    coupon = issue_coupon(create_template(), None, at=now)

    def careless(coupon: Coupon, member_id: int | None, store: Store | None, at: datetime) -> bool:
        return Coupon.objects.filter(pk=coupon.pk).update(status="redeemed", uses_left=0) == 1

    monkeypatch.setattr(using, "_use_up", meet_before(8, careless))

    results = at_once(8, lambda till: redeem(coupon, None, now, f"sale:{till}"), services.CouponNotUsable)

    assert len(events(results)) == 8


def test_of_fifty_tills_with_one_member_s_coupon_one_wins(member: Member, now: datetime) -> None:
    coupon = issue_coupon(create_template(), member.pk, at=now)

    results = at_once(TILLS, lambda till: redeem(coupon, member.pk, now, f"sale:{till}"), services.CouponNotUsable)

    assert len(events(results)) == 1
    coupon.refresh_from_db()
    assert coupon.status == "redeemed"


@pytest.mark.parametrize("is_bearer", [True, False])
def test_one_sale_sent_six_times_at_once_uses_the_coupon_once(member: Member, now: datetime, is_bearer: bool) -> None:
    holder = None if is_bearer else member.pk
    coupon = issue_coupon(create_template(), holder, at=now)

    results = at_once(6, lambda _: redeem(coupon, holder, now, "sale:1"))

    assert {event.pk for event in results} == {Event.objects.get(kind="redeemed").pk}


@pytest.mark.parametrize("is_bearer", [True, False])
def test_one_gift_sent_six_times_at_once_gives_one_coupon(member: Member, now: datetime, is_bearer: bool) -> None:
    template = create_template(total_limit=6)

    results = at_once(6, lambda _: issue_coupon(template, None if is_bearer else member.pk, at=now, key="gift:1"))

    assert {coupon.pk for coupon in results} == {Coupon.objects.get().pk}
    template.refresh_from_db()
    assert template.issued_count == 1


def test_the_last_piece_issued_to_fifty_parallel_clicks_goes_to_exactly_one(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = create_template(total_limit=2)
    members = [create_member(store).pk for _ in range(TILLS)]
    issue_coupon(template, members[0], at=now)
    monkeypatch.setattr(issuing, "_count_issue", meet_before(TILLS, issuing._count_issue))

    results = at_once(
        TILLS, lambda i: issue_coupon(template, members[i], at=now, key=f"gift:{i}"), services.CannotIssue
    )

    assert len([result for result in results if isinstance(result, Coupon)]) == 1
    assert Coupon.objects.count() == 2
    template.refresh_from_db()
    assert template.issued_count == 2


def test_without_the_conditional_count_the_batch_is_overdrawn(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = create_template(total_limit=1)
    members = [create_member(store).pk for _ in range(8)]

    def careless(template: Template) -> bool:
        template.issued_count += 1
        template.save()
        return True

    monkeypatch.setattr(issuing, "_count_issue", meet_before(8, careless))

    at_once(8, lambda i: issue_coupon(template, members[i], at=now, key=f"gift:{i}"))

    assert Coupon.objects.count() == 8


def test_a_member_s_limit_holds_for_parallel_requests(member: Member, now: datetime) -> None:
    template = create_template(member_limit=1)

    at_once(8, lambda i: issue_coupon(template, member.pk, at=now, key=f"gift:{i}"), services.CannotIssue)

    assert Coupon.objects.count() == 1


def test_without_the_member_s_lock_the_limit_is_passed(
    member: Member, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = create_template(member_limit=1)
    monkeypatch.setattr(issuing, "lock_member", lambda member_id: Member.objects.get(pk=member_id))
    monkeypatch.setattr(issuing, "_count_issue", meet_before(8, issuing._count_issue))

    at_once(8, lambda i: issue_coupon(template, member.pk, at=now, key=f"gift:{i}"), services.CannotIssue)

    assert Coupon.objects.count() == 8


def test_a_coupon_is_given_back_once_by_parallel_refunds(member: Member, now: datetime) -> None:
    redeem(issue_coupon(create_template(), member.pk, at=now), member.pk, now, "sale:1")

    def give_back(index: int) -> Event:
        return services.return_redeemed(
            idempotency_key_of_redeem="sale:1", idempotency_key=f"refund:{index}", at=now, store=None, actor=None
        )

    results = at_once(8, give_back, services.CannotReturn)

    assert len(events(results)) == 1
    assert Event.objects.filter(kind="returned").count() == 1


def test_the_last_use_of_a_limited_template_goes_to_one_of_many_tills(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = create_template(redeem_limit=2)
    coupons = [issue_coupon(template, None, at=now) for _ in range(TILLS + 1)]
    redeem(coupons[TILLS], None, now, "sale:first")
    monkeypatch.setattr(limits, "_count_use", meet_before(TILLS, limits._count_use))

    results = at_once(TILLS, lambda till: redeem(coupons[till], None, now, f"sale:{till}"), services.CouponNotUsable)

    assert len(events(results)) == 1
    assert {r.refusal.reason for r in results if isinstance(r, services.CouponNotUsable)} == {"redeem_limit"}
    template.refresh_from_db()
    assert template.redeemed_count == 2
    assert Coupon.objects.filter(status="redeemed").count() == 2


def test_without_the_conditional_count_the_limit_of_uses_is_passed(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = create_template(redeem_limit=1)
    coupons = [issue_coupon(template, None, at=now) for _ in range(8)]
    monkeypatch.setattr(limits, "_count_use", meet_before(8, lambda template_id: True))

    results = at_once(8, lambda till: redeem(coupons[till], None, now, f"sale:{till}"), services.CouponNotUsable)

    assert len(events(results)) == 8


def test_the_last_use_in_a_store_goes_to_one_of_many_tills(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = create_template()
    services.save_template(template=template, actor=None, at=now, store_limits={store.pk: 1})
    coupons = [issue_coupon(template, None, at=now) for _ in range(8)]
    monkeypatch.setattr(limits, "_count_in_store", meet_before(8, limits._count_in_store))

    results = at_once(8, lambda till: redeem(coupons[till], None, now, f"sale:{till}", store), services.CouponNotUsable)

    assert len(events(results)) == 1
    assert StoreLimit.objects.get().used_count == 1


def test_a_limit_that_is_set_while_a_sale_is_under_way_misses_no_use(now: datetime) -> None:
    """The sale has read "no limit" and goes on; whoever sets the limit waits for it and counts its use."""
    template = create_template()
    coupon = issue_coupon(template, None, at=now)
    begun, order = Signal(), []

    def sell() -> None:
        with transaction.atomic():
            redeem(coupon, None, now, "sale:1")
            begun.set()
            sleep(0.3)
            order.append("sale")

    def limit() -> None:
        begun.wait(30)
        fresh = Template.objects.get(pk=template.pk)
        fresh.redeem_limit = 5
        services.save_template(template=fresh, actor=None, at=now)
        order.append("limit")

    at_once(2, lambda index: (sell, limit)[index]())

    template.refresh_from_db()
    assert (order, template.redeem_limit, template.redeemed_count) == (["sale", "limit"], 5, 1)


def test_a_sale_that_waited_for_a_new_limit_obeys_it(now: datetime) -> None:
    template = create_template()
    first, second = (issue_coupon(template, None, at=now) for _ in range(2))
    redeem(first, None, now, "sale:1")
    begun = Signal()

    def limit() -> None:
        with transaction.atomic():
            fresh = Template.objects.get(pk=template.pk)
            fresh.redeem_limit = 1
            services.save_template(template=fresh, actor=None, at=now)
            begun.set()
            sleep(0.3)

    def sell() -> Event:
        begun.wait(30)
        return redeem(second, None, now, "sale:2")

    results = at_once(2, lambda index: (limit, sell)[index](), services.CouponNotUsable)

    assert isinstance(results[1], services.CouponNotUsable)
    assert results[1].refusal.reason == "redeem_limit"
    second.refresh_from_db()
    template.refresh_from_db()
    assert (second.status, template.redeemed_count) == ("issued", 1)


def test_a_voucher_of_three_uses_is_used_three_times_by_eight_tills(now: datetime) -> None:
    voucher = issue_coupon(create_template(kind="voucher", uses=3), None, at=now)

    results = at_once(8, lambda till: redeem(voucher, None, now, f"sale:{till}"), services.CouponNotUsable)

    voucher.refresh_from_db()
    assert len(events(results)) == 3
    assert (voucher.status, voucher.uses_left) == ("redeemed", 0)


def test_two_merges_at_once_move_each_coupon_once(store: Store, now: datetime) -> None:
    gone, stays = create_member(store), create_member(store)
    coupon = issue_coupon(create_template(), gone.pk, at=now)

    at_once(
        6,
        lambda _: services.merge(
            from_member_id=gone.pk, into_member_id=stays.pk, idempotency_key="merge:1", at=now, store=None,
            actor=None, source=f"member:{stays.pk}",
        ),
    )  # fmt: skip

    coupon.refresh_from_db()
    assert coupon.member_id == stays.pk
    assert Event.objects.filter(kind="moved").count() == 1
