"""What must hold in the history of tags, proven from the rows alone."""

from django.db import connection

from jobs.registry import Difference

_OVERLAPS = """
SELECT id, member_id, tag_id, ended::text, since::text FROM (
    SELECT id, member_id, tag_id, since,
           lag(coalesce(until, 'infinity')) OVER (PARTITION BY member_id, tag_id ORDER BY since, id) AS ended
    FROM tags_membertag
) AS row
WHERE ended > since
ORDER BY id LIMIT 1000
"""


def check_periods() -> tuple[int, list[Difference]]:
    """A member has a tag at most once at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tags_membertag")
        (count,) = cursor.fetchone()
        cursor.execute(_OVERLAPS)
        rows = cursor.fetchall()
    return count, [
        Difference(f"member:{member} tag:{tag} period:{pk}", f"not before {ended}", since)
        for pk, member, tag, ended, since in rows
    ]
