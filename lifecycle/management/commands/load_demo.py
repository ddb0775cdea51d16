"""``manage.py load_demo``: the small demo chain with a year of history."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lifecycle.services import demo


class Command(BaseCommand):
    """See the module."""

    help = "Loads a small made-up chain with a year of sales; running it again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For scripts."""
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Load and say what was made. Refused where the log-ins that everybody knows would be a danger."""
        if not settings.DEMO:
            raise CommandError("Demo data have known passwords. Set PATRON_DEMO=True to load them.")
        started = time.monotonic()
        counts = demo.load(at=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps(counts))
            return
        self.stdout.write(f"{counts}, {time.monotonic() - started:.1f} s")
