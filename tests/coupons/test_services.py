"""Giving out, using up, giving back and voiding coupons."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Record
from coupons import selectors, services
from coupons.models import Coupon, Event, Template
from coupons.rules import is_code
from members.models import Member
from stores.models import Staff, Store
from tests.factories.coupons import create_template, issue_coupon


def redeem(coupon: Coupon, member_id: int | None, at: datetime, *, key: str = "sale:1", amount: str = "10.00") -> Event:
    return services.redeem(
        coupon_id=coupon.pk,
        member_id=member_id,
        amount=Decimal(amount),
        source="orders:1",
        idempotency_key=key,
        at=at,
        store=None,
        actor=None,
    )


def give_back(at: datetime, *, of: str = "sale:1", key: str = "refund:1") -> Event:
    return services.return_redeemed(idempotency_key_of_redeem=of, idempotency_key=key, at=at, store=None, actor=None)


def trail() -> list[tuple[str, Decimal]]:
    return list(Event.objects.order_by("pk").values_list("kind", "amount"))


def test_an_issued_coupon_keeps_its_terms_and_a_checked_code(member: Member, template: Template, now: datetime) -> None:
    coupon = issue_coupon(template, member.pk, at=now)

    assert is_code(coupon.code)
    assert coupon.terms_version.terms == {
        "name": "满100减10", "description": "", "kind": "amount_off", "amount": "10.00", "factor": None, "cap": None,
        "price": None, "pieces": None, "buy_pieces": None, "multiple": None, "uses": 1, "threshold": "100.00",
        "scope": {}, "conditions": {}, "stack_category": "general", "priority": 0, "base": "remaining",
        "stacks_with_tier": True, "stacks_with_points": True, "validity": "days", "starts_on": None,
        "through_on": None, "valid_days": 30, "starts_next_day": False, "order_limit": 1, "member_day_limit": None,
        "returns_on_refund": True, "return_grace_days": None, "threshold_break": "keep", "version": 1,
    }  # fmt: skip
    assert coupon.valid_from == now
    assert coupon.valid_until == datetime(2026, 4, 16, 16, 0, tzinfo=UTC)
    assert selectors.get_template(template.pk).given_count == 1
    assert trail() == [("issued", Decimal("0.00"))]


def test_issuing_twice_with_one_key_gives_one_coupon(member: Member, template: Template, now: datetime) -> None:
    first = issue_coupon(template, member.pk, at=now, key="gift:1")
    second = issue_coupon(template, member.pk, at=now, key="gift:1")

    assert first == second
    assert Coupon.objects.count() == 1
    assert selectors.get_template(template.pk).given_count == 1


def test_a_coupon_may_start_the_day_after_receipt(member: Member, now: datetime) -> None:
    coupon = issue_coupon(create_template(valid_days=1, starts_next_day=True), member.pk, at=now)

    assert coupon.valid_from == datetime(2026, 3, 18, 16, 0, tzinfo=UTC)
    assert coupon.valid_until == datetime(2026, 3, 19, 16, 0, tzinfo=UTC)


def test_one_day_from_today_ends_at_local_midnight(member: Member, now: datetime) -> None:
    coupon = issue_coupon(create_template(valid_days=1), member.pk, at=now)

    assert (coupon.valid_from, coupon.valid_until) == (now, datetime(2026, 3, 18, 16, 0, tzinfo=UTC))


def test_fixed_dates_cover_their_last_day_wholly(member: Member, now: datetime) -> None:
    template = create_template(validity="fixed", starts_on=date(2026, 3, 20), through_on=date(2026, 3, 31))

    coupon = issue_coupon(template, member.pk, at=now)

    assert coupon.valid_from == datetime(2026, 3, 19, 16, 0, tzinfo=UTC)
    assert coupon.valid_until == datetime(2026, 3, 31, 16, 0, tzinfo=UTC)


def test_fixed_dates_that_are_over_are_not_given_out(member: Member, now: datetime) -> None:
    template = create_template(validity="fixed", starts_on=date(2026, 3, 1), through_on=date(2026, 3, 17))

    with pytest.raises(services.CannotIssue):
        issue_coupon(template, member.pk, at=now)

    assert not Coupon.objects.exists()


@pytest.mark.parametrize("status", ["draft", "paused", "retired"])
def test_only_an_active_template_is_given_out(member: Member, now: datetime, status: str) -> None:
    template = create_template(is_active=status == "paused")
    if status != "draft":
        services.set_template_status(template_id=template.pk, status=status, actor=None, at=now)

    with pytest.raises(services.CannotIssue):
        issue_coupon(template, member.pk, at=now)

    assert not Coupon.objects.exists()
    assert not Event.objects.exists()


def test_the_total_limit_holds(member: Member, other_member: Member, now: datetime) -> None:
    template = create_template(total_limit=1)
    issue_coupon(template, member.pk, at=now)

    with pytest.raises(services.CannotIssue):
        issue_coupon(template, other_member.pk, at=now)

    template.refresh_from_db()
    assert template.issued_count == 1
    assert Coupon.objects.count() == 1


def test_the_limit_per_member_holds_and_void_coupons_do_not_count(
    member: Member, other_member: Member, now: datetime
) -> None:
    template = create_template(member_limit=1)
    coupon = issue_coupon(template, member.pk, at=now)
    with pytest.raises(services.CannotIssue):
        issue_coupon(template, member.pk, at=now)
    issue_coupon(template, other_member.pk, at=now)
    services.void(coupon_id=coupon.pk, reason="by mistake", idempotency_key="void:1", at=now, store=None, actor=None)

    issue_coupon(template, member.pk, at=now)

    assert Coupon.objects.count() == 3


@pytest.mark.parametrize("status", ["closed", "merged"])
def test_a_member_who_is_gone_gets_no_coupon(member: Member, template: Template, now: datetime, status: str) -> None:
    Member.objects.filter(pk=member.pk).update(status=status)

    with pytest.raises(services.CannotIssue):
        issue_coupon(template, member.pk, at=now)

    assert not Coupon.objects.exists()


def test_a_coupon_is_used_once(member: Member, template: Template, now: datetime) -> None:
    coupon = issue_coupon(template, member.pk, at=now)
    redeem(coupon, member.pk, now)

    with pytest.raises(services.CouponNotUsable) as refused:
        redeem(coupon, member.pk, now, key="sale:2")

    assert refused.value.refusal.reason == "used"
    assert trail() == [("issued", Decimal("0.00")), ("redeemed", Decimal("10.00"))]


def test_the_same_sale_twice_uses_the_coupon_once(member: Member, template: Template, now: datetime) -> None:
    coupon = issue_coupon(template, member.pk, at=now)

    assert redeem(coupon, member.pk, now) == redeem(coupon, member.pk, now)
    assert len(trail()) == 2


def test_a_coupon_of_somebody_else_is_refused(
    member: Member, other_member: Member, template: Template, now: datetime
) -> None:
    coupon = issue_coupon(template, member.pk, at=now)

    for stranger in (other_member.pk, None):
        with pytest.raises(services.CouponNotUsable) as refused:
            redeem(coupon, stranger, now)
        assert refused.value.refusal.reason == "other_member"

    coupon.refresh_from_db()
    assert (coupon.status, coupon.member_id) == ("issued", member.pk)
    assert len(trail()) == 1


def test_validity_is_half_open(member: Member, now: datetime) -> None:
    template = create_template(validity="fixed", starts_on=date(2026, 3, 20), through_on=date(2026, 3, 20))
    coupon = issue_coupon(template, member.pk, at=now)
    begins, ends = coupon.valid_from, coupon.valid_until

    for at, reason in ((begins - timedelta(microseconds=1), "not_yet"), (ends, "expired")):
        with pytest.raises(services.CouponNotUsable) as refused:
            redeem(coupon, member.pk, at)
        assert refused.value.refusal.reason == reason
    assert len(trail()) == 1
    redeem(coupon, member.pk, begins)
    give_back(begins)

    redeem(coupon, member.pk, ends - timedelta(microseconds=1), key="sale:2")

    assert len(trail()) == 4


@pytest.mark.parametrize("status", ["paused", "retired"])
def test_a_stopped_template_stops_use_only_if_it_says_so(member: Member, now: datetime, status: str) -> None:
    stays = create_template()
    stops = create_template(is_usable_while_stopped=False)
    kept, stopped = issue_coupon(stays, member.pk, at=now), issue_coupon(stops, member.pk, at=now)
    for template in (stays, stops):
        services.set_template_status(template_id=template.pk, status=status, actor=None, at=now)

    with pytest.raises(services.CouponNotUsable) as refused:
        redeem(stopped, member.pk, now)
    redeem(kept, member.pk, now, key="sale:2")

    assert refused.value.refusal.reason == "stopped"
    stopped.refresh_from_db()
    assert stopped.status == "issued"


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "10.01"])
def test_a_discount_the_coupon_does_not_give_is_a_mistake_of_the_caller(
    member: Member, template: Template, now: datetime, amount: str
) -> None:
    coupon = issue_coupon(template, member.pk, at=now)

    with pytest.raises(ValueError, match="not a discount"):
        redeem(coupon, member.pk, now, amount=amount)

    assert len(trail()) == 1


def test_editing_a_template_leaves_issued_coupons_as_they_were(
    member: Member, template: Template, now: datetime
) -> None:
    coupon = issue_coupon(template, member.pk, at=now)
    template.refresh_from_db()
    template.amount, template.name = Decimal("20"), "满100减20"

    services.save_template(template=template, actor=None, at=now)
    later = issue_coupon(template, member.pk, at=now)

    terms = {terms.coupon_id: terms for terms in selectors.list_usable_terms(member_id=member.pk, at=now)}
    assert (terms[coupon.pk].amount, terms[coupon.pk].version) == (Decimal("10.00"), 1)
    assert (terms[later.pk].amount, terms[later.pk].version, terms[later.pk].name) == (Decimal("20.00"), 2, "满100减20")
    template.refresh_from_db()
    assert (template.version, template.status) == (2, "active")
    assert selectors.get_template(template.pk).given_count == 2


def test_saving_the_same_terms_keeps_the_version(template: Template, now: datetime) -> None:
    template.total_limit = 5
    template.amount = Decimal("10")

    services.save_template(template=template, actor=None, at=now)

    template.refresh_from_db()
    assert (template.version, template.total_limit) == (1, 5)


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": Decimal("0.00")},
        {"threshold": Decimal("-0.01")},
        {"valid_days": 0},
        {"validity": "fixed"},
        {"validity": "fixed", "starts_on": date(2026, 3, 2), "through_on": date(2026, 3, 1)},
    ],
)
def test_terms_that_do_not_fit_together_are_refused(db: None, terms: dict[str, Any]) -> None:
    with pytest.raises(services.InvalidTemplate):
        create_template(**terms)

    assert not Template.objects.exists()


def test_a_limit_below_what_was_issued_is_refused(member: Member, template: Template, now: datetime) -> None:
    issue_coupon(template, member.pk, at=now)
    issue_coupon(template, member.pk, at=now)
    template.total_limit = 1

    with pytest.raises(services.InvalidTemplate):
        services.save_template(template=template, actor=None, at=now)

    template.refresh_from_db()
    assert template.total_limit is None


def test_a_retired_template_stays_retired(template: Template, now: datetime) -> None:
    services.set_template_status(template_id=template.pk, status="retired", actor=None, at=now)

    with pytest.raises(services.InvalidTemplate):
        services.set_template_status(template_id=template.pk, status="active", actor=None, at=now)
    with pytest.raises(services.InvalidTemplate):
        services.save_template(template=template, actor=None, at=now)

    template.refresh_from_db()
    assert template.status == "retired"


def test_a_returned_coupon_has_its_old_validity(member: Member, template: Template, now: datetime) -> None:
    coupon = issue_coupon(template, member.pk, at=now)
    redeem(coupon, member.pk, now)

    give_back(now + timedelta(days=5))

    before = coupon.valid_until
    coupon.refresh_from_db()
    assert (coupon.status, coupon.valid_until) == ("issued", before)
    assert [kind for kind, _amount in trail()] == ["issued", "redeemed", "returned"]
    assert sum(amount for _kind, amount in trail()) == Decimal("0.00")


def test_a_coupon_returned_after_its_end_has_days_of_grace(member: Member, template: Template, now: datetime) -> None:
    coupon = issue_coupon(template, member.pk, at=now)
    redeem(coupon, member.pk, now)

    give_back(coupon.valid_until)

    coupon.refresh_from_db()
    assert coupon.valid_until == datetime(2026, 4, 20, 16, 0, tzinfo=UTC)
    redeem(coupon, member.pk, coupon.valid_until - timedelta(microseconds=1), key="sale:2")


def test_without_grace_a_returned_coupon_stays_expired(
    member: Member, template: Template, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coupons.services.using.settings.value", lambda code, at: 0)
    coupon = issue_coupon(template, member.pk, at=now)
    redeem(coupon, member.pk, now)
    end = coupon.valid_until

    give_back(end)

    coupon.refresh_from_db()
    assert (coupon.status, coupon.valid_until) == ("issued", end)
    assert selectors.list_usable_terms(member_id=member.pk, at=end) == []


def test_a_coupon_is_given_back_once(member: Member, template: Template, now: datetime) -> None:
    redeem(issue_coupon(template, member.pk, at=now), member.pk, now)
    first = give_back(now)

    assert give_back(now) == first
    with pytest.raises(services.CannotReturn):
        give_back(now, key="refund:2")

    assert len(trail()) == 3


def test_an_unknown_use_cannot_be_given_back(db: None, now: datetime) -> None:
    with pytest.raises(services.CannotReturn):
        give_back(now, of="sale:99")


def test_a_bearer_coupon_is_bound_to_the_member_who_used_it(
    member: Member, other_member: Member, template: Template, now: datetime
) -> None:
    coupon = issue_coupon(template, None, at=now)
    redeem(coupon, member.pk, now)
    give_back(now)

    with pytest.raises(services.CouponNotUsable):
        redeem(coupon, other_member.pk, now, key="sale:2")

    coupon.refresh_from_db()
    assert (coupon.member_id, coupon.status) == (member.pk, "issued")


def test_a_walk_in_may_use_a_bearer_coupon(template: Template, now: datetime) -> None:
    coupon = issue_coupon(template, None, at=now)

    redeem(coupon, None, now)

    coupon.refresh_from_db()
    assert (coupon.status, coupon.member_id) == ("redeemed", None)


def test_a_used_coupon_is_never_voided(member: Member, template: Template, manager: Staff, now: datetime) -> None:
    coupon = issue_coupon(template, member.pk, at=now)
    redeem(coupon, member.pk, now)

    with pytest.raises(services.CannotVoid):
        services.void(coupon_id=coupon.pk, reason="x", idempotency_key="void:1", at=now, store=None, actor=manager)

    coupon.refresh_from_db()
    assert coupon.status == "redeemed"
    assert not Record.objects.filter(action="coupon.voided").exists()


def test_voiding_is_recorded_with_its_reason(
    member: Member, template: Template, manager: Staff, store: Store, now: datetime
) -> None:
    coupon = issue_coupon(template, member.pk, at=now)

    services.void(
        coupon_id=coupon.pk, reason="Wrong member", idempotency_key="void:1", at=now, store=store, actor=manager
    )

    row = Record.objects.get(action="coupon.voided")
    assert (row.subject, row.reason, row.actor, row.store) == (f"coupon:{coupon.pk}", "Wrong member", manager, store)
    with pytest.raises(services.CouponNotUsable) as refused:
        redeem(coupon, member.pk, now)
    assert refused.value.refusal.reason == "void"


def test_giving_by_hand_leaves_an_audit_row(
    member: Member, template: Template, manager: Staff, store: Store, now: datetime
) -> None:
    coupon = services.issue_by_hand(
        template_id=template.pk,
        member_id=member.pk,
        reason="Late delivery",
        idempotency_key="hand:1",
        at=now,
        store=store,
        actor=manager,
    )

    row = Record.objects.get(action="coupon.issued")
    assert (row.subject, row.reason, row.data["coupon"]) == (f"member:{member.pk}", "Late delivery", coupon.pk)


def statements(captured: Any) -> list[str]:
    """Without the savepoints, which the outer use case's transaction makes of nested ones."""
    return [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]


def test_using_a_coupon_takes_four_statements(
    member: Member, template: Template, now: datetime, django_assert_max_num_queries: Any
) -> None:
    coupon = issue_coupon(template, member.pk, at=now)

    with django_assert_max_num_queries(6) as captured:
        redeem(coupon, member.pk, now)

    assert len(statements(captured)) == 4


def test_usable_coupons_are_read_in_one_statement(
    member: Member, template: Template, now: datetime, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        issue_coupon(template, member.pk, at=now)

    with django_assert_num_queries(1):
        found = selectors.list_usable_terms(member_id=member.pk, at=now)

    assert len(found) == 5
