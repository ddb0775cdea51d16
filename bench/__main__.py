"""``python -m bench``: runs every benchmark, prints a table and writes ``bench/results.json``."""

import json
import sys
from pathlib import Path

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
        results = {"checkout": checkout.measure(data / "sale.sql")}
    # Fast and wrong is worth nothing: every ledger is proved after the last sale, and a difference ends the run.
    shop.manage("reconcile")
    results["checkout"]["reconcile"] = "clean"
    target = Path(__file__).parent / "results.json"
    target.write_text(json.dumps(results, indent=2) + "\n")
    figures = results["checkout"]
    for name, value in figures.items():
        sys.stdout.write(f"{name:24} {value}\n")
    must = {"ratio": figures["ratio"] >= 0.06, "confirm_ms_p99": figures["confirm_ms_p99"] <= 150}
    for name, holds in must.items():
        sys.stdout.write(f"{name:24} {'holds' if holds else 'DOES NOT HOLD'}\n")
    return 0 if all(must.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
