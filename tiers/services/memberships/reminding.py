"""The reminder before a paid tier ends, so that it can be renewed in time."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import settings
from core.templatetags.interface import business_date
from jobs.registry import Counts
from members.services import NewReminder, add_reminders
from tiers.models import Membership
from tiers.selectors.memberships import list_ending

CHUNK = 2_000
REMINDER = "paid_tier_ending"
DAYS = "tiers.membership_reminder_days"


def stages_of(text: str) -> list[int]:
    """``"30, 7"`` as numbers, shortest first; nothing for an empty text. ValueError for what is no list of days."""
    stages = sorted({int(part) for part in text.replace("、", ",").replace("，", ",").split(",") if part.strip()})
    if any(not 0 <= stage <= 365 for stage in stages):
        raise ValueError("a stage is a number of days from 0 to 365")
    return stages


def remind_of_memberships(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: put everybody whose paid tier comes so near its end (30, 7 days) on their store's list.

    Once per purchase and stage however often and late it runs; who has renewed already is left out.
    """
    stages = stages_of(settings.value(DAYS, at))
    if not stages:
        return
    after, count = 0, 0
    last = day + timedelta(days=stages[-1])
    while chunk := list_ending(at=at, first=day, last=last, after=after, limit=CHUNK):
        with transaction.atomic():
            count += add_reminders([_reminder(bought, stages, day) for bought in chunk])
        after = chunk[-1].pk
        yield {"changed": count, "members": count}


def _reminder(bought: Membership, stages: list[int], day: date) -> NewReminder:
    left = (bought.last_day - day).days
    stage = next(stage for stage in stages if left <= stage)
    details = {"name": bought.tier.name, "ends": bought.last_day.isoformat()}
    return NewReminder(bought.member_id, REMINDER, bought.pk * 1_000 + stage, day, details)


def describe_reminder(details: Mapping[str, Any]) -> str:
    """The line of a reminder."""
    ends = business_date(date.fromisoformat(str(details["ends"])))
    return _("%(name)s ends on %(day)s; offer to renew it.") % {"name": details["name"], "day": ends}
