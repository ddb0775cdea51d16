"""``manage.py export REPORT --from D --to D [--store CODE] -o FILE.xlsx``: the same code as the download button."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from reports.periods import Period
from reports.selectors import allowed_stores
from reports.services import REPORTS


class Command(BaseCommand):
    """See the module."""

    help = "Writes a report as .xlsx and records it in the audit trail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which report, of which days and stores, and where to."""
        parser.add_argument("report", choices=sorted(REPORTS))
        parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="first business day")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True, help="last business day")
        parser.add_argument("--store", action="append", default=[], help="code of a store; may be repeated")
        parser.add_argument("-o", "--output", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file."""
        if options["last"] < options["first"]:
            raise CommandError("--to lies before --from")
        stores = allowed_stores(None, options["store"])
        unknown = set(options["store"]) - {store.code for store in stores}
        if unknown:
            raise CommandError(f"no such store: {', '.join(sorted(unknown))}")
        period = Period(options["first"], options["last"])
        path: Path = options["output"]
        with path.open("wb") as target:
            count = REPORTS[options["report"]](target, period=period, stores=stores, actor=None, at=timezone.now())
        self.stdout.write(f"{path}: {count} rows")
