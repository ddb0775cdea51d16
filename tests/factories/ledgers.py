"""Members for ledger tests, and the proof that every flow test ends with."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import connection

from members.models import Member
from points import proofs as points_proofs
from stores.models import Store
from wallet import proofs as wallet_proofs

_numbers = count(6_000_000_001)


def make_member(store: Store, **fields: Any) -> Member:
    """A member without any value."""
    fields = {"registered_at": datetime(2026, 1, 5, tzinfo=UTC), "source": Member.Source.COUNTER, **fields}
    return Member.objects.create(number=str(next(_numbers)), name="Lin", store=store, **fields)


def table_rows(*tables: str) -> list[Any]:
    """Everything in some tables, to show that a refusal moved nothing and a return restored everything."""
    rows = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT t.* FROM {table} t ORDER BY 1")
            rows.append(cursor.fetchall())
    return rows


def assert_ledgers_agree() -> None:
    """Every proof of points and stored value finds nothing; each flow test ends with this."""
    for proof in (*points_proofs.PROOFS, *wallet_proofs.PROOFS):
        _count, differences = proof.check()
        assert differences == [], proof.name
