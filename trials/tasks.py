"""What the worker calls."""

from celery import shared_task
from django.utils import timezone

from trials import services


@shared_task(name="trials.run")
def run(*, trial_id: int, **_: object) -> None:
    """One trial, asked for by a person."""
    services.run(trial_id=trial_id, at=timezone.now())
