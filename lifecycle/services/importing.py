"""The one path by which members, products and past orders come in: check everything, then all or nothing."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from lifecycle.models import ImportRun
from lifecycle.rules import Column
from lifecycle.services import goods, people, sales
from lifecycle.services.reading import Problem, Report, Sheet, open_sheet
from stores.models import Staff, Store

COLUMNS: dict[str, Callable[[bool], tuple[Column, ...]]] = {
    ImportRun.Kind.MEMBERS: people.columns,
    ImportRun.Kind.PRODUCTS: goods.columns,
    ImportRun.Kind.ORDERS: sales.columns,
}


class ImportRefused(DomainError):
    """The import as a whole cannot go on: control totals differ, or somebody else wrote the same rows."""


class _Undone(Exception):
    """Rolls the transaction of a check or of a refused import back."""


@dataclass(frozen=True)
class Wish:
    """What is to be imported and how. ``store``: where members without a store column registered.

    ``expected_rows`` and ``expected_total`` (what was paid, orders only) are control totals of the operator.
    """

    kind: str
    source: str
    store: Store | None = None
    skips_bad_rows: bool = False
    expected_rows: int | None = None
    expected_total: Decimal | None = None


def import_file(*, path: Path, wish: Wish, writes: bool, actor: Staff | None, at: datetime) -> Report:
    """Check a file and, with ``writes``, import it in one transaction; the report says what is new, known and wrong.

    Nothing is written while any row is wrong, unless the wish says to import the good rows only. The same rows again
    create nothing: they are known by ``(source, external id)``. UnreadableFile or ImportRefused for the file as a
    whole.
    """
    report = Report()
    with ExitStack() as stack:
        sheet, cols = stack.enter_context(open_sheet(path, COLUMNS[wish.kind]))
        report.counts["ignored_columns"] = list(sheet.ignored)
        _in_one_transaction(lambda: _run(sheet, cols, wish, writes, actor, at, report), wish, writes, actor, at, report)
    return report


def import_rows(*, rows: Any, wish: Wish, actor: Staff | None, at: datetime, report: Report) -> None:
    """Import members or products that a program gives with typed values (anything with ``rows`` like a Sheet)."""
    cols = COLUMNS[wish.kind](False)
    _in_one_transaction(lambda: _run(rows, cols, wish, True, actor, at, report), wish, True, actor, at, report)


def _in_one_transaction(
    execute: Callable[[], None], wish: Wish, writes: bool, actor: Staff | None, at: datetime, report: Report
) -> None:
    try:
        with transaction.atomic():
            _wait_for_other_imports()
            execute()
            _check_control_totals(wish, report)
            if not writes or not (report.is_clean or wish.skips_bad_rows):
                raise _Undone
            record_import(kind=wish.kind, source=wish.source, report=report, actor=actor, at=at)
    except _Undone:
        pass
    except IntegrityError as error:
        raise ImportRefused(
            _("Somebody registered the same members or goods during the import. Nothing was imported, try again.")
        ) from error
    report.counts["rejected"] = len(report.bad_rows)


def record_import(*, kind: str, source: str, report: Report, actor: Staff | None, at: datetime) -> None:
    """The audit row of an import that wrote something or found all of it known."""
    audit.record(
        "import.finished", actor=actor, subject=f"import:{source}", at=at, kind=kind, counts=dict(report.counts)
    )


def _wait_for_other_imports() -> None:
    """One import at a time: what one checks, another must not write meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('lifecycle.import'))")


def _run(
    sheet: Sheet,
    cols: tuple[Column, ...],
    wish: Wish,
    writes: bool,
    actor: Staff | None,
    at: datetime,
    report: Report,
) -> None:
    if wish.kind == ImportRun.Kind.MEMBERS:
        people.import_members(
            sheet=sheet, cols=cols, source=wish.source, store=wish.store, at=at, writes=writes, report=report
        )
        return
    if wish.kind == ImportRun.Kind.PRODUCTS:
        goods.import_products(sheet=sheet, cols=cols, source=wish.source, at=at, writes=writes, report=report)
        return
    batch = sales.Batch(source=wish.source, at=at, actor_id=None if actor is None else actor.pk)
    sales.stage_sheet(sheet=sheet, cols=cols, report=report)
    sales.check_staged(batch=batch, report=report)
    if writes and (report.is_clean or wish.skips_bad_rows):
        sales.insert_staged(batch=batch)


def _check_control_totals(wish: Wish, report: Report) -> None:
    rows = int(report.counts.get("rows", 0))
    if wish.expected_rows is not None and wish.expected_rows != rows:
        report.add(
            Problem(
                0,
                "",
                _("The file has %(found)s rows, expected were %(expected)s.")
                % {"found": rows, "expected": wish.expected_rows},
            )
        )
    if wish.expected_total is None:
        return
    found = sum(
        (Decimal(report.counts.get(name, "0")) for name in ("net", "existing_net", "rejected_net")), Decimal("0.00")
    )
    if found != wish.expected_total:
        report.add(
            Problem(
                0,
                "",
                _("The amounts paid come to %(found)s, expected were %(expected)s.")
                % {"found": found, "expected": wish.expected_total},
            )
        )


def summary(report: Report, kind: str) -> dict[str, Any]:
    """The totals as one line of JSON for scripts: what is new, what was known, what was rejected and why."""
    counts = report.counts
    totals: dict[str, Any] = {
        "members": counts.get("new", 0) if kind == ImportRun.Kind.MEMBERS else 0,
        "products": counts.get("new", 0) if kind == ImportRun.Kind.PRODUCTS else 0,
        "orders": counts.get("orders", 0),
        "lines": counts.get("lines", 0),
        "quantity": str(counts.get("quantity", "0")),
        "list": str(counts.get("list", "0.00")),
        "discount": str(counts.get("discount", "0.00")),
        "net": str(counts.get("net", "0.00")),
    }
    return {
        **totals,
        "existing": counts.get("existing_lines", counts.get("existing", 0)),
        "rejected": {
            "rows": counts.get("rejected_lines", len(report.bad_rows)),
            "net": str(counts.get("rejected_net", "0.00")),
            "reasons": report.reasons,
        },
    }
