"""Two memberships become one, and adjustments by hand are undone."""

from datetime import timedelta

import pytest

from audit.models import Record
from members.models import Member
from points import services
from points.models import Account, Entry, Lot
from points.selectors import get_balance
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from tests.factories.points import earn_order, set_value

TABLES = ("points_account", "points_entry", "points_lot", "points_lotuse")


@pytest.fixture
def pair(store):
    yield make_member(store), make_member(store)
    assert_ledgers_agree()


@pytest.fixture
def where(now, store, cashier):
    return {"at": now, "store": store, "actor": cashier}


def earn(member, points, key, where, **options):
    return services.earn(member_id=member.pk, points=points, source="o", idempotency_key=key, **{**where, **options})


def owe(member, points, key, where):
    """Points that were used before their order came back."""
    earn(member, points, f"{key}:e", where)
    services.spend(member_id=member.pk, points=points, source="o", idempotency_key=f"{key}:s", **where)
    services.reverse(idempotency_key_of_original=f"{key}:e", idempotency_key=f"{key}:r", **where)


def merge(gone, stays, where, key="merge:1"):
    return services.merge(
        from_member_id=gone.pk, into_member_id=stays.pk, idempotency_key=key, source="merge:1", **where
    )


def sums(*members):
    return [
        (account.balance, account.debt)
        for member in members
        if (account := Account.objects.filter(pk=member.pk).first() or Account())
    ]


def test_lots_move_with_their_expiry_and_say_where_they_come_from(pair, where, now):
    gone, stays = pair
    set_value("points.pending_until_return", True)
    earn(gone, 30, "a", where, expires_at=now + timedelta(days=5))
    earn_order(gone, "b", now, "20.00")
    earn(stays, 7, "c", where)
    before = {(lot.granted, lot.available_from, lot.expires_at) for lot in Lot.objects.filter(account_id=gone.pk)}

    merge(gone, stays, where)

    moved = Lot.objects.filter(account_id=stays.pk, origin__isnull=False)
    assert {(lot.remaining, lot.available_from, lot.expires_at) for lot in moved} == before
    assert {lot.origin.account_id for lot in moved} == {gone.pk}
    assert [lot.is_released for lot in moved.order_by("available_from")] == [True, False]
    assert sums(gone, stays) == [(0, 0), (57, 0)]


@pytest.mark.parametrize(
    ("gone_has", "stays_has", "after"),
    [
        ((50, 0), (0, 20), (30, 0)),
        ((0, 20), (50, 0), (30, 0)),
        ((0, 60), (50, 0), (0, 10)),
        ((10, 0), (0, 60), (0, 50)),
        ((0, 5), (0, 7), (0, 12)),
        ((0, 0), (0, 0), (0, 0)),
    ],
)
def test_a_merge_of_two_members_nets_the_debt_of_one_with_the_credit_of_the_other(
    pair, where, gone_has, stays_has, after
):
    for name, member, (credit, debt) in zip("gs", pair, (gone_has, stays_has), strict=True):
        if debt:
            owe(member, debt, f"{name}d", where)
        if credit:
            earn(member, credit, f"{name}c", where)

    merged = merge(*pair, where)

    assert sums(*pair) == [(0, 0), after]
    assert merged.arrived.granted == -merged.left.granted


def test_what_has_ended_already_moves_but_repays_nothing(pair, where, now):
    gone, stays = pair
    earn(gone, 30, "a", where, expires_at=now + timedelta(days=1))
    owe(stays, 10, "b", where)
    later = {**where, "at": now + timedelta(days=2)}

    merge(gone, stays, later)

    assert sums(stays) == [(30, 10)]
    list(services.expire_due(later["at"].date(), later["at"]))
    assert sums(stays) == [(0, 10)]


