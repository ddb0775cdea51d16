"""What tags tells the doors of core and jobs at start."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from core import audit
from core.links import Link, register_member_panel, register_navigation
from jobs.registry import Job, Proof, register_job, register_proof
from tags import proofs, services


def register() -> None:
    """Audit labels, the nightly job, the proof, navigation and the member page's block."""
    for action, label in (
        ("tag.created", _("Tag created")),
        ("tag.changed", _("Tag changed")),
        ("tag.given", _("Tag given by hand")),
        ("tag.taken", _("Tag taken away by hand")),
    ):
        audit.register_action(action, label)
    register_job(
        Job(
            "tags.retag",
            _("Follow tag rules"),
            _("Gives automatic tags to members who fit and takes them from those who no longer do."),
            services.retag_all,
            time(1, 0),
        )
    )
    register_proof(Proof("tags.periods", _("Tags: no overlapping periods"), proofs.check_periods))
    register_navigation(Link("tags", "tags:tag-list", _("Tags"), "tags.view_tag", "tag", "members", 30))
    register_member_panel(Link("tags.panel", "tags:member-panel", _("Tags"), "tags.view_tag", "tag", order=10))
