"""Points are neither lost nor made by steps in an unusual order: clearing, undoing, returning, ending, merging."""

from datetime import timedelta

import pytest

from core import days
from members.models import Member
from points import services
from points.models import Account, Entry, Lot
from points.selectors.batches import Criteria
from points.services.merging import merge
from tests.conftest import make_staff
from tests.factories.ledgers import assert_ledgers_agree, make_member
from tests.factories.points import earn_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(store):
    yield make_member(store)
    assert_ledgers_agree()


@pytest.fixture
def second(store):
    return make_staff("second", "finance", store)


@pytest.fixture
def clear(finance, second, now):
    """Clear every open lot of everybody; the batch, so that it can be undone."""

    def run(at=now, kind="clear", each=None):
        batch, _outcome = services.ask_for_batch(
            kind=kind, criteria=Criteria("all"), points_each=each, reason="r", actor=finance, at=at, approver=second
        )
        return batch

    return run


@pytest.fixture
def undo(finance, now):
    return lambda batch, at=now: services.undo_batch(batch_id=batch.pk, actor=finance, at=at)


def spend(member, points, key, at):
    services.spend(member_id=member.pk, points=points, source="o", idempotency_key=key, at=at, store=None, actor=None)


def void(original, key, at):
    return services.reverse(idempotency_key_of_original=original, idempotency_key=key, at=at, store=None, actor=None)


def claw(original, points, key, at):
    return services.claw_back(
        idempotency_key_of_original=original, points=points, idempotency_key=key, at=at, store=None, actor=None
    )


def sums(member):
    account = Account.objects.get(pk=member.pk)
    return account.balance, account.debt


def test_points_of_a_voided_order_do_not_come_back_with_the_undoing_of_a_clearing(member, clear, undo, now):
    earn_order(member, "o", now, "100.00")
    earn_order(member, "other", now, "7.00")
    batch = clear()
    void("o", "v", now)
    assert sums(member) == (0, 0)

    undone = undo(batch)

    assert (undone.undone_points, sums(member)) == (7, (7, 0))


def test_what_a_partial_return_counted_as_given_back_stays_away_and_the_rest_comes_back(member, clear, undo, now):
    earn_order(member, "o", now, "100.00")
    batch = clear()
    claw("o", 40, "c", now)

    assert undo(batch).undone_points == 60
    assert Entry.objects.get(kind="restore").reverses is None
    assert sums(member) == (60, 0)
    void("o", "v", now)
    assert sums(member) == (0, 0)


def test_two_clearings_of_one_order_bring_back_together_what_was_not_returned(member, clear, undo, now):
    earn_order(member, "o", now, "100.00")
    spend(member, 50, "s", now)
    first = clear()
    void("s", "sv", now)
    second_batch = clear()
    claw("o", 60, "c", now)

    undo(first)
    undo(second_batch)

    assert sums(member) == (40, 0)


def test_a_lot_that_was_cleared_and_restored_twice_is_still_the_orders_own(member, clear, undo, now):
    earn_order(member, "o", now, "100.00")
    undo(clear())
    undo(clear())
    assert sums(member) == (100, 0)

    void("o", "v", now)

    assert sums(member) == (0, 0)


def test_restored_points_that_repaid_a_debt_are_owed_when_their_order_is_voided(member, clear, undo, now):
    earn_order(member, "first", now, "30.00")
    spend(member, 30, "s", now)
    earn_order(member, "o", now, "100.00")
    batch = clear()
    void("first", "v1", now)
    assert sums(member) == (0, 30)
    undo(batch)
    assert sums(member) == (70, 0)

    void("o", "v2", now)

    assert sums(member) == (0, 30)


def test_what_was_spent_before_the_clearing_is_owed_and_the_undoing_brings_nothing(member, clear, undo, now):
    earn_order(member, "o", now, "100.00")
    spend(member, 30, "s", now)
    batch = clear()

    void("o", "v", now)
    undo(batch)

    assert sums(member) == (0, 30)


def test_a_gift_that_was_cleared_and_restored_is_still_taken_back_when_it_is_undone(member, clear, undo, now):
    gift = clear(kind="gift", each=50)
    undo(clear())

    undone = undo(gift)

    assert (undone.undone_points, sums(member)) == (50, (0, 0))


def test_a_void_after_expiry_and_merge_takes_nothing_that_ended_and_everything_that_is_left(member, store, now):
    into = make_member(store)
    services.earn(
        member_id=member.pk, points=60, source="o", idempotency_key="short", at=now, store=None, actor=None,
        expires_at=now + timedelta(days=1),
    )  # fmt: skip
    earn_order(member, "o", now, "40.00")
    later = now + timedelta(days=3)
    merge(
        from_member_id=member.pk, into_member_id=into.pk, idempotency_key="m", at=later, store=store, actor=None,
        source="merge:1",
    )  # fmt: skip
    Member.objects.filter(pk=member.pk).update(status=Member.Status.MERGED)
    list(services.expire_due(days.local_day(later), later))
    assert sums(into) == (40, 0)

    assert (void("short", "v1", later).points, sums(into)) == (0, (40, 0))
    assert (void("o", "v2", later).points, sums(into)) == (-40, (0, 0))


def test_a_pending_lot_that_was_cleared_and_restored_comes_free_once(member, clear, undo, now):
    free = now + timedelta(days=3)
    services.earn(
        member_id=member.pk, points=60, source="o", idempotency_key="p", at=now, store=None, actor=None,
        available_from=free,
    )  # fmt: skip
    undo(clear())
    later = free + timedelta(days=1)

    list(services.release_due(days.local_day(later), later))
    list(services.release_due(days.local_day(later), later))

    assert list(Entry.objects.filter(kind="release").values_list("computed", flat=True)) == [60]
    assert not Lot.objects.filter(is_released=False).exists()
