"""Work of imports that nobody waits for; each is one service call and safe to run twice."""

from celery import shared_task
from django.utils import timezone

from lifecycle.services import runs


@shared_task(name="lifecycle.check_import")
def check_import(*, run_id: int, **_: object) -> None:
    """Check an uploaded file."""
    runs.check(run_id=run_id, at=timezone.now())


@shared_task(name="lifecycle.finish_import")
def finish_import(*, run_id: int, **_: object) -> None:
    """Import a checked file."""
    runs.finish(run_id=run_id, at=timezone.now())
