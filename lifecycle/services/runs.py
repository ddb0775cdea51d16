"""A file's way through the screens: uploaded, checked in the background, then imported as a whole or dropped."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError, StateChanged
from jobs.services import enqueue_on_commit
from lifecycle.models import ImportRun
from lifecycle.services.importing import Wish, import_file, summary
from lifecycle.services.reading import Report
from stores.models import Staff, Store


class WrongState(StateChanged):
    """The file is not at the step that this belongs to, usually because somebody else was quicker."""


def file_path(run: ImportRun) -> Path:
    """Where the uploaded file of a run is kept."""
    return Path(settings.PRIVATE_ROOT) / "imports" / run.stored_name


def upload(
    *,
    kind: str,
    source: str,
    file_name: str,
    chunks: Iterable[bytes],
    store: Store | None,
    expected_rows: int | None,
    expected_total: Decimal | None,
    skips_bad_rows: bool,
    actor: Staff,
    at: datetime,
) -> ImportRun:
    """Keep an uploaded file under a random name in the private folder and have it checked in the background."""
    run = ImportRun(
        kind=kind,
        source=source,
        file_name=Path(file_name).name[-200:],
        stored_name=secrets.token_hex(16),
        store=store,
        expected_rows=expected_rows,
        expected_total=expected_total,
        skips_bad_rows=skips_bad_rows,
        actor=actor,
        created_at=at,
    )
    path = file_path(run)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with path.open("wb") as target:
        for chunk in chunks:
            digest.update(chunk)
            target.write(chunk)
    run.sha256 = digest.hexdigest()
    with transaction.atomic():
        run.save()
        audit.record("import.uploaded", actor=actor, subject=f"import:{run.pk}", at=at, kind=kind, sha256=run.sha256)
        enqueue_on_commit("lifecycle.check_import", run_id=run.pk)
    return run


@transaction.atomic
def check(*, run_id: int, at: datetime) -> ImportRun:
    """Check an uploaded file, writing nothing but the result; a second call finds it done."""
    run = ImportRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.status != ImportRun.Status.CHECKING:
        return run
    run.checked_at = at
    try:
        report = import_file(path=file_path(run), wish=_wish(run), writes=False, actor=run.actor, at=at)
    except DomainError as error:
        run.status, run.message = ImportRun.Status.FAILED, str(error)[:500]
    else:
        _keep(run, report)
        may = report.is_clean or (run.skips_bad_rows and 0 not in report.bad_rows)
        run.status = ImportRun.Status.READY if may else ImportRun.Status.REFUSED
    run.save()
    return run


@transaction.atomic
def start(*, run_id: int, actor: Staff, at: datetime) -> ImportRun:
    """Have a checked file imported in the background. WrongState unless it was checked and is fit."""
    run = ImportRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.status != ImportRun.Status.READY:
        raise WrongState(_("This file is not ready to be imported."))
    run.status = ImportRun.Status.IMPORTING
    run.actor = actor
    run.save(update_fields=["status", "actor"])
    enqueue_on_commit("lifecycle.finish_import", run_id=run.pk)
    return run


@transaction.atomic
def finish(*, run_id: int, at: datetime) -> ImportRun:
    """Import a started file and remove it; rows and status are written together, so a second call changes nothing."""
    run = ImportRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.status != ImportRun.Status.IMPORTING:
        return run
    try:
        report = import_file(path=file_path(run), wish=_wish(run), writes=True, actor=run.actor, at=at)
    except DomainError as error:
        run.status, run.message = ImportRun.Status.FAILED, str(error)[:500]
    else:
        _keep(run, report)
        if report.is_clean or run.skips_bad_rows:
            run.status, run.imported_at = ImportRun.Status.IMPORTED, at
        else:
            run.status = ImportRun.Status.REFUSED
    run.save()
    if run.status == ImportRun.Status.IMPORTED and not run.errors:
        transaction.on_commit(lambda: file_path(run).unlink(missing_ok=True))
    return run


@transaction.atomic
def drop(*, run_id: int, actor: Staff, at: datetime) -> ImportRun:
    """Remove a file that will not be imported; the run stays in the list."""
    run = ImportRun.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.is_busy or run.status in {ImportRun.Status.IMPORTED, ImportRun.Status.DROPPED}:
        raise WrongState(_("This file cannot be dropped now."))
    run.status = ImportRun.Status.DROPPED
    run.save(update_fields=["status"])
    audit.record("import.dropped", actor=actor, subject=f"import:{run.pk}", at=at)
    transaction.on_commit(lambda: file_path(run).unlink(missing_ok=True))
    return run


def _wish(run: ImportRun) -> Wish:
    return Wish(
        kind=run.kind,
        source=run.source,
        store=run.store,
        skips_bad_rows=run.skips_bad_rows,
        expected_rows=run.expected_rows,
        expected_total=run.expected_total,
    )


def _keep(run: ImportRun, report: Report) -> None:
    run.counts = {
        **summary(report, run.kind),
        "rows": report.counts.get("rows", 0),
        "ignored_columns": report.counts.get("ignored_columns", []),
    }
    run.errors = [[problem.row, problem.column, problem.message] for problem in report.errors]
    run.message = ""
