"""Points that go back: returns of spends and claw-backs of earns (R-P11, R-P12)."""

from datetime import timedelta

import pytest

from points import services
from points.models import Account, Entry, Lot
from points.selectors import get_balance
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows

TABLES = ("points_account", "points_entry", "points_lot", "points_lotuse")


@pytest.fixture
def member(store):
    return make_member(store)


@pytest.fixture
def ledger(member, store, cashier, now):
    """The services with the common arguments filled in; every test ends with the proofs."""

    class Ledger:
        where = {"at": now, "store": store, "actor": cashier}

        def earn(self, points, key, **options):
            options = {**self.where, "source": f"order:{key}", **options}
            return services.earn(member_id=member.pk, points=points, idempotency_key=key, **options)

        def spend(self, points, key, **options):
            options = {**self.where, "source": f"order:{key}", **options}
            return services.spend(member_id=member.pk, points=points, idempotency_key=key, **options)

        def undo(self, original, key, points=None, *, how=None, **options):
            options = {**self.where, **options, "idempotency_key_of_original": original, "idempotency_key": key}
            return services.reverse(**options) if how is None else how(points=points, **options)

    yield Ledger()
    assert_ledgers_agree()


def remaining():
    return list(Lot.objects.order_by("id").values_list("remaining", flat=True))


def test_a_full_return_puts_every_point_back_where_it_was(ledger, now):
    ledger.earn(30, "e1", expires_at=now + timedelta(days=3))
    ledger.earn(30, "e2", expires_at=None)
    before = table_rows("points_account", "points_lot")
    spent = ledger.spend(45, "s1")

    back = ledger.undo("s1", "r1")

    assert table_rows("points_account", "points_lot") == before
    assert (back.kind, back.points, back.reverses_id, back.source) == ("return", 45, spent.pk, "order:s1")


def test_an_undoing_is_possible_once_and_the_same_key_gives_the_first(ledger):
    ledger.earn(30, "e1")
    ledger.spend(20, "s1")
    back = ledger.undo("s1", "r1")
    assert ledger.undo("s1", "r1").pk == back.pk
    before = table_rows(*TABLES)

    for original, key, error in (
        ("s1", "r2", services.NotReversible),
        ("r1", "r3", services.NotReversible),
        ("nothing", "r4", services.UnknownEntry),
        ("e1", "r1", services.KeyReused),
    ):
        with pytest.raises(error):
            ledger.undo(original, key)

    assert table_rows(*TABLES) == before


def test_parts_come_back_to_the_lot_that_ends_last_first(ledger, now):
    ledger.earn(40, "soon", expires_at=now + timedelta(days=3))
    ledger.earn(60, "late", expires_at=now + timedelta(days=30))
    ledger.spend(70, "s1")
    assert remaining() == [0, 30]

    ledger.undo("s1", "r1", 20, how=services.return_spent)
    assert remaining() == [0, 50]
    ledger.undo("s1", "r2", 25, how=services.return_spent)
    assert remaining() == [15, 60]
    with pytest.raises(services.NotReversible):
        ledger.undo("s1", "r3", 26, how=services.return_spent)
    last = ledger.undo("s1", "r4")

    assert last.points == 25
    assert remaining() == [40, 60]


def test_a_lot_that_expired_meanwhile_comes_back_with_days_of_grace(ledger, member, now):
    ledger.earn(40, "soon", expires_at=now + timedelta(days=3))
    ledger.earn(60, "late", expires_at=now + timedelta(days=30))
    ledger.spend(70, "s1")
    later = now + timedelta(days=5)

    ledger.undo("s1", "r1", at=later)

    restored = Lot.objects.get(origin__isnull=False)
    assert (restored.granted, restored.source) == (40, "order:s1")
    assert restored.expires_at.isoformat() == "2026-04-22T16:00:00+00:00"
    assert get_balance(member_id=member.pk, at=later).spendable == 100


