"""The evaluation of the night: what has expired, failed or has to be judged again, and upgrades no sale has seen."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from jobs.registry import Counts
from tiers.models import Change, Reason, TierGift
from tiers.selectors.nightly import Night, Step, list_imported, list_nights, spans
from tiers.services.giving import give_upgrade

CHUNK = 5_000
SOURCE = "tiers.evaluate"


def evaluate_due(day: date, at: datetime) -> Iterator[Counts]:
    """Move every member of every track whom the rules move on ``day`` (R-T4, R-T5, R-T7, R-T11; T05 to T07).

    Paid and invited levels that are over end, failed consecutive months take a level, levels whose validity is over are
    renewed or lowered, and missed upgrades are made up for, with their gifts. Readers find the members by ranges of
    ids; chunks of them are locked, decided afresh and written by one statement, each in a transaction of its own: a
    kill loses at most one, a second run finds nobody and writes nothing. A level locked by hand is left alone (R-T8).
    """
    ranges = list(spans())
    for night in list_nights(day, at):
        for step in night.steps():
            for between in ranges:
                members = _find(night, step, between)
                for start in range(0, len(members), CHUNK):
                    yield _move(night, step, members[start : start + CHUNK])


def _find(night: Night, step: Step, between: tuple[int, int]) -> list[int]:
    statement, values = night.decisions(step, between=between)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT member_id FROM ({statement}) d ORDER BY member_id", values)  # noqa: S608 (fixed text)
        return [member_id for (member_id,) in cursor.fetchall()]


@transaction.atomic
def _move(night: Night, step: Step, members: Sequence[int]) -> Counts:
    _lock(members)
    statement, values = night.decisions(step, members=members)
    written: dict[str, Any] = {"at": night.at, "track": night.track.pk, "source": SOURCE}
    counts: Counts = {"changed": 0, "upgraded": 0, "kept": 0, "downgraded": 0}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE.format(statement=statement), {**values, **written})
        for reason, moved, closed in cursor.fetchall():
            counts[reason] = counts.get(reason, 0) + moved
            counts["changed"] += 2 * moved + closed
    if counts["upgraded"]:
        _give(night, members)
    return counts


def _lock(members: Sequence[int]) -> None:
    """``lock_member`` for many, in order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM members_member WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(members)]
        )


# ``opened`` reads what ``closed`` answers, so every period is closed before the next one of its member opens.
_WRITE = """
WITH decided (member_id, period_id, from_id, to_id, version_id, reason, valid_until, counts_after, figures)
AS MATERIALIZED ({statement}),
closed AS (
    UPDATE tiers_period p SET ends_at = greatest(p.starts_at, %(at)s)
    FROM decided d WHERE p.id = d.period_id
    RETURNING p.id, p.ends_at, p.locked_until, p.joins_auto_upgrade, p.counts_after
), opened AS (
    INSERT INTO tiers_period (member_id, track_id, tier_id, version_id, starts_at, valid_until, reason, previous_id,
                              locked_until, joins_auto_upgrade, counts_after, upgraded_at, falls_back_to_id)
    SELECT d.member_id, %(track)s, d.to_id, d.version_id, coalesce(c.ends_at, %(at)s), d.valid_until, d.reason, c.id,
           c.locked_until, coalesce(c.joins_auto_upgrade, true), greatest(d.counts_after, c.counts_after),
           CASE WHEN d.reason = 'upgraded' THEN coalesce(c.ends_at, %(at)s) END,
           CASE WHEN d.reason = 'upgraded' THEN c.id END
    FROM decided d LEFT JOIN closed c ON c.id = d.period_id
    ORDER BY d.member_id
    RETURNING id, member_id, starts_at
), told AS (
    INSERT INTO tiers_change (member_id, period_id, from_tier_id, to_tier_id, reason, memo, figures, source,
                              occurred_at, recorded_at)
    SELECT d.member_id, o.id, d.from_id, d.to_id, d.reason, '', d.figures, %(source)s, o.starts_at, clock_timestamp()
    FROM decided d JOIN opened o USING (member_id)
    ORDER BY d.member_id
    RETURNING member_id, reason
)
SELECT t.reason, count(*), count(d.period_id) FROM told t JOIN decided d USING (member_id) GROUP BY t.reason
"""


def _give(night: Night, members: Sequence[int]) -> None:
    """The gifts of levels reached tonight (R-T12), member by member: upgrades that no sale has seen are few.

    Who rose by imported purchases gets none: an import gives no gifts (rules.md 10).
    """
    if not TierGift.objects.filter(
        tier__track=night.track, occasion=TierGift.Occasion.UPGRADE, is_active=True
    ).exists():
        return
    changes = Change.objects.filter(
        member_id__in=members,
        period__track=night.track,
        period__ends_at__isnull=True,
        reason=Reason.UPGRADED,
        source=SOURCE,
        occurred_at__gte=night.at,
    )
    for change in changes.exclude(pk__in=list_imported(changes)).select_related("from_tier", "to_tier").order_by("pk"):
        give_upgrade(change=change, at=change.occurred_at, store=None, actor=None)
