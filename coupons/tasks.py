"""What goes on after the request that asked for it: batches and claims; safe to run twice."""

from celery import shared_task
from django.utils import timezone

from coupons import services


@shared_task(name="coupons.work_batch")
def work_batch(*, batch_id: int, **_: object) -> None:
    """Go on with a batch after the last member that was done."""
    services.work_batch(batch_id=batch_id, at=timezone.now())


@shared_task(name="coupons.claim")
def claim(*, offer_id: int, member_id: int, **_: object) -> None:
    """The coupon that somebody asked for on an offer's page."""
    services.claim_asked(offer_id=offer_id, member_id=member_id, at=timezone.now())
