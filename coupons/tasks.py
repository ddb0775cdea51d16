"""Work on batches that goes on after the request that started it; safe to run twice."""

from celery import shared_task
from django.utils import timezone

from coupons import services


@shared_task(name="coupons.work_batch")
def work_batch(*, batch_id: int, **_: object) -> None:
    """Go on with a batch after the last member that was done."""
    services.work_batch(batch_id=batch_id, at=timezone.now())
