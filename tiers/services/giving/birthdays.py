"""Gifts of levels on the birthdays of their holders, and growth points of packs."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

import gifts.services
from core import settings
from core.days import local_day
from jobs.registry import Counts
from members import rules as birthdays
from stores.models import Staff, Store
from tiers.models import Tier, TierGift, Track
from tiers.services.progress import record_progress, reverse_progress

LEAP_MONTH = "members.leap_month_birthdays"

#: Birthdays that the night reads at once; each gift is given in a transaction of its own.
CHUNK = 500


def give_birthday_gifts(day: date, at: datetime) -> Iterator[Counts]:
    """The nightly job: the gifts of the levels whose holders celebrate on ``day``, by the calendar each has chosen.

    Once per member, gift and solar or lunar year (invariant 22), however often and late the job runs. Candidates are
    found in one statement for each gift, each gift is given in a transaction of its own.
    """
    given = 0
    in_leap_month = settings.value(LEAP_MONTH, at) == "leap"
    celebrations = birthdays.celebrations(day, in_leap_month=in_leap_month)
    wanted = TierGift.objects.filter(occasion=TierGift.Occasion.BIRTHDAY, is_active=True, pack__is_active=True)
    for gift in wanted.select_related("tier__track").order_by("pk"):
        celebrants = _celebrants(gift, celebrations, at)
        for first in range(0, len(celebrants), CHUNK):
            for member_id, occurrence in celebrants[first : first + CHUNK]:
                given += _give_birthday(gift, member_id, occurrence, at)
            yield {"changed": given, "given": given}
    yield {"changed": given, "given": given}


def _celebrants(gift: TierGift, celebrations: Sequence[birthdays.Celebration], at: datetime) -> list[tuple[int, int]]:
    tier = gift.tier
    is_base = not Tier.objects.filter(track_id=tier.track_id, rank__lt=tier.rank).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            _CELEBRANTS,
            {
                "calendars": [one.calendar for one in celebrations],
                "months": [one.month for one in celebrations],
                "days": [one.day for one in celebrations],
                "leaps": [one.is_leap for one in celebrations],
                "occurrences": [one.occurrence for one in celebrations],
                "track": tier.track_id,
                "tier": tier.pk,
                "is_base": is_base and tier.track.kind == Track.Kind.GROWTH,
                "ends": tier.track.kind in {Track.Kind.PAID, Track.Kind.INVITED},
                "gift": gift.pk,
                "at": at,
            },
        )
        return [(member_id, occurrence) for member_id, occurrence in cursor.fetchall()]


_CELEBRANTS = """
SELECT DISTINCT member.id, day.occurrence
FROM unnest(%(calendars)s::text[], %(months)s::int[], %(days)s::int[], %(leaps)s::boolean[], %(occurrences)s::int[])
     AS day (calendar, month, day, is_leap, occurrence)
JOIN members_member AS member
  ON member.birth_calendar = day.calendar AND member.birth_month = day.month AND member.birth_day = day.day
LEFT JOIN tiers_period AS held ON held.member_id = member.id AND held.track_id = %(track)s AND held.ends_at IS NULL
WHERE member.status = 'active' AND (day.is_leap IS NULL OR day.is_leap = member.birth_month_is_leap)
  AND (held.tier_id = %(tier)s OR (held.id IS NULL AND %(is_base)s))
  AND (NOT %(ends)s OR held.valid_until IS NULL OR held.valid_until > %(at)s)
  AND NOT EXISTS (
    SELECT FROM gifts_grant AS had
    WHERE had.source = 'tier-birthday:' || member.id || ':' || %(gift)s || ':' || day.occurrence)
ORDER BY 1, 2
"""


@transaction.atomic
def _give_birthday(gift: TierGift, member_id: int, occurrence: int, at: datetime) -> int:
    grant = gifts.services.give_pack(
        pack_id=gift.pack_id,
        member_id=member_id,
        source=f"tier-birthday:{member_id}:{gift.pk}:{occurrence}",
        at=at,
        store=None,
        actor=None,
    )
    return 0 if grant is None else 1


def record_growth(
    *,
    member_id: int,
    amount: Decimal,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> None:
    """Growth points of a pack become progress on the shop day (R-T1). The level follows at the next look, not here: a
    gift of an upgrade must not decide about the next one in the middle of it.
    """
    record_progress(
        member_id=member_id,
        metrics={"growth": amount},
        business_on=local_day(at),
        source=source,
        idempotency_key=idempotency_key,
        at=at,
        store=store,
        actor=actor,
    )


def reverse_growth(*, idempotency_key_of_original: str, **where: Any) -> None:
    """Take growth points of a pack back (R-T6)."""
    reverse_progress(idempotency_key_of_original=idempotency_key_of_original, **where)