def test_the_same_merge_twice_is_one(pair, where):
    gone, stays = pair
    earn(gone, 30, "a", where)
    first = merge(gone, stays, where)
    before = table_rows(*TABLES)

    again = merge(gone, stays, where)

    assert (again.left.pk, again.arrived.pk) == (first.left.pk, first.arrived.pk)
    assert table_rows(*TABLES) == before
    with pytest.raises(ValueError, match="themselves"):
        merge(stays, stays, where, "merge:2")


def test_returns_of_orders_of_before_find_the_points_where_they_are_now(store, pair, where, now):
    gone, stays = pair
    third = make_member(store)
    earn(gone, 40, "old", where, expires_at=None)
    services.spend(member_id=gone.pk, points=40, source="o", idempotency_key="s", **where)
    earn_order(gone, "o", now, "30.00")
    merge(gone, stays, where)
    Member.objects.filter(pk=gone.pk).update(status="merged")
    merge(stays, third, where, "merge:2")
    Member.objects.filter(pk=stays.pk).update(status="merged")

    back = services.reverse(idempotency_key_of_original="s", idempotency_key="r", **where)
    taken = services.claw_back_for_return(
        idempotency_key_of_original="o", remaining_bases=(), idempotency_key="c", **where
    )

    assert (back.account_id, back.points, taken.entry.account_id, taken.entry.points) == (third.pk, 40, third.pk, -30)
    assert sums(gone, stays, third) == [(0, 0), (0, 0), (40, 0)]
    assert get_balance(member_id=third.pk, at=now).spendable == 40


def undo(entry, key, where):
    return services.undo_adjustment(entry_id=entry.pk, reason="typed wrong", idempotency_key=key, **where)


def adjust(member, points, key, where):
    return services.adjust(member_id=member.pk, points=points, reason="count", idempotency_key=key, **where)


def test_points_taken_by_hand_go_back_to_their_lots(pair, where, now):
    member = pair[0]
    earn(member, 30, "a", where, expires_at=now + timedelta(days=5))
    earn(member, 30, "b", where)
    before = list(Lot.objects.order_by("pk").values_list("pk", "remaining"))
    taken = adjust(member, -40, "m", where)

    entry = undo(taken, "u", where)

    assert (entry.kind, entry.points, entry.reverses_id) == ("adjust", 40, taken.pk)
    assert list(Lot.objects.order_by("pk").values_list("pk", "remaining")) == before
    record = Record.objects.get(action="points.adjustment_undone")
    assert (record.reason, record.actor) == ("typed wrong", where["actor"])


def test_points_given_by_hand_are_taken_back_and_what_repaid_a_debt_is_owed_again(pair, where):
    member = pair[0]
    owe(member, 30, "d", where)
    given = adjust(member, 100, "m", where)
    assert sums(member) == [(70, 0)]

    entry = undo(given, "u", where)

    assert (entry.points, entry.debt, entry.computed, sums(member)) == (-70, 30, -100, [(0, 30)])


def test_an_undoing_never_takes_what_the_member_has_spent(pair, where):
    member = pair[0]
    given = adjust(member, 100, "m", where)
    services.spend(member_id=member.pk, points=60, source="o", idempotency_key="s", **where)
    before = table_rows(*TABLES, "audit_record")

    with pytest.raises(services.InsufficientPoints, match="60"):
        undo(given, "u", where)

    assert table_rows(*TABLES, "audit_record") == before


def test_an_adjustment_is_undone_once_and_nothing_else_is_undone_this_way(pair, where):
    member = pair[0]
    given = adjust(member, 100, "m", where)
    earned = earn(member, 5, "e", where)
    first = undo(given, "u", where)
    assert undo(given, "u", where).pk == first.pk
    before = table_rows(*TABLES)

    for entry, error in (
        (given, services.NotReversible),
        (first, services.NotReversible),
        (earned, services.NotReversible),
        (Entry(pk=0), services.UnknownEntry),
    ):
        with pytest.raises(error):
            undo(entry, "another", where)

    assert table_rows(*TABLES) == before
