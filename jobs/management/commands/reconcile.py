"""``manage.py reconcile [--json]``: proves the ledgers from their entries; exit 1 on any difference."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from jobs import services
from jobs.elapsed import Elapsed


class Command(BaseCommand):
    """Reads one snapshot and writes nothing."""

    help = "Proves every balance, lot, state and roll-forward from the entries; exit 1 on any difference."

    def add_arguments(self, parser: Any) -> None:
        """One option."""
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        """Prove, print, and tell by the exit code."""
        at = timezone.now()
        elapsed = Elapsed(at)
        outcomes = services.prove(at=at)
        if as_json:
            self._print_json(outcomes, elapsed.seconds())
        else:
            self._print(outcomes)
        if any(outcome.differences for outcome in outcomes):
            sys.exit(1)

    def _print_json(self, outcomes: list[services.Outcome], seconds: float) -> None:
        differences = [
            {"proof": outcome.proof, "subject": one.subject, "expected": one.expected, "found": one.found}
            for outcome in outcomes
            for one in outcome.differences
        ]
        line = {
            "ok": not differences,
            "checked": {outcome.proof: outcome.checked for outcome in outcomes},
            "differences": differences,
            "seconds": float(f"{seconds:.3f}"),
        }
        self.stdout.write(json.dumps(line, ensure_ascii=False))

    def _print(self, outcomes: list[services.Outcome]) -> None:
        for outcome in outcomes:
            verdict = f"{len(outcome.differences)} differ" if outcome.differences else "agree"
            self.stdout.write(f"{outcome.proof}: {outcome.checked} checked, {verdict} ({outcome.seconds:.2f} s)")
            for one in outcome.differences:
                self.stdout.write(f"  {one.subject}: expected {one.expected}, found {one.found}")
        total = sum(len(outcome.differences) for outcome in outcomes)
        self.stdout.write(f"{total} differences" if total else "Everything agrees.")
