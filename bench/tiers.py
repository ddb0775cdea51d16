"""``python -m bench.tiers [--members N] [--rounds N]``: B3. The evaluation of the night against plain SQL.

Every member has six entries of the ledger of progress, most of them within the last twelve months. Measured in
interleaved rounds from the same start: the nightly job over everybody, and one hand-written statement that writes the
same periods and changes without locks, chunks or a second look. Then a usual night on top (members who bought, levels
whose validity ends) and the run after it, which must write nothing. Prints one line of JSON.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench import shop

ENTRIES = 6
DAY = date(2026, 7, 1)
AT = datetime(2026, 6, 30, 16, 30, tzinfo=UTC)
NIGHT = DAY + timedelta(days=1)
# Of so many members one buys, and of so many holders one comes to the end of the validity.
BUYER, ENDING = 100, 200


def main() -> int:
    """Build, measure, compare; exit 1 where a figure that must hold does not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    shop.prepare_environment("tiers")
    shop.manage("migrate", "--verbosity", "0")
    os.environ["PATRON_DATABASE_ROLE"] = "owner"
    import django

    import config.celery  # noqa: F401

    django.setup()
    figures = measure(options.members, options.rounds)
    holds = {
        "of_plain_sql": figures["of_plain_sql"] >= 0.66,
        "same_result": figures["same_result"],
        "night_s": figures["night_s"] <= 10,
        "second_run_changed": figures["second_run_changed"] == 0,
        "differences": figures["differences"] == 0,
    }
    sys.stdout.write(json.dumps({**figures, "misses": [name for name, held in holds.items() if not held]}) + "\n")
    return 0 if all(holds.values()) else 1


def measure(members: int, rounds: int) -> dict[str, Any]:
    """All figures on a fresh set of members."""
    from tiers.proofs import PROOFS

    _fill(members)
    plain: list[float] = []
    job: list[float] = []
    results: list[str] = []
    changed = 0
    for number in range(rounds):
        # The other way round every second time, so that neither always runs on a warm machine.
        for work, times in [(_plain, plain), (_job, job)][:: 1 if number % 2 == 0 else -1]:
            _empty()
            seconds, count = _timed(work)
            times.append(seconds)
            results.append(_digest())
            changed = count or changed
    _empty()
    _timed(_job)
    _buy(members)
    night_s, night_changed = _timed(lambda: _run(NIGHT))
    second_s, second_changed = _timed(lambda: _run(NIGHT))
    return {
        "members": members,
        "entries": members * ENTRIES,
        "moved": changed // 2,
        "rounds": rounds,
        "job_s": [round(seconds, 1) for seconds in job],
        "plain_sql_s": [round(seconds, 1) for seconds in plain],
        "of_plain_sql": round(_middle(plain) / _middle(job), 2),
        "same_result": len(set(results)) == 1,
        "night_s": round(night_s, 2),
        "night_changed": night_changed,
        "second_run_s": round(second_s, 2),
        "second_run_changed": second_changed,
        "differences": sum(len(proof.check()[1]) for proof in PROOFS),
    }


def _middle(times: list[float]) -> float:
    ordered = sorted(times)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    began = time.perf_counter()
    count = work()
    return time.perf_counter() - began, count


def _run(day: date) -> int:
    from tiers.services import evaluate_due

    return sum(counts["changed"] for counts in evaluate_due(day, AT + (day - DAY)))


def _job() -> int:
    return _run(DAY)


def _fill(members: int) -> None:
    """Members and their entries by plain SQL, in the order of days as a shop writes them."""
    from django.db import connection, transaction

    from members.models import Member
    from members.services import MemberData, create_member
    from stores.models import Store

    if Member.objects.filter(external_id__startswith="bench").count() == members:
        return
    store, _made = Store.objects.get_or_create(code="TIERS", defaults={"name": "Tiers"})
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("TRUNCATE tiers_change, tiers_period, tiers_progressentry, members_member CASCADE")
    first = create_member(data=MemberData(name="Bench"), source="store", store=store, actor=None, at=AT)
    with connection.cursor() as cursor, transaction.atomic():
        # Triggers of foreign keys would queue millions of checks.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'members_member'"
            " AND column_name NOT IN ('id', 'number', 'external_id') ORDER BY 1"
        )
        columns = ", ".join(f'"{name}"' for (name,) in cursor.fetchall())
        cursor.execute(
            f"INSERT INTO members_member (number, external_id, {columns})"  # noqa: S608 - names of the catalogue
            f" SELECT '8' || lpad(n::text, 9, '0'), 'bench' || n, {columns}"
            "  FROM members_member, generate_series(1, %s) n WHERE id = %s",
            [members, first.pk],
        )
        cursor.execute(_ENTRIES, {"day": DAY, "entries": ENTRIES})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tiers_progressentry, members_member")


