"""What people ask of the jobs pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LenientDateField
from jobs import registry
from jobs.models import Run


class StartForm(forms.Form):
    """The shop day that a job shall run for; today if none is given."""

    day = LenientDateField(label=_("For day"), required=False)


def _job_choices() -> list[tuple[str, Any]]:
    return [("", _("all")), *((job.name, job.label) for job in registry.all_jobs().values())]


class RunFilterForm(forms.Form):
    """Which runs to list."""

    job = forms.ChoiceField(label=_("Job"), required=False, choices=_job_choices)
    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("all")), *Run.Status.choices])
