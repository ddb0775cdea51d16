"""What a coupon's terms say about limits and stops that others set, in the one statement that reads them."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from django.utils import translation

from coupons import services
from coupons.models import Batch, Coupon, StackCategory, StackPair, StoreLimit
from coupons.rules import Conditions, Refusal, Scope
from coupons.selectors import explain_refusal, get_stacking, list_terms, list_usable_terms
from stores.models import Store
from tests.factories.coupons import NOW, create_template, issue_coupon

pytestmark = pytest.mark.django_db


def use(coupon, member, *, at=NOW, store=None):
    return services.redeem(
        coupon_id=coupon.pk,
        member_id=member.pk,
        amount=D("10.00"),
        source="orders:1",
        idempotency_key=f"use:{coupon.pk}:{at}",
        at=at,
        store=store,
        actor=None,
    )


def reached(member, at=NOW, store=None):
    return [one.limit_reached for one in list_usable_terms(member_id=member.pk, at=at, store=store)]


def test_the_uses_of_a_day_are_counted_where_they_are_limited(member, store):
    template = create_template(member_day_limit=1)
    first, _second = issue_coupon(template, member.pk), issue_coupon(template, member.pk)
    assert reached(member) == ["", ""]

    use(first, member)

    assert reached(member) == ["day_limit"]
    assert reached(member, at=NOW + timedelta(days=1)) == [""]


def test_a_full_store_is_full_there_and_nowhere_else(member, store):
    template = create_template()
    coupon = issue_coupon(template, member.pk)
    StoreLimit.objects.create(template=template, store=store, limit=2, used_count=2)
    other = Store.objects.create(code="S9", name="Other")

    assert reached(member, store=store) == ["store_limit"]
    assert reached(member, store=other) == [""]
    assert [one.limit_reached for one in list_terms(coupon_ids=[coupon.pk], at=NOW, store=store)] == ["store_limit"]


def test_all_uses_of_a_template_can_be_over(member, store):
    template = create_template(redeem_limit=1)
    first, _second = issue_coupon(template, member.pk), issue_coupon(template, member.pk)

    use(first, member)

    assert reached(member) == ["redeem_limit"]


@pytest.mark.parametrize(("stops_use", "is_stopped"), [(True, True), (False, False)])
def test_a_paused_batch_stops_its_coupons_where_it_says_so(member, stops_use, is_stopped):
    template = create_template()
    coupon = issue_coupon(template, member.pk)
    batch = Batch.objects.create(
        template=template, name="b", status=Batch.Status.PAUSED, stops_use=stops_use, created_at=NOW
    )
    Coupon.objects.filter(pk=coupon.pk).update(batch=batch)

    assert [one.is_stopped for one in list_usable_terms(member_id=member.pk, at=NOW)] == [is_stopped]


def test_terms_carry_everything_that_the_version_promised(member):
    template = create_template(
        kind="percent_off",
        amount=None,
        factor=D("0.8800"),
        cap=D("15.00"),
        scope={"products": [3], "not_brands": [4]},
        conditions={"weekdays": [6, 7], "birthday_days": 3},
        priority=5,
        base="initial",
        stack_category=StackCategory.objects.get(code="goods"),
        order_limit=2,
    )
    issue_coupon(template, member.pk)

    [terms] = list_usable_terms(member_id=member.pk, at=NOW)

    assert (terms.kind, terms.factor, terms.cap) == ("percent_off", D("0.8800"), D("15.00"))
    assert terms.scope == Scope(products=frozenset({3}), not_brands=frozenset({4}))
    assert terms.conditions == Conditions(weekdays=frozenset({6, 7}), birthday_days=3)
    assert (terms.priority, terms.base, terms.stack_category, terms.order_limit) == (5, "initial", "goods", 2)


def test_reading_terms_takes_one_statement_however_many_coupons(member, store, django_assert_num_queries):
    for number in range(5):
        issue_coupon(create_template(name=f"t{number}", member_day_limit=number or None), member.pk)

    with django_assert_num_queries(1):
        assert len(list_usable_terms(member_id=member.pk, at=NOW, store=store)) == 5


def test_the_matrix_of_classes_is_one_statement(django_assert_num_queries):
    StackPair.objects.filter(first__code="goods", second__code="points").delete()

    with django_assert_num_queries(1):
        stacking = get_stacking(per_order=3)

    assert (stacking.per_order, stacking.classes["goods"].order_limit) == (3, 3)
    assert frozenset({"general", "goods"}) in stacking.pairs
    assert frozenset({"goods", "points"}) not in stacking.pairs


REASONS = (
    "used", "void", "stopped", "expired", "not_yet", "nothing_eligible", "saves_nothing", "other_member", "member_only",
    "member_not_active", "recharge_only", "store", "channel", "weekday", "time", "tier", "tag", "first_order",
    "birthday", "redeem_limit", "store_limit", "day_limit", "order_full", "not_together", "not_best", "tier_better",
    "threshold", "pieces",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_reason_has_words(member, language):
    conditions = {"weekdays": [6], "from_time": "10:00", "to_time": "12:00", "birthday_days": 3}
    issue_coupon(create_template(conditions=conditions), member.pk)
    [terms] = list_usable_terms(member_id=member.pk, at=NOW)

    with translation.override(language):
        said = [
            explain_refusal(terms=terms, refusal=Refusal(reason, missing=D(2), other="another")) for reason in REASONS
        ]

    assert all(said)
    assert len(set(said)) == len(REASONS)
