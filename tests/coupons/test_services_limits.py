"""Limits of use in all, per store and per day, what a return gives back, vouchers, and merges (R-K4, R-K5, R-K8)."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coupons import selectors, services
from coupons.models import Batch, Coupon, Event, StoreLimit, Template
from members.models import Member
from stores.models import Store
from tests.factories.coupons import create_template, issue_coupon


def redeem(coupon: Coupon, at: datetime, key: str, *, store: Store | None = None, amount: str = "10.00") -> Event:
    return services.redeem(
        coupon_id=coupon.pk, member_id=coupon.member_id, amount=Decimal(amount), source="order:1",
        idempotency_key=key, at=at, store=store, actor=None,
    )  # fmt: skip


def give_back(key: str, at: datetime, *, is_refund: bool = False) -> Event | None:
    return services.return_redeemed(
        idempotency_key_of_redeem=key, idempotency_key=f"back:{key}", at=at, store=None, actor=None,
        is_refund=is_refund,
    )  # fmt: skip


def refused(coupon: Coupon, at: datetime, key: str, *, store: Store | None = None) -> str:
    """The reason; and nothing moved."""
    before = (Event.objects.count(), Coupon.objects.get(pk=coupon.pk).uses_left)
    with pytest.raises(services.CouponNotUsable) as caught:
        redeem(coupon, at, key, store=store)
    assert (Event.objects.count(), Coupon.objects.get(pk=coupon.pk).uses_left) == before
    return caught.value.refusal.reason


def counted(template: Template) -> int:
    template.refresh_from_db()
    return template.redeemed_count


def test_the_limit_of_uses_holds_and_a_return_frees_one(member: Member, now: datetime) -> None:
    template = create_template(redeem_limit=2)
    coupons = [issue_coupon(template, member.pk, at=now) for _ in range(3)]
    redeem(coupons[0], now, "a")
    redeem(coupons[1], now, "b")

    assert refused(coupons[2], now, "c") == "redeem_limit"
    give_back("a", now)
    assert counted(template) == 1
    redeem(coupons[2], now, "c")

    assert counted(template) == 2


def test_a_template_without_a_limit_counts_nothing(member: Member, now: datetime) -> None:
    template = create_template()

    redeem(issue_coupon(template, member.pk, at=now), now, "a")

    assert counted(template) == 0


def test_a_limit_set_later_counts_the_uses_of_before(member: Member, store: Store, now: datetime) -> None:
    template = create_template()
    coupons = [issue_coupon(template, member.pk, at=now) for _ in range(4)]
    for place, key in enumerate(("a", "b", "c")):
        redeem(coupons[place], now, key, store=store if key != "c" else None)
    give_back("b", now)
    template.refresh_from_db()
    template.redeem_limit = 3

    services.save_template(template=template, actor=None, at=now, store_limits={store.pk: 1})

    assert counted(template) == 2
    assert StoreLimit.objects.values_list("limit", "used_count").get() == (1, 1)
    assert refused(coupons[3], now, "d", store=store) == "store_limit"
    redeem(coupons[3], now, "d")
    assert counted(template) == 3


@pytest.mark.parametrize("limit", ["redeem_limit", "store"])
def test_a_limit_below_the_uses_so_far_is_refused(member: Member, store: Store, now: datetime, limit: str) -> None:
    template = create_template()
    for key in ("a", "b"):
        redeem(issue_coupon(template, member.pk, at=now), now, key, store=store)
    template.refresh_from_db()
    template.redeem_limit = 1 if limit == "redeem_limit" else None

    with pytest.raises(services.InvalidTemplate) as caught:
        services.save_template(
            template=template, actor=None, at=now, store_limits={store.pk: 1} if limit == "store" else {}
        )

    assert caught.value.field == ("redeem_limit" if limit == "redeem_limit" else f"store_{store.pk}")
    template.refresh_from_db()
    assert template.redeem_limit is None
    assert not StoreLimit.objects.exists()


def test_a_store_without_a_limit_of_its_own_has_none(
    member: Member, store: Store, other_store: Store, now: datetime
) -> None:
    template = create_template()
    services.save_template(template=template, actor=None, at=now, store_limits={store.pk: 1})
    coupons = [issue_coupon(template, member.pk, at=now) for _ in range(4)]

    redeem(coupons[0], now, "a", store=store)
    redeem(coupons[1], now, "b", store=other_store)
    redeem(coupons[2], now, "c", store=other_store)

    assert refused(coupons[3], now, "d", store=store) == "store_limit"
    give_back("a", now)
    redeem(coupons[3], now, "d", store=store)
    assert StoreLimit.objects.get().used_count == 1


def test_the_uses_of_a_day_are_counted_per_member_and_local_day(
    member: Member, other_member: Member, now: datetime
) -> None:
    template = create_template(member_day_limit=1)
    first, second, third = (issue_coupon(template, member.pk, at=now) for _ in range(3))
    redeem(first, now, "a")

    assert refused(second, now, "b") == "day_limit"
    redeem(issue_coupon(template, other_member.pk, at=now), now, "other")
    give_back("a", now)
    redeem(second, now, "b")
    # 16:00 UTC is midnight in Shanghai.
    assert refused(third, now.replace(hour=15, minute=59), "c") == "day_limit"
    redeem(third, now.replace(hour=16), "c")


def test_the_limit_of_a_day_is_the_one_the_coupon_was_issued_with(member: Member, now: datetime) -> None:
    template = create_template(member_day_limit=2)
    coupons = [issue_coupon(template, member.pk, at=now) for _ in range(2)]
    template.refresh_from_db()
    template.member_day_limit = 1
    services.save_template(template=template, actor=None, at=now)

    redeem(coupons[0], now, "a")
    redeem(coupons[1], now, "b")

    assert refused(issue_coupon(template, member.pk, at=now), now, "c") == "day_limit"


def test_a_voucher_is_used_as_often_as_it_says(member: Member, now: datetime) -> None:
    voucher = issue_coupon(create_template(kind="voucher", uses=2), member.pk, at=now)

    redeem(voucher, now, "a", amount="68.00")
    voucher.refresh_from_db()
    assert (voucher.status, voucher.uses_left) == ("issued", 1)
    redeem(voucher, now, "b", amount="68.00")
    voucher.refresh_from_db()
    assert (voucher.status, voucher.uses_left) == ("redeemed", 0)
    assert refused(voucher, now, "c") == "used"
    give_back("a", now)

    voucher.refresh_from_db()
    assert (voucher.status, voucher.uses_left) == ("issued", 1)


def test_a_coupon_for_more_points_takes_nothing_off(member: Member, now: datetime) -> None:
    coupon = issue_coupon(create_template(kind="points_multiple", multiple=Decimal(2)), member.pk, at=now)

    with pytest.raises(ValueError, match="not a discount"):
        redeem(coupon, now, "a", amount="1.00")
    redeem(coupon, now, "a", amount="0.00")
    give_back("a", now)

    coupon.refresh_from_db()
    assert coupon.status == "issued"
    assert set(Event.objects.values_list("amount", flat=True)) == {Decimal("0.00")}


def test_a_coupon_that_is_not_given_back_on_a_refund_is_on_a_void(member: Member, now: datetime) -> None:
    coupon = issue_coupon(create_template(returns_on_refund=False), member.pk, at=now)
    redeem(coupon, now, "a")

    assert give_back("a", now, is_refund=True) is None
    coupon.refresh_from_db()
    assert coupon.status == "redeemed"
    give_back("a", now)

    coupon.refresh_from_db()
    assert coupon.status == "issued"


@pytest.mark.parametrize(("grace", "days"), [(0, None), (1, 1), (10, 10)])
def test_a_template_says_how_long_a_coupon_given_back_lasts(
    member: Member, now: datetime, grace: int, days: int | None
) -> None:
    coupon = issue_coupon(create_template(valid_days=1, return_grace_days=grace), member.pk, at=now)
    redeem(coupon, now, "a")
    end = coupon.valid_until

    give_back("a", end + timedelta(hours=1))

    coupon.refresh_from_db()
    # The end is local midnight, so that the return is on the day that begins then.
    assert coupon.valid_until == (end if days is None else end + timedelta(days=days + 1))
    assert coupon.status == "issued"


def test_a_coupon_that_expires_between_quote_and_payment_is_refused(member: Member, now: datetime) -> None:
    """Nothing is locked before the payment, so that there is no grace (R-K11)."""
    coupon = issue_coupon(create_template(valid_days=1), member.pk, at=now)

    assert refused(coupon, coupon.valid_until, "a") == "expired"
    redeem(coupon, coupon.valid_until - timedelta(microseconds=1), "a")


def test_the_same_coupon_in_two_tabs_is_used_once(member: Member, now: datetime) -> None:
    coupon = issue_coupon(create_template(), member.pk, at=now)
    redeem(coupon, now, "checkout:first-tab:coupon")

    assert refused(coupon, now, "checkout:second-tab:coupon") == "used"


@pytest.mark.parametrize(("stops_use", "reason"), [(True, "stopped"), (False, "")])
def test_a_paused_batch_stops_use_only_if_it_says_so(
    member: Member, now: datetime, stops_use: bool, reason: str
) -> None:
    coupon = issue_coupon(create_template(), member.pk, at=now)
    batch = Batch.objects.create(
        template=coupon.template, name="spring", status="paused", stops_use=stops_use, created_at=now
    )
    Coupon.objects.filter(pk=coupon.pk).update(batch=batch)

    if reason:
        assert refused(coupon, now, "a") == reason
        Batch.objects.update(status="done")
    redeem(coupon, now, "a")


@pytest.mark.parametrize("status", ["frozen", "closed", "merged"])
def test_only_an_active_member_uses_coupons(member: Member, now: datetime, status: str) -> None:
    coupon = issue_coupon(create_template(), member.pk, at=now)
    Member.objects.filter(pk=member.pk).update(status=status)

    assert refused(coupon, now, "a") == "member_not_active"
    Member.objects.filter(pk=member.pk).update(status="active")
    redeem(coupon, now, "a")


def test_a_coupon_withdrawn_after_one_of_its_uses_stays_void_when_that_use_is_given_back(
    member: Member, now: datetime
) -> None:
    voucher = issue_coupon(create_template(kind="voucher", uses=2), member.pk, at=now)
    redeem(voucher, now, "a")
    services.void(coupon_id=voucher.pk, reason="x", idempotency_key="v", at=now, store=None, actor=None)

    give_back("a", now)

    voucher.refresh_from_db()
    assert (voucher.status, voucher.uses_left) == ("void", 2)
    assert refused(voucher, now, "b") == "void"


def test_voiding_the_coupons_of_a_batch_leaves_used_ones(member: Member, other_member: Member, now: datetime) -> None:
    template = create_template()
    used, unused = issue_coupon(template, member.pk, at=now), issue_coupon(template, other_member.pk, at=now)
    redeem(used, now, "a")

    services.void(coupon_id=unused.pk, reason="x", idempotency_key="v:1", at=now, store=None, actor=None)
    with pytest.raises(services.CannotVoid):
        services.void(coupon_id=used.pk, reason="x", idempotency_key="v:2", at=now, store=None, actor=None)

    assert list(Coupon.objects.order_by("pk").values_list("status", flat=True)) == ["redeemed", "void"]


def merge(gone: Member, stays: Member, at: datetime) -> list[Event]:
    return services.merge(
        from_member_id=gone.pk, into_member_id=stays.pk, idempotency_key="merge:1", at=at, store=None, actor=None,
        source=f"member:{stays.pk}",
    )  # fmt: skip


def test_a_merge_moves_coupons_and_says_from_whom(member: Member, other_member: Member, now: datetime) -> None:
    template = create_template(member_limit=3)
    unused, used, void = (issue_coupon(template, member.pk, at=now) for _ in range(3))
    redeem(used, now, "a")
    services.void(coupon_id=void.pk, reason="x", idempotency_key="v", at=now, store=None, actor=None)

    moved = merge(member, other_member, now)

    assert [event.coupon_id for event in moved] == [unused.pk, used.pk]
    assert {event.memo for event in moved} == {f"member:{member.pk}"}
    assert dict(Coupon.objects.values_list("pk", "member_id")) == {
        unused.pk: other_member.pk, used.pk: other_member.pk, void.pk: member.pk,
    }  # fmt: skip
    assert [event.pk for event in merge(member, other_member, now)] == [event.pk for event in moved]


def test_after_a_merge_a_return_goes_to_who_holds_the_coupon_now(
    member: Member, other_member: Member, now: datetime
) -> None:
    coupon = issue_coupon(create_template(), member.pk, at=now)
    redeem(coupon, now, "a")
    merge(member, other_member, now)
    Member.objects.filter(pk=member.pk).update(status="merged")

    give_back("a", now)

    coupon.refresh_from_db()
    assert (coupon.status, coupon.member_id) == ("issued", other_member.pk)
    redeem(coupon, now, "b")


def test_limits_per_member_count_what_both_had_before_a_merge(
    member: Member, other_member: Member, now: datetime
) -> None:
    template = create_template(member_limit=2, member_day_limit=1)
    mine, theirs = issue_coupon(template, member.pk, at=now), issue_coupon(template, other_member.pk, at=now)
    redeem(mine, now, "a")
    merge(member, other_member, now)

    with pytest.raises(services.CannotIssue):
        issue_coupon(template, other_member.pk, at=now)
    assert refused(theirs, now, "b") == "day_limit"


def test_nobody_is_merged_into_themselves(member: Member, now: datetime) -> None:
    with pytest.raises(ValueError, match="themselves"):
        merge(member, member, now)


def test_a_template_without_a_limit_is_not_written_when_a_coupon_is_given(
    member: Member, template: Template, now: datetime
) -> None:
    """So that an order's gift or a pack of a level that everybody gets is no row that all tills wait for."""
    with CaptureQueriesContext(connection) as queries:
        issue_coupon(template, member.pk, at=now)

    texts = [query["sql"] for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert not [text for text in texts if text.startswith("UPDATE") or ("FOR NO KEY" in text and "template" in text)]
    # The member, the key, the limits held, the template, the coupon and its event.
    assert len(texts) == 6
    template.refresh_from_db()
    assert (template.issued_count, selectors.get_template(template.pk).given_count) == (0, 1)


def test_a_limit_of_coupons_that_is_set_later_counts_those_given_out(
    member: Member, template: Template, now: datetime
) -> None:
    for _ in range(2):
        issue_coupon(template, member.pk, at=now)
    template.total_limit = 1
    with pytest.raises(services.InvalidTemplate, match="2"):
        services.save_template(template=template, actor=None, at=now)

    template.total_limit = 3
    services.save_template(template=template, actor=None, at=now)
    issue_coupon(template, member.pk, at=now)

    with pytest.raises(services.CannotIssue):
        issue_coupon(template, member.pk, at=now)
    template.refresh_from_db()
    assert (template.issued_count, Coupon.objects.count()) == (3, 3)


def test_a_limit_that_was_lifted_for_a_while_counts_what_was_given_meanwhile(member: Member, now: datetime) -> None:
    template = create_template(total_limit=5)
    issue_coupon(template, member.pk, at=now)
    for limit in (None, 5):
        template.refresh_from_db()
        template.total_limit = limit
        services.save_template(template=template, actor=None, at=now)
        issue_coupon(template, member.pk, at=now)

    template.refresh_from_db()
    assert (template.issued_count, selectors.get_template(template.pk).given_count) == (3, 3)
