"""The nightly expiry: exactly once, in order, resumable; what can be spent never depends on it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from points import services
from points.models import Account, Entry, Lot
from points.selectors import get_balance
from points.services import expiry
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows

DAY = date(2026, 4, 1)
MIDNIGHT = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
RUN = MIDNIGHT + timedelta(minutes=10)
TABLES = ("points_account", "points_entry", "points_lot", "points_lotuse")


@pytest.fixture
def member(store):
    return make_member(store)


def earn(member, points, key, now, expires_at):
    return services.earn(
        member_id=member.pk,
        points=points,
        source="order:1",
        idempotency_key=key,
        at=now,
        store=None,
        actor=None,
        expires_at=expires_at,
    )


def run():
    return [{"changed": 0}, *services.expire_due(DAY, RUN)][-1]


def test_a_lot_ends_with_its_last_day_to_the_tenth_of_a_second(member, now):
    earn(member, 10, "e1", now, MIDNIGHT)

    before = get_balance(member_id=member.pk, at=MIDNIGHT - timedelta(milliseconds=100))
    after = get_balance(member_id=member.pk, at=MIDNIGHT + timedelta(milliseconds=100))

    assert (before.spendable, after.spendable) == (10, 0)


def test_several_lots_of_one_member_expire_in_the_order_of_their_end(member, store, now):
    other = make_member(store)
    earn(member, 5, "keep", now, MIDNIGHT + timedelta(microseconds=1))
    earn(member, 10, "second", now, MIDNIGHT)
    earn(member, 20, "first", now, MIDNIGHT - timedelta(days=1))
    earn(other, 7, "other", now, MIDNIGHT - timedelta(days=2))
    earn(other, 8, "never", now, None)

    assert run() == {"changed": 3, "lots": 3, "points": 37}

    entries = Entry.objects.filter(kind="expire", account_id=member.pk).order_by("id")
    assert [(entry.points, entry.balance_after) for entry in entries] == [(-20, 15), (-10, 5)]
    assert [entry.occurred_at for entry in entries] == [MIDNIGHT - timedelta(days=1), MIDNIGHT]
    assert list(Account.objects.order_by("pk").values_list("balance", flat=True)) == [5, 8]
    assert list(Lot.objects.order_by("id").values_list("remaining", "expired")) == [
        (5, 0), (0, 10), (0, 20), (0, 7), (8, 0),
    ]  # fmt: skip
    assert_ledgers_agree()


@pytest.mark.parametrize("times", [0, 1, 5])
def test_what_can_be_spent_does_not_depend_on_the_job(member, now, times):
    earn(member, 10, "gone", now, MIDNIGHT)
    earn(member, 30, "left", now, MIDNIGHT + timedelta(days=1))

    changed = [run()["changed"] for _time in range(times)]

    assert changed == [1, 0, 0, 0, 0][:times]
    assert get_balance(member_id=member.pk, at=RUN).spendable == 30
    services.spend(member_id=member.pk, points=30, source="o", idempotency_key="s", at=RUN, store=None, actor=None)
    assert_ledgers_agree()


def test_a_run_killed_halfway_is_finished_by_the_next_as_if_undisturbed(store, now, monkeypatch):
    monkeypatch.setattr(expiry, "CHUNK", 3)
    members = [make_member(store) for _number in range(4)]
    for index in range(12):
        earn(members[index % 4], index + 1, f"e{index}", now, MIDNIGHT - timedelta(hours=index))

    interrupted = services.expire_due(DAY, RUN)
    assert next(interrupted)["lots"] == 3
    interrupted.close()

    assert run()["lots"] == 9
    assert run() == {"changed": 0}
    assert Entry.objects.filter(kind="expire").count() == 12
    assert not Account.objects.exclude(balance=0).exists()
    assert_ledgers_agree()


def test_a_late_return_into_a_lot_whose_expiry_is_posted_makes_a_new_lot(member, now):
    earn(member, 10, "e1", now, MIDNIGHT)
    just_before = MIDNIGHT - timedelta(milliseconds=100)
    services.spend(
        member_id=member.pk, points=4, source="o", idempotency_key="s", at=just_before, store=None, actor=None
    )
    run()

    services.reverse(idempotency_key_of_original="s", idempotency_key="r", at=just_before, store=None, actor=None)

    assert Lot.objects.get(origin__isnull=False).remaining == 4
    assert_ledgers_agree()
    before = table_rows(*TABLES)
    assert run() == {"changed": 0}
    assert table_rows(*TABLES) == before
