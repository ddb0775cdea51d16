# ruff: noqa: N999 - people type the name of the command
"""``manage.py import members|products|orders FILE``: the same import as on the screen."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import DomainError
from lifecycle.models import ImportRun
from lifecycle.services.importing import Wish, import_file, summary
from lifecycle.services.reading import Report
from stores.models import Store


class Command(BaseCommand):
    """See the module."""

    help = "Imports a .csv or .xlsx: all or nothing, errors by row and column; the same file again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, from where, and whether only to check."""
        parser.add_argument("kind", choices=ImportRun.Kind.values)
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check only, write nothing")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")
        parser.add_argument("--source", default="file", help="name of the other system; ids are unique in it")
        parser.add_argument("--store", help="code of the store for members without one")
        parser.add_argument("--skip-bad", action="store_true", help="import the good rows although others are bad")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import or check, print totals and errors; exit 1 when rows were bad."""
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"{path} is not a file")
        wish = Wish(
            kind=options["kind"],
            source=options["source"],
            store=self._store(options["store"]),
            skips_bad_rows=options["skip_bad"],
        )
        writes = not options["dry_run"]
        try:
            report = import_file(path=path, wish=wish, writes=writes, actor=None, at=timezone.now())
        except DomainError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"ok": False, "error": str(error)}, ensure_ascii=False))
            raise CommandError(str(error)) from error
        is_written = writes and (report.is_clean or wish.skips_bad_rows)
        self._print(report, wish.kind, is_written, options)
        if not report.is_clean:
            sys.exit(1)

    def _print(self, report: Report, kind: str, is_written: bool, options: dict[str, Any]) -> None:
        for problem in report.errors:
            self.stderr.write(f"{problem.row}\t{problem.column}\t{problem.message}")
        totals = {"ok": report.is_clean, "written": is_written, **summary(report, kind)}
        if options["json"]:
            self.stdout.write(json.dumps(totals, ensure_ascii=False))
            return
        for name, value in totals.items():
            self.stdout.write(f"{name:10} {value}")

    def _store(self, code: str | None) -> Store | None:
        if code is None:
            return Store.objects.filter(is_active=True).order_by("code").first()
        store = Store.objects.filter(code=code).first()
        if store is None:
            raise CommandError(f"no store has the code {code}")
        return store
