"""Earning, spending and adjusting points."""

from datetime import date, timedelta

import pytest
from django.db import transaction

from members.models import Member
from points import services
from points.models import Account, Entry, Lot, LotUse
from points.selectors import Balance, Expiry, get_balance, list_expiries
from tests.factories.ledgers import make_member, table_rows

TABLES = ("points_account", "points_entry", "points_lot", "points_lotuse")


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def earn(member, store, cashier, now):
    def do(points, key, **options):
        options = {"at": now, "source": "order:1", "store": store, "actor": cashier, **options}
        return services.earn(member_id=member.pk, points=points, idempotency_key=key, **options)

    return do


@pytest.fixture
def spend(member, store, cashier, now):
    def do(points, key, **options):
        options = {"at": now, "source": "order:2", "store": store, "actor": cashier, **options}
        return services.spend(member_id=member.pk, points=points, idempotency_key=key, **options)

    return do


def remaining():
    return list(Lot.objects.order_by("id").values_list("remaining", flat=True))


def test_earning_makes_an_entry_and_a_lot_that_ends_with_next_year(earn, member, store, cashier, now):
    entry = earn(127, "k1", rule={"per_yuan": "1"})

    stored = Entry.objects.get()
    assert (stored.pk, stored.recorded_at) == (entry.pk, entry.recorded_at)
    assert (stored.kind, stored.points, stored.debt, stored.balance_after, stored.debt_after) == (
        "earn",
        127,
        0,
        127,
        0,
    )
    assert (stored.computed, stored.granted, stored.rule) == (127, 127, {"per_yuan": "1"})
    assert (stored.store, stored.actor, stored.occurred_at) == (store, cashier, now)
    lot = Lot.objects.get()
    assert (lot.granted, lot.remaining, lot.available_from, lot.entry_id) == (127, 127, now, entry.pk)
    assert lot.expires_at.isoformat() == "2027-12-31T16:00:00+00:00"
    assert get_balance(member_id=member.pk, at=now) == Balance(127, 127, 0, 0, lot.expires_at, 127)


def test_earning_nothing_posts_nothing(earn, member, now):
    assert earn(0, "k1") is None
    assert not Entry.objects.exists()
    assert get_balance(member_id=member.pk, at=now) == Balance(0, 0, 0, 0, None, 0)


def test_a_capped_earn_keeps_what_the_rule_came_to(earn):
    entry = earn(100, "k1", computed=180, limited_by="order")

    assert (entry.points, entry.computed, entry.granted, entry.limited_by) == (100, 180, 100, "order")


def test_the_same_key_credits_once_and_other_content_is_refused(earn):
    first = earn(10, "k1")
    assert earn(10, "k1").pk == first.pk
    before = table_rows(*TABLES)

    with pytest.raises(services.KeyReused):
        earn(11, "k1")

    assert table_rows(*TABLES) == before


def test_spending_eats_what_ends_first_then_the_oldest_and_the_endless_last(earn, spend, now):
    earn(10, "endless", expires_at=None)
    earn(10, "late", expires_at=now + timedelta(days=9))
    earn(10, "soon", expires_at=now + timedelta(days=2))
    earn(10, "soon-older", expires_at=now + timedelta(days=2), at=now - timedelta(days=1))

    entry = spend(25, "s1")

    assert (entry.points, entry.balance_after) == (-25, 15)
    assert remaining() == [10, 5, 0, 0]
    assert list(LotUse.objects.order_by("id").values_list("points", flat=True)) == [-10, -10, -5]


def test_pending_and_expired_points_cannot_be_spent(earn, spend, member, now):
    earn(10, "pending", available_from=now + timedelta(days=7))
    earn(20, "gone", at=now - timedelta(days=9), expires_at=now)
    earn(30, "usable", expires_at=now + timedelta(microseconds=1))
    before = table_rows(*TABLES)

    with pytest.raises(services.InsufficientPoints, match="30"):
        spend(31, "s1")

    assert table_rows(*TABLES) == before
    assert get_balance(member_id=member.pk, at=now) == Balance(60, 30, 0, 10, now + timedelta(microseconds=1), 30)
    spend(30, "s2")
    assert remaining() == [10, 20, 0]


@pytest.mark.parametrize("status", ["frozen", "closed", "merged"])
def test_a_member_who_is_not_active_cannot_spend(earn, spend, member, status):
    earn(10, "k1")
    Member.objects.update(status=status)

    with pytest.raises(services.MemberNotActive):
        spend(10, "s1")

    assert remaining() == [10]


def test_spending_is_blocked_by_debt_and_earning_repays_it_first(earn, spend, member, store, cashier, now):
    earn(50, "e1")
    spend(50, "s1")
    claw = services.claw_back(
        idempotency_key_of_original="e1", points=30, idempotency_key="c1", at=now, store=store, actor=cashier
    )
    assert (claw.points, claw.debt, claw.debt_after) == (0, 30, 30)
    with pytest.raises(services.BlockedByDebt):
        spend(1, "s2")

    first = earn(10, "e2")
    second = earn(45, "e3")

    assert (first.points, first.debt, first.granted, first.debt_after) == (0, -10, 10, 20)
    assert (second.points, second.debt, second.granted, second.balance_after) == (25, -20, 45, 25)
    assert Account.objects.get().debt == 0
    assert remaining() == [0, 25]


def test_an_adjustment_by_hand_needs_a_reason_and_leaves_an_audit_row(earn, member, store, cashier, now):
    from audit.models import Record

    def adjust(points, key, reason="wrong scan"):
        return services.adjust(
            member_id=member.pk, points=points, reason=reason, idempotency_key=key, at=now, store=store, actor=cashier
        )

    adjust(40, "a1")
    entry = adjust(-15, "a2")

    assert (entry.kind, entry.points, entry.balance_after, entry.memo) == ("adjust", -15, 25, "wrong scan")
    assert [record.data["points"] for record in Record.objects.order_by("id")] == [40, -15]
    before = table_rows(*TABLES, "audit_record")
    with pytest.raises(ValueError, match="reason"):
        adjust(5, "a3", reason=" ")
    with pytest.raises(services.InsufficientPoints):
        adjust(-26, "a4")
    assert adjust(-15, "a2").pk == entry.pk
    assert table_rows(*TABLES, "audit_record") == before


def test_a_movement_takes_few_statements(member, store, cashier, now, django_assert_num_queries):
    common = {"member_id": member.pk, "source": "order:1", "at": now, "store": store, "actor": cashier}
    with transaction.atomic():
        with django_assert_num_queries(4):
            services.earn(points=50, idempotency_key="e1", **common)
        with django_assert_num_queries(3):
            services.earn(points=50, idempotency_key="e2", expires_at=None, **common)
        with django_assert_num_queries(4):
            services.spend(points=80, idempotency_key="s1", **common)


def test_points_are_listed_by_the_day_on_which_they_end(earn, member, now):
    earn(10, "endless", expires_at=None)
    earn(20, "end of next year")
    earn(30, "end of next year too")
    earn(5, "gone", at=now - timedelta(days=9), expires_at=now)

    assert list_expiries(member_id=member.pk, at=now) == [Expiry(date(2027, 12, 31), 50), Expiry(None, 10)]
