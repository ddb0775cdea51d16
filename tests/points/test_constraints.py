"""The database is the last judge: constraints past the ORM, append-only tables, and proofs that find a forged row."""

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.utils import ProgrammingError

from points import proofs, services
from points.models import Account, Entry, Lot, LotUse
from tests.factories.ledgers import make_member


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
            "UPDATE points_entry SET points = 101 WHERE kind = 'earn'",
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
