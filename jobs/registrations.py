"""What jobs tells the doors of core at start, and its own two jobs."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from core import audit, dashboard
from core.links import Link, register_navigation
from jobs.registry import Job, register_job
from jobs.services.proofs import reconcile
from jobs.services.tidying import tidy


def register() -> None:
    """Audit labels, the pages of the side navigation, the block of the home page and the jobs."""
    audit.register_action("job.started", _("Job started by hand"))
    audit.register_action("task.retried", _("Failed tasks retried"))
    register_navigation(Link("jobs", "jobs:job-list", _("Jobs"), "jobs.view_run", "queue-list", "system", 230))
    register_navigation(
        Link("proofs", "jobs:proof-list", _("Reconciliation"), "jobs.view_proofresult", "scale", "system", 235)
    )
    dashboard.register(
        dashboard.Tile("jobs", "jobs:state-detail", _("Background work"), "jobs.view_run", order=900, width=1)
    )
    register_job(
        Job(
            "jobs.reconcile",
            _("Reconciliation"),
            _("Recomputes every balance, lot and level from its entries and keeps what differs."),
            reconcile,
            time(3, 0),
        )
    )
    register_job(
        Job(
            "jobs.tidy",
            _("Tidying up"),
            _("Deletes delivered tasks after 30 days, keys of forms after 90, and what else is out of date."),
            tidy,
            time(3, 30),
        )
    )
