"""``manage.py run_job NAME [--date D] [--json]`` and ``run_job --list``."""

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core import days
from jobs import registry, services
from jobs.models import Run


class Command(BaseCommand):
    """Runs one job here and now; safe to run again."""

    help = "Runs one job for a shop day (today if none is given) and prints its counts and seconds."

    def add_arguments(self, parser: Any) -> None:
        """Name and day."""
        parser.add_argument("name", nargs="?")
        parser.add_argument("--date", type=date.fromisoformat)
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument("--list", action="store_true", dest="as_list")

    def handle(
        self, *args: Any, name: str | None, date: date | None, as_json: bool, as_list: bool, **options: Any
    ) -> None:
        """List the names or run one."""
        if as_list:
            self.stdout.write("\n".join(registry.all_jobs()))
            return
        if not name:
            raise CommandError("Give the name of a job, or --list for all names.")
        at = timezone.now()
        try:
            run = services.run_job(name=name, day=date or days.local_day(at), actor=None, at=at)
        except services.UnknownJob as error:
            raise CommandError(str(error)) from error
        self._report(run, as_json)
        if run.status == Run.Status.FAILED:
            raise CommandError(run.error)

    def _report(self, run: Run, as_json: bool) -> None:
        counts = {"changed": 0, **run.counts}
        if as_json:
            line = {
                "job": run.job,
                "day": run.day.isoformat(),
                "status": run.status,
                **counts,
                "seconds": float(run.seconds or 0),
            }
            self.stdout.write(json.dumps(line))
            return
        figures = ", ".join(f"{name} {count}" for name, count in counts.items())
        self.stdout.write(f"{run.job} {run.day}: {run.status}, {figures}, {run.seconds} s")
