"""What the worker and beat call; each is one service call and safe to run twice."""

from datetime import date

from celery import shared_task
from django.utils import timezone

from jobs import services
from stores.models import Staff


@shared_task(name="jobs.deliver")
def deliver(*, outbox_id: int, **_: object) -> None:
    """One row of the outbox."""
    services.deliver(outbox_id=outbox_id, at=timezone.now())


@shared_task(name="jobs.sweep")
def sweep(**_: object) -> None:
    """What is waiting."""
    services.sweep(at=timezone.now())


@shared_task(name="jobs.run_due")
def run_due(**_: object) -> None:
    """Jobs whose time has come."""
    services.run_due(at=timezone.now())


@shared_task(name="jobs.run")
def run(*, name: str, day: str, actor_id: int | None = None, **_: object) -> None:
    """One job for one day, asked for by a person."""
    actor = None if actor_id is None else Staff.objects.get(pk=actor_id)
    services.run_job(name=name, day=date.fromisoformat(day), actor=actor, at=timezone.now())
