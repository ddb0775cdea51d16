"""R5, small: web workers killed with -9 while tills sell, on a real server with a database of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_basket_is_sold_exactly_once_though_workers_are_killed(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PATRON_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "bench.kill"],
        cwd=ROOT,
        env={**environment, "PATRON_BENCH_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    print(figures)  # noqa: T201 - the figure that the table of faults asks for
    assert figures["failures"] == []
    assert figures["kills"] > 3
    assert {name: figures[name] for name in ("acknowledged", "orders", "sold_baskets")} == {
        "acknowledged": 60,
        "orders": 60,
        "sold_baskets": 60,
    }
    assert {name: figures[name] for name in ("acknowledged_twice", "missing", "unacknowledged", "half_written")} == {
        "acknowledged_twice": 0,
        "missing": 0,
        "unacknowledged": 0,
        "half_written": 0,
    }
