"""The database is the last judge: constraints past the ORM, append-only tables, and proofs that find a forged row."""

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.utils import ProgrammingError

from catalog.models import Category
from points import proofs, services
from points.models import Account, Batch, Entry, Lot, LotUse, Rule, RuleVersion, Watch
from tests.factories.ledgers import make_member
from tests.factories.points import make_rule


@pytest.fixture
def history(store, now):
    """An earn of 100 of which 40 are spent and 10 have come back."""
    member = make_member(store)
    where = {"at": now, "store": store, "actor": None}
    services.earn(member_id=member.pk, points=100, source="o:1", idempotency_key="e", **where)
    services.spend(member_id=member.pk, points=40, source="o:2", idempotency_key="s", **where)
    services.return_spent(idempotency_key_of_original="s", points=10, idempotency_key="r", **where)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Account, {"balance": -1}),
        (Account, {"debt": -1}),
        (Lot, {"remaining": -1}),
        (Lot, {"remaining": 101}),
        (Lot, {"expired": 31}),
        (Lot, {"granted": 0}),
    ],
)
def test_impossible_figures_are_refused(history, model, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**change)


def entry_row(**changes):
    """An entry that the database would take, but for ``changes``."""
    account = Account.objects.get()
    values = {
        "account": account, "kind": "earn", "points": 5, "debt": 0, "balance_after": 75, "debt_after": 0,
        "computed": 5, "source": "o", "idempotency_key": "x", "memo": "", "occurred_at": account.member.registered_at,
    }  # fmt: skip
    return Entry(**{**values, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "earn", "points": -5},
        {"kind": "earn", "debt": 5, "debt_after": 5},
        {"kind": "gift", "points": -5},
        {"kind": "spend"},
        {"kind": "spend", "points": -5, "debt": 5, "debt_after": 5},
        {"kind": "expire"},
        {"kind": "clear", "memo": "spring"},
        {"kind": "release"},
        {"kind": "made_up"},
        {"kind": "return"},
        {"kind": "claw_back", "points": -5},
        {"kind": "adjust"},
        {"balance_after": 4},
        {"debt": -3, "points": 2, "debt_after": -1},
    ],
)
def test_an_entry_that_says_too_little_or_goes_the_wrong_way_is_refused(history, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        entry_row(**changes).save()
    assert Entry.objects.count() == 3
    with transaction.atomic():
        entry_row().save()


def test_an_entry_closes_only_what_it_undoes(history):
    earned, spent, _returned = Entry.objects.order_by("id")

    with pytest.raises(IntegrityError), transaction.atomic():
        entry_row(kind="claw_back", points=-5, original=earned, reverses=spent).save()


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""},
        {"status": "made_up"},
        {"done_points": 1},
        {"status": "done"},
        {"status": "undone"},
        {"undone_points": 1},
        {"points_each": None},
    ],
)
def test_a_batch_that_says_too_little_is_refused(owner, now, changes):
    values = {
        "kind": "gift", "points_each": 5, "criteria": {}, "reason": "spring", "members": 1, "points": 5,
        "cutoff_at": now, "created_by": owner, "created_at": now,
    }  # fmt: skip
    Batch.objects.create(**values)

    with pytest.raises(IntegrityError), transaction.atomic():
        Batch.objects.create(**{**values, **changes})


@pytest.mark.parametrize(
    "changes", [{"outcome": "fine"}, {"note": "hm"}, {"outcome": "suspicious", "reviewed": True}, {"reviewed": True}]
)
def test_a_review_says_who_when_and_what_is_suspicious(store, owner, now, changes):
    if changes.pop("reviewed", False):
        changes |= {"reviewed_by": owner, "reviewed_at": now}

    with pytest.raises(IntegrityError), transaction.atomic():
        Watch.objects.create(member=make_member(store), kind="many_earns", day=now.date(), evidence={}, **changes)


def test_what_a_rule_is_about_stands(db, now):
    version = make_rule(per_yuan=2, category=Category.objects.create(name="Fruit"))

    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        Rule.objects.update(category=Category.objects.create(name="Wine"))
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleVersion.objects.create(
            rule=version.rule, number=2, per_yuan=1, expiry_method="days", expiry_count=0, created_at=now
        )


def test_a_key_stands_once(history):
    entry = Entry.objects.first()
    entry.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        entry.save()


@pytest.mark.parametrize("model", [Entry, LotUse])
def test_what_is_written_stays(history, model):
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        model.objects.update(points=F("points") + 1)
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        model.objects.all()._raw_delete(using="default")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(ProgrammingError, match="truncated"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {model._meta.db_table} CASCADE")


@pytest.mark.parametrize("table", ["points_entry", "points_lotuse"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET points = 0", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_has_no_right_to_change_it(db, table, statement):
    settings = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        settings.pop(name, None)
    with (
        psycopg.connect(**{**settings, "user": "patron_app"}) as as_application,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        as_application.execute(statement.format(table))


@pytest.mark.parametrize(
    ("forgery", "found"),
    [
        ("UPDATE points_account SET balance = balance + 1", {"points.balances"}),
        ("UPDATE points_account SET debt = 5", {"points.balances"}),
        ("UPDATE points_lot SET remaining = remaining - 1", {"points.balances", "points.lots"}),
        ("UPDATE points_lot SET expired = 1", {"points.lots"}),
        ("UPDATE points_lotuse SET points = -39 WHERE points = -40", {"points.lots", "points.entries"}),
        (
            "UPDATE points_entry SET points = 99 WHERE kind = 'earn'",
            {"points.balances", "points.entries", "points.chain"},
        ),
        ("UPDATE points_entry SET balance_after = 61 WHERE kind = 'spend'", {"points.chain"}),
        ("UPDATE points_entry SET computed = 41 WHERE kind = 'return'", {"points.undone"}),
        ("DELETE FROM points_lotuse WHERE points = 10", {"points.lots", "points.entries"}),
    ],
)  # fmt: skip
def test_a_forged_row_is_found(history, forgery, found):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(forgery)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")

    assert {proof.name for proof in proofs.PROOFS if proof.check()[1]} == found


def test_a_proof_counts_and_names_what_differs(history):
    account = Account.objects.get()
    assert [proof.check() for proof in proofs.PROOFS] == [
        (1, []), (1, []), (3, []), (3, []), (1, []), (0, []), (0, []), (0, []),
    ]  # fmt: skip

    Account.objects.update(balance=71)

    count, [difference] = proofs.check_balances()
    assert (count, difference.subject) == (1, f"points:{account.pk}")
    assert (difference.expected, difference.found) == ("(70,0,71)", "(71,0,70)")