def test_without_days_of_grace_returned_points_stay_expired(ledger, member, owner, now):
    from stores.services import change_setting

    change_setting(code="points.grace_days", value=0, effective_at=now, actor=owner, at=now)
    ledger.earn(40, "soon", expires_at=now + timedelta(days=3))
    ledger.spend(40, "s1")
    later = now + timedelta(days=5)

    ledger.undo("s1", "r1", at=later)

    assert get_balance(member_id=member.pk, at=later).spendable == 0
    list(services.expire_due(later.date(), later))
    assert get_balance(member_id=member.pk, at=later).balance == 0


def test_returned_points_repay_a_debt_first_out_of_what_ends_first(ledger, now):
    ledger.earn(40, "soon", expires_at=now + timedelta(days=3))
    ledger.earn(60, "late", expires_at=now + timedelta(days=30))
    ledger.spend(100, "s1")
    ledger.undo("soon", "c1")
    assert Account.objects.get().debt == 40

    back = ledger.undo("s1", "r1", 70, how=services.return_spent)

    assert (back.points, back.debt, back.granted) == (30, -40, 70)
    assert remaining() == [0, 30]
    ledger.undo("s1", "r2")
    assert remaining() == [30, 30]


@pytest.mark.parametrize("pending", [False, True])
def test_an_earn_is_taken_back_from_its_own_lot_pending_or_not(ledger, now, pending):
    ledger.earn(50, "other", expires_at=now + timedelta(days=1))
    ledger.earn(30, "own", available_from=now + timedelta(days=7) if pending else None)

    entry = ledger.undo("own", "c1")

    assert (entry.kind, entry.points, entry.debt) == ("claw_back", -30, 0)
    assert remaining() == [50, 0]


def test_spent_points_are_taken_from_other_lots_by_expiry_and_the_rest_is_owed(ledger, now):
    ledger.earn(100, "own", expires_at=now + timedelta(days=1))
    ledger.spend(80, "s1")
    ledger.earn(10, "late", expires_at=None)
    ledger.earn(5, "soon", expires_at=now + timedelta(days=2))
    ledger.earn(7, "pending", available_from=now + timedelta(days=7))

    entry = ledger.undo("own", "c1")

    assert (entry.points, entry.debt, entry.computed) == (-35, 65, -100)
    assert remaining() == [0, 0, 0, 7]


def test_what_has_expired_of_the_own_lot_counts_as_given_back_posted_or_not(ledger, now):
    ledger.earn(50, "own", expires_at=now + timedelta(days=1))
    ledger.earn(50, "other", expires_at=None)
    ledger.spend(20, "s1")
    later = now + timedelta(days=2)

    first = ledger.undo("own", "c1", 25, how=services.claw_back, at=later)
    list(services.expire_due(later.date(), later))
    second = ledger.undo("own", "c2", at=later)

    assert (first.points, first.debt, first.computed) == (0, 0, -25)
    assert (second.points, second.debt, second.computed) == (-20, 0, -25)
    assert remaining() == [0, 30]


def test_taking_back_exactly_what_remains_makes_no_debt(ledger):
    ledger.earn(50, "own")
    ledger.spend(20, "s1")

    entry = ledger.undo("own", "c1", 30, how=services.claw_back)

    assert (entry.points, entry.debt, entry.balance_after, entry.debt_after) == (-30, 0, 0, 0)


def test_use_and_earn_of_one_order_undone_restore_every_lot(ledger, now):
    ledger.earn(500, "before", expires_at=now + timedelta(days=9))
    before = table_rows("points_account")
    ledger.spend(500, "s1")
    ledger.earn(127, "e1")

    ledger.undo("s1", "r1")
    ledger.undo("e1", "c1")

    assert table_rows("points_account") == before
    assert remaining() == [500, 0]


def test_a_part_of_nothing_posts_nothing(ledger):
    ledger.earn(5, "e1")
    ledger.spend(5, "s1")

    assert ledger.undo("s1", "r1", 0, how=services.return_spent) is None
    assert ledger.undo("e1", "c1", 0, how=services.claw_back) is None
    assert Entry.objects.count() == 2


def test_a_key_used_for_another_original_is_refused(ledger):
    ledger.earn(50, "e1")
    ledger.spend(10, "s1")
    ledger.spend(10, "s2")
    ledger.undo("s1", "r1")

    with pytest.raises(services.KeyReused):
        ledger.undo("s2", "r1")

    assert remaining() == [40]
