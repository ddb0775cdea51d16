"""The database is the last judge: constraints past the ORM, append-only tables, and proofs that find a forged row."""

from decimal import Decimal

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.utils import ProgrammingError

from tests.factories.ledgers import make_member
from wallet import proofs, services
from wallet.models import Account, Entry, Lot, LotUse, Recharge


@pytest.fixture
def history(store, now):
    """100 and 20 of bonus, of which 60.00 are paid and 12.00 have come back."""
    member = make_member(store)
    where = {"at": now, "store": store, "actor": None}
    services.recharge(
        member_id=member.pk,
        principal=Decimal("100.00"),
        bonus=Decimal("20.00"),
        source="r:1",
        idempotency_key="r",
        **where,
    )
    services.debit(
        member_id=member.pk,
        amount=Decimal("60.00"),
        list_amount=Decimal("60.00"),
        source="o:2",
        idempotency_key="d",
        **where,
    )
    services.refund(idempotency_key_of_original="d", amount=Decimal("12.00"), idempotency_key="f", **where)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Account, {"principal": Decimal("-0.01")}),
        (Account, {"bonus": Decimal("-0.01")}),
        (Lot, {"remaining": Decimal("-0.01")}),
        (Lot, {"remaining": Decimal("100.01")}),
        (Lot, {"expires_at": "2027-01-01T00:00Z"}),
        (Lot, {"bucket": "gold"}),
        (Account, {"status": "lost"}),
    ],
)
def test_impossible_figures_are_refused(history, model, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**change)


@pytest.mark.parametrize(("table", "column"), [("wallet_account", "principal"), ("wallet_lot", "granted")])
def test_what_is_no_number_is_refused(history, table, column):
    with pytest.raises(IntegrityError, match="numbers"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = 'NaN'")


@pytest.mark.parametrize("kind", ["refund", "bonus_expiry", "bonus_clear", "recharge", "transfer_in"])
def test_principal_falls_only_by_the_allowed_kinds_invariant_14(history, kind):
    entry = Entry.objects.get(kind="spend")
    entry.pk, entry.kind, entry.idempotency_key = None, kind, "other"

    with pytest.raises(IntegrityError, match="wallet_entry_"), transaction.atomic():
        entry.save()


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        pytest.param("kind, principal", "'cash_out', -1", id="a payout that does not say what was paid"),
        pytest.param("kind, principal", "'refund', 1", id="a refund of no payment"),
        pytest.param("kind, principal", "'recharge', 1", id="money of no recharge"),
        pytest.param("kind, principal", "'reversal', -1", id="a void of nothing"),
        pytest.param("kind, principal", "'correction', -1", id="a correction of no recharge"),
        pytest.param("kind, principal", "'gone', 1", id="a kind that does not exist"),
        pytest.param("kind, principal", "'spend', 0", id="a movement of nothing"),
        pytest.param("kind, principal", "'transfer_in', 'NaN'", id="no number"),
        pytest.param("kind, principal, paid_out", "'spend', -1, 1", id="a payment that pays out"),
    ],
)
def test_an_entry_that_says_too_little_is_refused(history, columns, values):
    with (
        connection.cursor() as cursor,
        pytest.raises(IntegrityError, match="wallet_entry_"),
        transaction.atomic(),
    ):
        cursor.execute(
            f"INSERT INTO wallet_entry ({columns}, bonus, account_id, principal_after, bonus_after, source, memo,"
            " idempotency_key, occurred_at, recorded_at)"
            f" SELECT {values}, 0, member_id, 1, 1, 'x:1', '', 'by-hand', now(), now() FROM wallet_account"
        )


@pytest.mark.parametrize(("model", "column"), [(Entry, "bonus"), (LotUse, "amount"), (Recharge, "principal")])
def test_what_is_written_stays(history, model, column):
    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        model.objects.update(**{column: F(column) + 1})
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(ProgrammingError, match="truncated"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {model._meta.db_table} CASCADE")


@pytest.mark.parametrize(
    "table", ["wallet_entry", "wallet_lotuse", "wallet_recharge", "wallet_transfer", "wallet_cashoutline"]
)
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = 0", "DELETE FROM {}", "TRUNCATE {}"])
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
        ("UPDATE wallet_account SET principal = principal + 0.01", {"wallet.balances"}),
        (
            "UPDATE wallet_lot SET remaining = remaining - 0.01 WHERE bucket = 'bonus'",
            {"wallet.balances", "wallet.lots"},
        ),
        ("UPDATE wallet_lotuse SET amount = -49.99 WHERE amount = -50", {"wallet.lots", "wallet.entries"}),
        (
            "UPDATE wallet_entry SET principal = -49, bonus = -11 WHERE kind = 'spend'",
            {"wallet.balances", "wallet.entries", "wallet.chain"},
        ),
        ("UPDATE wallet_entry SET bonus_after = 9 WHERE kind = 'spend'", {"wallet.chain"}),
        ("UPDATE wallet_recharge SET principal = 99", {"wallet.recharges"}),
        (
            "UPDATE wallet_entry SET reverses_id = original_id WHERE kind = 'refund'",
            {"wallet.refunds"},
        ),
    ],
)  # fmt: skip
def test_a_forged_row_is_found(history, forgery, found):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(forgery)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")

    assert {proof.name for proof in proofs.PROOFS if proof.check()[1]} == found


def test_a_proof_counts_what_it_checked(history):
    counts = {proof.name.removeprefix("wallet."): proof.check() for proof in proofs.PROOFS}

    assert {name: counts[name][0] for name in ("balances", "lots", "entries", "chain", "recharges", "refunds")} == {
        "balances": 1,
        "lots": 2,
        "entries": 3,
        "chain": 3,
        "recharges": 1,
        "refunds": 1,
    }
    assert all(differences == [] for _count, differences in counts.values())
