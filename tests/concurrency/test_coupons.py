"""Many tills at one coupon, many customers at the last of a batch."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from coupons import services
from coupons.models import Coupon, Event, Template
from coupons.services import issuing, using
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


def redeem(coupon: Coupon, member_id: int | None, at: datetime, key: str) -> Event:
    return services.redeem(
        coupon_id=coupon.pk, member_id=member_id, amount=Decimal("10.00"), source="orders:1", idempotency_key=key,
        at=at, store=None, actor=None,
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

    def careless(coupon: Coupon, member_id: int | None, at: datetime) -> bool:
        return Coupon.objects.filter(pk=coupon.pk).update(status="redeemed") == 1

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


def test_the_last_of_a_batch_goes_to_one_of_many(store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    template = create_template(total_limit=2)
    members = [create_member(store).pk for _ in range(20)]
    issue_coupon(template, members[0], at=now)
    monkeypatch.setattr(issuing, "_count_issue", meet_before(20, issuing._count_issue))

    results = at_once(20, lambda i: issue_coupon(template, members[i], at=now, key=f"gift:{i}"), services.CannotIssue)

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
    monkeypatch.setattr(issuing, "lock_member", lambda member_id: None)
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
