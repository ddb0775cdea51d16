"""Reads for the till, for lists and for tags."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from core.facts import compile_rule, validate
from coupons import selectors, services
from coupons.models import Coupon
from coupons.rules import Refusal, why_not
from members.models import Member
from tests.factories.coupons import create_template, issue_coupon


def test_the_till_gets_open_coupons_soonest_end_first(member: Member, other_member: Member, now: datetime) -> None:
    short, long = create_template(valid_days=3), create_template(valid_days=9)
    later, sooner = issue_coupon(long, member.pk, at=now), issue_coupon(short, member.pk, at=now)
    void = issue_coupon(short, member.pk, at=now)
    services.void(coupon_id=void.pk, reason="x", idempotency_key="v", at=now, store=None, actor=None)
    issue_coupon(short, other_member.pk, at=now)
    issue_coupon(short, member.pk, at=now - timedelta(days=5))

    found = selectors.list_usable_terms(member_id=member.pk, at=now)

    assert [terms.coupon_id for terms in found] == [sooner.pk, later.pk]


def test_a_coupon_that_has_not_begun_is_listed_with_its_reason(member: Member, now: datetime) -> None:
    template = create_template(validity="fixed", starts_on=date(2026, 3, 23), through_on=date(2026, 3, 31))
    issue_coupon(template, member.pk, at=now)

    (terms,) = selectors.list_usable_terms(member_id=member.pk, at=now)

    refusal = why_not(terms, Decimal("500.00"), now)
    assert refusal == Refusal("not_yet")
    with translation.override("en"):
        assert selectors.explain(terms=terms, reason="not_yet").startswith("Valid from ")
        missing = selectors.explain(terms=terms, reason="threshold", missing=Decimal("12.00"))
        assert missing == "¥12.00 more needed."


@pytest.mark.parametrize(
    "reason", ["used", "void", "stopped", "expired", "nothing_eligible", "other_member", "not_best"]
)
def test_every_reason_has_words(member: Member, now: datetime, reason: str) -> None:
    issue_coupon(create_template(), member.pk, at=now)
    (terms,) = selectors.list_usable_terms(member_id=member.pk, at=now)

    assert selectors.explain(terms=terms, reason=reason).endswith(("。", "."))


def test_a_scanned_code_finds_its_coupon_in_whatever_state(member: Member, now: datetime) -> None:
    coupon = issue_coupon(create_template(), member.pk, at=now)
    services.void(coupon_id=coupon.pk, reason="x", idempotency_key="v", at=now, store=None, actor=None)

    terms = selectors.find_terms_by_code(coupon.code)

    assert terms is not None
    assert (terms.coupon_id, terms.status, terms.member_id) == (coupon.pk, "void", member.pk)
    assert selectors.get_by_code(coupon.code) == coupon
    assert selectors.list_terms(coupon_ids=[coupon.pk]) == [terms]


def test_a_code_with_a_wrong_digit_asks_no_database(member: Member, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert selectors.find_terms_by_code("12345678901234567890") is None
        with pytest.raises(Coupon.DoesNotExist):
            selectors.get_by_code("12345678901234567890")


@pytest.mark.parametrize(
    ("status", "days", "label"),
    [
        ("issued", 0, "usable"),
        ("issued", -1, "not yet valid"),
        ("issued", 30, "expired"),
        ("redeemed", 30, "used"),
        ("void", 0, "void"),
    ],
)
def test_states_for_people_follow_the_clock(member: Member, now: datetime, status: str, days: int, label: str) -> None:
    coupon = issue_coupon(create_template(), member.pk, at=now)
    coupon.status = status

    with translation.override("en"):
        assert selectors.state_of(coupon, now + timedelta(days=days)).label == label


def test_unused_coupons_are_a_fact_for_tags(member: Member, other_member: Member, now: datetime) -> None:
    template = create_template(valid_days=2)
    for _ in range(2):
        issue_coupon(template, member.pk, at=now)
    rule = {"fact": "coupons.unused_count", "op": "gte", "value": 2}
    validate(rule)

    def matching(at: datetime) -> list[Member]:
        annotations, condition = compile_rule(rule, at)
        return list(Member.objects.annotate(**annotations).filter(condition))

    assert matching(now) == [member]
    assert matching(now + timedelta(days=3)) == []
    nobody = {"fact": "coupons.unused_count", "op": "eq", "value": 0}
    annotations, condition = compile_rule(nobody, now)
    assert list(Member.objects.annotate(**annotations).filter(condition)) == [other_member]
