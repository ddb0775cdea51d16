"""Points of many members at once: given, cleared, stopped in the middle, undone (R-P15)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from approvals.models import Request
from approvals.services import approve as approve_request
from approvals.services import refuse
from audit.models import Record
from jobs.models import Outbox
from members.models import Member
from points import proofs, services
from points.models import Batch, Entry, Lot
from points.selectors.batches import Criteria, preview_batch
from points.services import batches
from tags.models import MemberTag, Tag
from tests.conftest import make_staff
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows

pytestmark = pytest.mark.django_db

EVERYBODY = Criteria("all")
VALUE = ("points_entry", "points_lot", "points_lotuse", "points_account")


def approve(*, request_id, actor, at):
    seen = Request.objects.get(pk=request_id).fingerprint
    return approve_request(request_id=request_id, actor=actor, at=at, seen=seen)


@pytest.fixture
def members(store):
    return [make_member(store) for _number in range(5)]


@pytest.fixture
def second(store):
    return make_staff("second", "finance", store)


@pytest.fixture
def ask(finance, now):
    def build(kind, criteria=EVERYBODY, each=None, approver=None, at=now):
        return services.ask_for_batch(
            kind=kind, criteria=criteria, points_each=each, reason="spring", actor=finance, at=at, approver=approver
        )

    return build


def test_a_gift_reaches_everybody_who_is_open_and_repays_debts_first(
    ask, members, second, give, now, balance_of, store
):
    closed = make_member(store, status=Member.Status.CLOSED)
    debtor = members[0]
    give(debtor, 100)
    services.spend(member_id=debtor.pk, points=100, source="o", idempotency_key="s", at=now, store=store, actor=None)
    services.claw_back(
        idempotency_key_of_original=Entry.objects.get(kind="earn").idempotency_key,
        points=30,
        idempotency_key="c",
        at=now,
        store=store,
        actor=None,
    )

    batch, outcome = ask("gift", each=50, approver=second)

    assert outcome.is_done
    assert (batch.status, batch.done_members, batch.done_points) == ("done", 5, 250)
    assert [balance_of(member) for member in [*members, closed]] == [20, 50, 50, 50, 50, 0]
    entry = Entry.objects.get(kind="gift", account_id=debtor.pk)
    assert (entry.points, entry.debt, entry.debt_after, entry.memo) == (20, -30, 0, "spring")
    assert entry.idempotency_key == f"points-batch:{batch.pk}:member:{debtor.pk}"
    assert_ledgers_agree()


def test_clearing_takes_every_open_lot_with_an_entry_per_lot(ask, members, second, give, now, balance_of):
    for member in members[:2]:
        give(member, 100, expires_at=now + timedelta(days=10))
        give(member, 40, expires_at=None)
        give(member, 5, available_from=now + timedelta(days=7))
    ended = give(members[2], 9, expires_at=now + timedelta(seconds=1))

    batch, _outcome = ask("clear", approver=second, at=now + timedelta(minutes=1))

    assert (batch.done_members, batch.done_points) == (2, 290)
    entries = Entry.objects.filter(kind="clear", account_id=members[0].pk).order_by("id")
    lots = list(Lot.objects.filter(account_id=members[0].pk).order_by("expires_at", "id"))
    assert [entry.balance_after for entry in entries] == [45, 40, 0]
    assert {entry.idempotency_key for entry in entries} == {f"points-batch:{batch.pk}:{lot.pk}" for lot in lots}
    assert [balance_of(member) for member in members] == [0, 0, 9, 0, 0]
    assert Lot.objects.get(entry=ended).remaining == 9
    assert_ledgers_agree()


@pytest.mark.parametrize(
    ("lots", "day", "left"),
    [("ending", date(2026, 3, 31), 40), ("ending", date(2026, 3, 30), 140), ("given", date(2026, 3, 18), 100)],
)
def test_clearing_takes_only_the_lots_that_were_chosen(ask, members, second, give, now, balance_of, lots, day, left):
    give(members[0], 100, expires_at=datetime(2026, 3, 31, 16, 0, tzinfo=UTC))
    give(members[0], 40, at=now - timedelta(days=1), expires_at=None)

    criteria = Criteria("all", lots=lots, day=day)
    if left == 140:
        with pytest.raises(services.NothingToMove):
            ask("clear", criteria, approver=second)
    else:
        ask("clear", criteria, approver=second)

    assert balance_of(members[0]) == left


def test_a_tag_and_a_list_of_members_limit_a_batch(ask, members, second, now, balance_of):
    tag = Tag.objects.create(name="regulars")
    for member, since in ((members[0], now), (members[1], now + timedelta(hours=1))):
        MemberTag.objects.create(member=member, tag=tag, source="manual", since=since)

    ask("gift", Criteria("tag", tag_id=tag.pk), each=10, approver=second)
    ask("gift", Criteria("members", member_ids=(members[2].pk, members[3].pk)), each=7, approver=second)

    assert [balance_of(member) for member in members] == [10, 0, 7, 7, 0]


def test_the_preview_counts_what_then_happens(ask, members, second, give, now):
    for number, member in enumerate(members):
        give(member, 100 * (number + 1))

    found = preview_batch(kind="clear", criteria=EVERYBODY, points_each=None, cutoff_at=now, at=now)
    batch, _outcome = ask("clear", approver=second)

    assert (found.members, found.points, str(found.worth)) == (5, 1500, "15.00")
    assert [(row.member.pk, row.points) for row in found.sample] == [
        (member.pk, 100 * (number + 1)) for number, member in enumerate(members)
    ]
    assert (batch.members, batch.points, batch.done_members, batch.done_points) == (5, 1500, 5, 1500)


def test_nothing_moves_before_a_second_person_agrees(ask, members, second, give, now, balance_of):
    give(members[0], 100)
    before = table_rows(*VALUE)

    batch, outcome = ask("clear")

    assert not outcome.is_done
    assert batch.status == "waiting"
    assert table_rows(*VALUE) == before
    give(members[1], 70, at=now + timedelta(minutes=1))
    approve(request_id=outcome.request.pk, actor=second, at=now + timedelta(minutes=2))
    # What came after the question is left alone.
    assert [balance_of(member) for member in members[:2]] == [0, 70]
    record = Record.objects.get(action="points_batch.started")
    assert (record.actor.username, record.approver.username, record.data["points"]) == ("finance", "second", 100)
    assert_ledgers_agree()


def test_a_refused_request_leaves_a_batch_that_never_runs(ask, members, second, give, now):
    give(members[0], 100)
    batch, outcome = ask("clear")

    refuse(request_id=outcome.request.pk, actor=second, at=now, note="not now")

    batch.refresh_from_db()
    assert batch.status == "refused"
    with pytest.raises(services.BatchStateChanged):
        services.start_batch(batch_id=batch.pk, actor=second, at=now)
    assert not Entry.objects.filter(kind="clear").exists()


def test_fewer_points_than_asked_are_cleared_without_asking_again_and_more_are_asked_again(
    ask, members, second, give, now, store, balance_of
):
    give(members[0], 100)
    _batch, outcome = ask("clear")
    services.spend(member_id=members[0].pk, points=30, source="o", idempotency_key="s", at=now, store=store, actor=None)
    services.return_spent(
        idempotency_key_of_original="s", points=10, idempotency_key="r", at=now, store=store, actor=None
    )

    assert approve(request_id=outcome.request.pk, actor=second, at=now).is_done
    assert Batch.objects.get().done_points == 80

    give(members[0], 100)
    services.spend(
        member_id=members[0].pk, points=60, source="o", idempotency_key="s2", at=now, store=store, actor=None
    )
    _batch, outcome = ask("clear")
    services.reverse(idempotency_key_of_original="s2", idempotency_key="r2", at=now, store=store, actor=None)
    asked_again = approve(request_id=outcome.request.pk, actor=second, at=now)
    assert (asked_again.is_done, asked_again.is_changed) == (False, True)
    assert Request.objects.get(pk=outcome.request.pk).figures == {"members": "1", "points": "100"}
    assert balance_of(members[0]) == 100


def test_nobody_to_move_is_refused_and_keeps_nothing(ask, members):
    with pytest.raises(services.NothingToMove):
        ask("clear")

    assert not Batch.objects.exists()
    assert not Request.objects.exists()


def test_a_batch_that_is_killed_between_chunks_goes_on_to_the_same_result(
    ask, members, second, give, now, monkeypatch, balance_of
):
    monkeypatch.setattr(batches, "CHUNK", 2)
    for member in members:
        give(member, 100)

    batch, _outcome = ask("clear", approver=second)

    # The first chunk is done in the request; the rest waits in the outbox, where a dead worker leaves it.
    assert (batch.status, batch.done_members, batch.cursor) == ("running", 2, members[1].pk)
    assert Outbox.objects.get(task="points.work_batch").arguments == {"batch_id": batch.pk}
    assert services.advance_batch(batch_id=batch.pk, at=now)
    services.work_batch(batch_id=batch.pk, at=now + timedelta(hours=3))
    services.work_batch(batch_id=batch.pk, at=now + timedelta(hours=4))
    batch.refresh_from_db()
    assert (batch.status, batch.done_members, batch.done_points) == ("done", 5, 500)
    assert Entry.objects.filter(kind="clear").count() == 5
    assert [balance_of(member) for member in members] == [0] * 5
    assert_ledgers_agree()


def test_undoing_a_clearing_makes_lots_with_the_old_expiry_and_what_ended_stays_ended(
    ask, members, second, give, now, balance_of, finance
):
    soon, late = now + timedelta(days=2), now + timedelta(days=30)
    give(members[0], 100, expires_at=soon)
    give(members[0], 40, expires_at=late)
    give(members[0], 5, expires_at=None, available_from=now + timedelta(days=9))
    batch, _outcome = ask("clear", approver=second)

    undone = services.undo_batch(batch_id=batch.pk, actor=finance, at=now + timedelta(days=7))

    assert (undone.status, undone.undone_members, undone.undone_points) == ("undone", 1, 45)
    assert balance_of(members[0]) == 45
    lots = Lot.objects.filter(remaining__gt=0).order_by("expires_at")
    assert [(lot.remaining, lot.expires_at, lot.available_from) for lot in lots] == [
        (40, late, now),
        (5, None, now + timedelta(days=9)),
    ]
    assert all(lot.origin.entry.kind == "earn" for lot in lots)
    assert {entry.reverses.kind for entry in Entry.objects.filter(kind="restore")} == {"clear"}
    assert_ledgers_agree()


def test_points_given_back_repay_what_is_owed_first(ask, members, second, give, now, balance_of, finance, store):
    member = members[0]
    earned = give(member, 100)
    give(member, 40, expires_at=None)
    give(member, 50, expires_at=now + timedelta(days=3))
    services.spend(member_id=member.pk, points=150, source="o", idempotency_key="s", at=now, store=store, actor=None)
    give(member, 50, expires_at=now + timedelta(days=3))
    batch, _outcome = ask("clear", approver=second)
    services.claw_back(
        idempotency_key_of_original=earned.idempotency_key,
        points=70,
        idempotency_key="c",
        at=now,
        store=store,
        actor=None,
    )
    assert Entry.objects.order_by("-id")[0].debt_after == 70

    services.undo_batch(batch_id=batch.pk, actor=finance, at=now)

    restored = Entry.objects.filter(kind="restore").order_by("id").values_list("points", "debt", "debt_after")
    assert list(restored) == [(0, -50, 20), (20, -20, 0)]
    assert balance_of(member) == 20
    assert_ledgers_agree()


def test_undoing_a_gift_takes_back_what_is_left_and_never_makes_a_debt(
    ask, members, second, now, balance_of, finance, store
):
    batch, _outcome = ask("gift", Criteria("members", member_ids=(members[0].pk, members[1].pk)), 50, second)
    services.spend(member_id=members[0].pk, points=20, source="o", idempotency_key="s", at=now, store=store, actor=None)

    undone = services.undo_batch(batch_id=batch.pk, actor=finance, at=now)

    assert (undone.status, undone.undone_members, undone.undone_points) == ("undone", 2, 80)
    assert [balance_of(member) for member in members[:2]] == [0, 0]
    assert not Entry.objects.filter(debt__gt=0).exists()
    assert_ledgers_agree()


def test_a_batch_can_be_undone_once_and_within_seven_days(ask, members, second, give, now, finance):
    give(members[0], 100)
    batch, _outcome = ask("clear", approver=second)
    before = table_rows(*VALUE)

    with pytest.raises(services.TooLateToUndo):
        services.undo_batch(batch_id=batch.pk, actor=finance, at=now + timedelta(days=7, seconds=1))
    assert table_rows(*VALUE) == before

    services.undo_batch(batch_id=batch.pk, actor=finance, at=now + timedelta(days=7))
    with pytest.raises(services.BatchStateChanged):
        services.undo_batch(batch_id=batch.pk, actor=finance, at=now)
    assert Entry.objects.filter(kind="restore").count() == 1


def test_an_undoing_goes_on_after_a_kill_too(ask, members, second, give, now, monkeypatch, finance, balance_of):
    for member in members:
        give(member, 100)
    batch, _outcome = ask("clear", approver=second)
    monkeypatch.setattr(batches, "CHUNK", 2)

    assert services.undo_batch(batch_id=batch.pk, actor=finance, at=now).status == "undoing"
    services.work_batch(batch_id=batch.pk, at=now)

    batch.refresh_from_db()
    assert (batch.status, batch.undone_members, batch.undone_points) == ("undone", 5, 500)
    assert [balance_of(member) for member in members] == [100] * 5
    assert_ledgers_agree()


def test_the_proof_of_batches_finds_a_figure_that_its_entries_do_not_bear(ask, members, second, give, now, finance):
    for member in members:
        give(member, 100)
    batch, _outcome = ask("clear", approver=second)
    services.undo_batch(batch_id=batch.pk, actor=finance, at=now)
    assert proofs.check_batches() == (1, [])

    Batch.objects.update(undone_points=499)

    count, differences = proofs.check_batches()
    assert (count, [(row.subject, row.expected, row.found) for row in differences]) == (
        1,
        [(f"points-batch:{batch.pk}", "(500,500)", "(500,499)")],
    )
