"""Work that is queued when a rule or a member's behaviour changes; safe to run twice."""

from celery import shared_task
from django.utils import timezone

from tags import services


@shared_task(name="tags.retag_tag")
def retag_tag(*, tag_id: int, **_: object) -> None:
    """Let all members follow a tag's changed rule."""
    services.retag_tag(tag_id=tag_id, at=timezone.now())


@shared_task(name="tags.retag_member")
def retag_member(*, member_id: int, **_: object) -> None:
    """Let one member follow all rules, after a purchase."""
    services.retag_member(member_id=member_id, at=timezone.now())
