"""Reminders of bonus money that is about to end (rules.md 9): 30, 7 and 1 days before, once each."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from core import days
from jobs.registry import Counts
from members.services import NewReminder, add_reminders
from wallet.models import Lot
from wallet.selectors import get_reminder_stages

REMINDER = "bonus_expiry"
CHUNK = 5_000


def remind_bonus_expiry(day: date, at: datetime) -> Iterator[Counts]:
    """List every member whose bonus ends within the stages of the setting, for the store where they registered.

    One reminder per member, last day and stage, however many lots end on it. A late run lists what is due by then,
    under the stage that is reached; running it again adds nothing. ``at`` leaves out bonus that has ended already.
    """
    stages = get_reminder_stages(at=at)
    made = 0
    if stages:
        rows = _rows(day, at, stages)
        while chunk := [row for _number, row in zip(range(CHUNK), rows, strict=False)]:
            with transaction.atomic():
                made += add_reminders(chunk)
            yield {"changed": made}
    yield {"changed": made}


def _rows(day: date, at: datetime, stages: list[int]) -> Iterator[NewReminder]:
    horizon = days.end_of(day + timedelta(days=max(stages)))
    ending = (
        Lot.objects.filter(bucket=Lot.Bucket.BONUS, remaining__gt=0, expires_at__gt=at, expires_at__lte=horizon)
        .values_list("account_id", "expires_at")
        .annotate(amount=Sum("remaining"))
        .order_by("account_id", "expires_at")
    )
    sums: dict[tuple[int, date], Decimal] = {}
    for member_id, expires_at, amount in ending:
        key = (member_id, days.last_day(expires_at))
        sums[key] = sums.get(key, Decimal(0)) + amount
    for (member_id, last_day), amount in sums.items():
        left = (last_day - day).days
        stage = min((stage for stage in stages if stage >= left), default=None)
        if stage is not None:
            details = {"amount": str(amount), "last_day": last_day.isoformat(), "stage": stage}
            # One number per last day and stage, so that each is told once.
            yield NewReminder(member_id, REMINDER, last_day.toordinal() * 1000 + stage, day, details)
