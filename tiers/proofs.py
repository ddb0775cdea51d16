"""Proofs of tiers from changes and entries alone, for ``manage.py reconcile``."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from jobs.registry import Difference, Proof

# A chain of periods has no gap, no overlap and no fork (the table allows one first and one follower), and exactly its
# last one is open.
PERIODS = """
    SELECT 'member:' || p.member_id, 'one unbroken chain', 'period ' || p.id
    FROM tiers_period p
    LEFT JOIN tiers_period before ON before.id = p.previous_id
    LEFT JOIN tiers_period after ON after.previous_id = p.id
    WHERE (p.ends_at IS NULL) <> (after.id IS NULL)
       OR (before.id IS NOT NULL AND (before.ends_at IS DISTINCT FROM p.starts_at
                                      OR before.member_id <> p.member_id OR before.track_id <> p.track_id))
    ORDER BY p.id LIMIT 1000
"""
# Every period was opened by one change that says the same, from the level held before (or the base level).
CHANGES = """
    SELECT 'member:' || p.member_id,
           coalesce(before.tier_id, base.id) || ' to ' || p.tier_id || ' ' || p.reason,
           coalesce(c.from_tier_id || ' to ' || c.to_tier_id || ' ' || c.reason, 'no change')
    FROM tiers_period p
    JOIN (SELECT DISTINCT ON (track_id) id, track_id FROM tiers_tier ORDER BY track_id, rank) base
        ON base.track_id = p.track_id
    LEFT JOIN tiers_period before ON before.id = p.previous_id
    LEFT JOIN tiers_change c ON c.period_id = p.id
    WHERE c.id IS NULL OR c.member_id <> p.member_id OR c.to_tier_id <> p.tier_id OR c.reason <> p.reason
       OR c.occurred_at <> p.starts_at OR c.from_tier_id <> coalesce(before.tier_id, base.id)
    ORDER BY p.id LIMIT 1000
"""
REVERSALS = """
    SELECT 'tier_progress:' || e.id, (-original.amount)::text || ' on ' || original.business_on,
           e.amount || ' on ' || e.business_on
    FROM tiers_progressentry e JOIN tiers_progressentry original ON original.id = e.reverses_id
    WHERE e.amount <> -original.amount OR e.member_id <> original.member_id OR e.metric <> original.metric
       OR e.business_on <> original.business_on
    ORDER BY e.id LIMIT 1000
"""

# A level belongs to the track it is held on, and the version that it was given under to the level.
BELONGING = """
    SELECT 'member:' || p.member_id, 'track ' || t.track_id || ' and version of ' || v.tier_id,
           'track ' || p.track_id || ' and tier ' || p.tier_id
    FROM tiers_period p JOIN tiers_tier t ON t.id = p.tier_id JOIN tiers_version v ON v.id = p.version_id
    WHERE t.track_id <> p.track_id OR v.tier_id <> p.tier_id
    ORDER BY p.id LIMIT 1000
"""
# What left one member for another arrived there as it was; keys as in ``services.merging``.
MERGES = """
    SELECT 'tier_progress:' || gone.id, (-gone.amount)::text || ' on ' || gone.business_on,
           coalesce(come.amount || ' on ' || come.business_on, 'nothing')
    FROM tiers_progressentry gone
    LEFT JOIN tiers_progressentry come
        ON come.idempotency_key = replace(gone.idempotency_key, ':progress-out:', ':progress-in:')
    WHERE gone.reverses_id IS NOT NULL AND gone.idempotency_key LIKE '%:progress-out:%'
      AND (come.id IS NULL OR come.amount <> -gone.amount OR come.metric <> gone.metric
           OR come.business_on <> gone.business_on OR come.source <> gone.source OR come.member_id = gone.member_id)
    ORDER BY gone.id LIMIT 1000
"""


def _prove(counted: str, statement: str) -> tuple[int, list[Difference]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {counted}")  # noqa: S608 (a table's name of this module)
        checked = int(cursor.fetchone()[0])
        cursor.execute(statement)
        return checked, [Difference(*row) for row in cursor.fetchall()]


PROOFS = (
    Proof("tiers.periods", _("Tiers held follow one another without gap"), lambda: _prove("tiers_period", PERIODS)),
    Proof("tiers.changes", _("Every tier held has its change"), lambda: _prove("tiers_period", CHANGES)),
    Proof(
        "tiers.progress",
        _("Progress taken back equals what was recorded"),
        lambda: _prove("tiers_progressentry", REVERSALS),
    ),
    Proof("tiers.belonging", _("Tiers are held on their own track"), lambda: _prove("tiers_period", BELONGING)),
    Proof(
        "tiers.merges",
        _("Progress of merged members arrived as it left"),
        lambda: _prove("tiers_progressentry", MERGES),
    ),
)
