"""``python -m bench.expiry [--members N]``: B1. Points expire among many lots, are killed half-way, and sales go on.

Every member has ten lots of which one is due. Measured in one run: the job's chunks against one plain statement over as
many lots, the longest chunk, the job killed with -9 half-way and finished by the next run with the balances that plain
SQL says, a second run that writes nothing, and what a till waits meanwhile. Prints one line of JSON.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from bench import shop
from bench.kill import GOODS, build
from bench.till import Browser

LOTS = 10
PLAIN = 50_000
SHOPPERS = 4_000
DAY = date(2026, 7, 1)


def main() -> int:
    """Build, measure, prove; exit 1 where a figure that must hold does not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=500_000)
    members = parser.parse_args().members
    data = shop.prepare_environment("expiry")
    shop.manage("migrate", "--verbosity", "0")
    shop.manage("grant_roles")
    os.environ["PATRON_DATABASE_ROLE"] = "owner"
    import django

    import config.celery  # noqa: F401

    django.setup()
    os.environ.pop("PATRON_DATABASE_ROLE")
    with shop.brokering(data), shop.serving() as (address, _server):
        figures = measure(members, address)
    holds = {
        "longest_chunk_s": figures["longest_chunk_s"] < 2,
        "lots_per_s": figures["lots_per_s"] >= 10_000,
        "of_plain_statement": figures["of_plain_statement"] >= 0.35,
        "same_result": figures["same_result"],
        "second_run_changed": figures["second_run_changed"] == 0,
        "left": figures["left"] == 0,
    }
    sys.stdout.write(json.dumps({**figures, "misses": [name for name, held in holds.items() if not held]}) + "\n")
    return 0 if all(holds.values()) else 1


def measure(members: int, address: str) -> dict[str, Any]:
    """All figures of one run on a fresh set of lots."""
    from django.utils import timezone

    from jobs.registry import all_proofs

    tills = build()
    _fill(members)
    at = timezone.now()
    expected = _expected()
    selling = Selling(address, tills[0])
    selling.start()
    time.sleep(8)
    quiet = selling.taken()
    plain = _plain_statement(at)
    selling.taken()
    killed = _kill_half_way(members)
    during_kill = selling.taken()
    chunks, changed, seconds = _finish(at)
    busy = selling.taken() + during_kill
    selling.stop()
    proofs = {name: len(proof.check()[1]) for name, proof in all_proofs().items() if name.startswith("points.")}
    rate = changed / seconds if seconds else 0.0
    return {
        "members": members,
        "lots": members * LOTS,
        "due": members,
        "killed_after_lots": killed,
        "finished_lots": changed,
        "lots_per_s": round(rate),
        "plain_lots_per_s": round(plain),
        "of_plain_statement": round(rate / plain, 2),
        "longest_chunk_s": round(max(chunks), 3),
        "chunks": len(chunks),
        "same_result": _balances() == expected,
        "left": _due_left(),
        "second_run_changed": _finish(at)[1],
        "sales": selling.count,
        "sale_ms_p50_quiet": _percentile(quiet, 50),
        "sale_ms_p99_quiet": _percentile(quiet, 99),
        "sale_ms_p50_meanwhile": _percentile(busy, 50),
        "sale_ms_p99_meanwhile": _percentile(busy, 99),
        "failures": selling.failures,
        "differences": sum(proofs.values()),
    }


def shopper(n: int) -> str:
    """The card number of the n-th member who shops."""
    from members.identity import member_number

    return member_number(90_000_000 + n)


