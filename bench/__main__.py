"""``python -m bench``: runs every benchmark, prints a table and writes ``bench/results.json``."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import shop


def main() -> int:
    """Measure; exit 1 where a figure that must hold does not."""
    data = shop.prepare_environment()
    shop.manage("migrate", "--verbosity", "0")
    shop.manage("grant_roles")

    import os

    # The owner may create the rival's tables; the server under test signs in as the application.
    os.environ["PATRON_DATABASE_ROLE"] = "owner"
    import django

    import config.celery  # noqa: F401

    django.setup()
    os.environ.pop("PATRON_DATABASE_ROLE")
    from bench import checkout

    with shop.brokering(data):
        results: dict[str, Any] = {"checkout": checkout.measure(data / "sale.sql")}
    # Fast and wrong is worth nothing: every ledger is proved after the last sale, and a difference ends the run.
    shop.manage("reconcile")
    results["checkout"]["reconcile"] = "clean"
    results["expiry"] = alone("bench.expiry")
    results["tiers"] = alone("bench.tiers")
    results["coupons"] = alone("bench.coupons", "--rounds", "200")
    target = Path(__file__).parent / "results.json"
    target.write_text(json.dumps(results, indent=2) + "\n")
    figures = results["checkout"]
    for part in results.values():
        for name, value in part.items():
            sys.stdout.write(f"{name:24} {value}\n")
    must = {
        "ratio": figures["ratio"] >= 0.06,
        "confirm_ms_p99": figures["confirm_ms_p99"] <= 150,
        "expiry": not results["expiry"]["misses"],
        "tiers": not results["tiers"]["misses"],
        "coupons": not results["coupons"]["misses"],
    }
    for name, holds in must.items():
        sys.stdout.write(f"{name:24} {'holds' if holds else 'DOES NOT HOLD'}\n")
    return 0 if all(must.values()) else 1


def alone(module: str, *options: str) -> dict[str, Any]:
    """B1 on a million lots and B3 on 100,000 members, in a process and a database of its own each; by hand they take
    ten times as many. What takes no members has ``options`` of its own."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", module, *(options or ("--members", "100000"))],
        cwd=shop.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    sys.exit(main())