# Four of spend and two of points, over sixteen months; the sums make about two of three members rise.
_ENTRIES = """
INSERT INTO tiers_progressentry (member_id, metric, amount, business_on, source, idempotency_key, memo, occurred_at,
                                 recorded_at)
SELECT m.id, CASE WHEN n %% 3 = 0 THEN 'points' ELSE 'spend' END, 1 + (m.id * 7919 * n) %% 60000 / 100.0,
       %(day)s::date - (80 * n - (m.id %% 75))::int, 'bench', 'bench:' || m.id || ':' || n, '', now(), now()
  FROM members_member m, generate_series(1, %(entries)s) n WHERE m.external_id LIKE 'bench%%' ORDER BY n DESC, m.id
"""


def _empty() -> None:
    """Nobody holds a level, as before the first night."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        with transaction.atomic():
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("TRUNCATE tiers_change, tiers_period CASCADE")
            cursor.execute("DELETE FROM tiers_progressentry WHERE source = 'late'")
        cursor.execute("ANALYZE tiers_change, tiers_period")


def _plain() -> int:
    """The same result by one statement, as somebody would write it by hand for the rules that ship."""
    from django.db import connection, transaction

    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute(_PLAIN, {"since": date(2025, 7, 2), "until": datetime(2027, 7, 1, 16, tzinfo=UTC), "at": AT})
        return 0


_PLAIN = """
WITH sums AS (
    SELECT member_id, coalesce(sum(amount) FILTER (WHERE metric = 'spend'), 0) AS spend,
           coalesce(sum(amount) FILTER (WHERE metric = 'points'), 0) AS points
      FROM tiers_progressentry WHERE business_on >= %(since)s GROUP BY member_id
), earned AS (
    SELECT s.*, CASE WHEN spend >= 5000 OR points >= 5000 THEN 'diamond'
                     WHEN spend >= 2000 OR points >= 2000 THEN 'gold' ELSE 'silver' END AS code
      FROM sums s WHERE spend >= 500 OR points >= 500
), opened AS (
    INSERT INTO tiers_period (member_id, track_id, tier_id, version_id, starts_at, valid_until, reason,
                              joins_auto_upgrade, upgraded_at)
    SELECT e.member_id, t.track_id, t.id, v.id, %(at)s, %(until)s, 'upgraded', true, %(at)s
      FROM earned e JOIN tiers_tier t ON t.code = e.code JOIN tiers_version v ON v.tier_id = t.id
    RETURNING id, member_id, tier_id
)
INSERT INTO tiers_change (member_id, period_id, from_tier_id, to_tier_id, reason, memo, figures, source, occurred_at,
                          recorded_at)
SELECT o.member_id, o.id, base.id, o.tier_id, 'upgraded', '',
       jsonb_path_query_array(jsonb_build_array(
           jsonb_build_object('metric', 'spend', 'since', %(since)s::text, 'amount', e.spend::text),
           jsonb_build_object('metric', 'points', 'since', %(since)s::text, 'amount', e.points::text)),
           '$[*] ? (@.amount != "0.00" && @.amount != "0")'),
       'tiers.evaluate', %(at)s, clock_timestamp()
  FROM opened o JOIN earned e USING (member_id) JOIN tiers_tier base ON base.code = 'normal'
"""


def _digest() -> str:
    """What the members hold and why, figures and all."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT md5(string_agg(md5(concat_ws('|', p.member_id, p.tier_id, p.version_id, p.starts_at, p.valid_until,"
            " p.reason, c.from_tier_id, c.to_tier_id, c.figures)), '' ORDER BY p.member_id))"
            " FROM tiers_period p JOIN tiers_change c ON c.period_id = p.id"
        )
        return str(cursor.fetchone()[0])


def _buy(members: int) -> None:
    """What happens until the next night: one member of a hundred buys for a higher level, and of the holders some come
    to the last day of their validity."""
    from django.db import connection, transaction

    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "INSERT INTO tiers_progressentry (member_id, metric, amount, business_on, source, idempotency_key, memo,"
            " occurred_at, recorded_at) SELECT id, 'spend', 2500, %s, 'late', 'late:' || id || ':' || %s, '', now(),"
            " now() FROM members_member WHERE id %% %s = 0",
            [DAY, time.time_ns(), BUYER],
        )
        cursor.execute(
            "UPDATE tiers_period SET valid_until = %s WHERE member_id %% %s = 1",
            [datetime(2026, 7, 1, 16, tzinfo=UTC), ENDING],
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tiers_period, tiers_progressentry")


if __name__ == "__main__":
    sys.exit(main())
