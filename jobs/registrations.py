"""What jobs tells the doors of core at start."""

from django.utils.translation import gettext_lazy as _

from core.links import Link, register_navigation


def register() -> None:
    """The page of the side navigation."""
    register_navigation(Link("jobs", "jobs:job-list", _("Jobs"), "jobs.view_run", "queue-list", "system", 230))
