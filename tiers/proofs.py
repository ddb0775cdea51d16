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
)