def _fill(members: int) -> None:
    """Members with ten lots of ten points each, written by plain SQL: the way in is not what is measured here."""
    from django.db import connection, transaction

    from members.services import MemberData, create_member
    from stores.models import Store

    first = create_member(
        data=MemberData(name="Bench"),
        source="store",
        store=Store.objects.get(code="KILL"),
        actor=None,
        at=datetime.now().astimezone(),
    )
    with connection.cursor() as cursor, transaction.atomic():
        # Triggers of foreign keys would queue ten million checks.
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
        # Those who come to the till while points expire need a number with its check digit.
        cursor.executemany(
            "UPDATE members_member SET number = %s WHERE external_id = %s",
            [(shopper(n), f"bench{n}") for n in range(1, min(members, SHOPPERS) + 1)],
        )
        cursor.execute(_ENTRIES, [LOTS])
        cursor.execute(_LOTS)
        cursor.execute(
            "INSERT INTO points_account (member_id, balance, debt)"
            " SELECT id, %s, 0 FROM members_member WHERE external_id LIKE 'bench%%'",
            [LOTS * 10],
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE points_lot, points_entry, points_account, members_member")


_ENTRIES = """
INSERT INTO points_entry (account_id, kind, points, debt, balance_after, debt_after, computed, limited_by, source,
                          idempotency_key, memo, occurred_at, recorded_at)
SELECT m.id, 'earn', 10, 0, n * 10, 0, 10, '', 'bench', 'bench:' || m.id || ':' || n, '', '2026-01-05', '2026-01-05'
  FROM members_member m, generate_series(1, %s) n WHERE m.external_id LIKE 'bench%%' ORDER BY n, m.id
"""
_LOTS = """
INSERT INTO points_lot (account_id, entry_id, granted, remaining, expired, available_from, expires_at, source)
SELECT account_id, id, 10, 10, 0, '2026-01-05',
       CASE WHEN balance_after = 10 THEN timestamptz '2026-06-01' + (account_id %% 20) * interval '1 day'
            WHEN balance_after = 20 THEN NULL ELSE timestamptz '2030-01-01' END, 'bench'
  FROM points_entry WHERE source = 'bench'
""".replace("%%", "%")


def _expected() -> str:
    """The balances after the expiry, by plain SQL over what is due."""
    return _digest(
        "a.balance - (SELECT SUM(remaining) FROM points_lot l WHERE l.account_id = a.member_id AND"
        " l.remaining > 0 AND l.expires_at < '2026-07-01')"
    )


def _balances() -> str:
    """Of everybody but those who shopped meanwhile."""
    return _digest("a.balance")


def _digest(balance: str) -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT md5(string_agg(a.member_id || ':' || ({balance}), ',' ORDER BY a.member_id))"  # noqa: S608 - ours
            " FROM points_account a JOIN members_member m ON m.id = a.member_id WHERE m.number LIKE '8%'"
        )
        return str(cursor.fetchone()[0])


def _due_left() -> int:
    from points.models import Lot

    return Lot.objects.filter(remaining__gt=0, expires_at__lt=datetime(2026, 7, 1).astimezone()).count()


def _plain_statement(at: datetime) -> float:
    """Lots per second of the same work in one statement without chunks and locks, rolled back."""
    from django.db import transaction

    from points.models import Lot
    from points.services import expiry

    lots = list(Lot.objects.filter(remaining__gt=0, expires_at__lte=at).values_list("pk", flat=True)[:PLAIN])
    with transaction.atomic():
        began = time.perf_counter()
        expiry._expire(lots)
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return len(lots) / seconds


def _kill_half_way(members: int) -> int:
    """Start the job in a process of its own and kill it with -9 when half is done; how many lots it had finished."""
    job = subprocess.Popen(  # noqa: S603
        [sys.executable, "manage.py", "run_job", "points.expire", "--date", DAY.isoformat()],
        cwd=shop.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while job.poll() is None and _due_left() > members // 2:
        time.sleep(0.2)
    if job.poll() is not None:
        raise RuntimeError("the job ended before it could be killed")
    job.send_signal(signal.SIGKILL)
    job.wait()
    return members - _due_left()


def _finish(at: datetime) -> tuple[list[float], int, float]:
    """Run the job to its end: seconds of each chunk, lots, and seconds in all."""
    from points.services import expire_due

    chunks, changed, began = [0.0], 0, time.perf_counter()
    last = began
    for counts in expire_due(DAY, at):
        now = time.perf_counter()
        chunks.append(now - last)
        last, changed = now, counts["changed"]
    return chunks, changed, time.perf_counter() - began


@dataclass
class Selling:
    """A till that sells without pause and keeps how long each confirmation took."""

    address: str
    till: int
    times: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    count: int = 0
    is_over: bool = False
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self.thread = threading.Thread(target=self._sell, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """End after the sale in progress."""
        self.is_over = True
        if self.thread is not None:
            self.thread.join()

    def taken(self) -> list[float]:
        """Milliseconds of the sales since the last call."""
        taken, self.times = self.times, []
        return taken

    def _sell(self) -> None:
        browser = Browser(self.address)
        try:
            browser.log_in("bench", shop.PASSWORD)
            browser.bind(self.till)
            while not self.is_over:
                browser.scan(GOODS[self.count % len(GOODS)])
                shown = browser.scan(shopper(self.count % SHOPPERS + 1))
                began = time.perf_counter()
                browser.confirm(shown)
                self.times.append((time.perf_counter() - began) * 1000)
                self.count += 1
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}"[:300])


def _percentile(times: list[float], percent: int) -> float:
    ordered = sorted(times) or [0.0]
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


if __name__ == "__main__":
    sys.exit(main())
