"""Trials: a draft of rules run over real history before anybody switches it on."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.models import Staff


class Trial(models.Model):
    """One run of a draft over the last ``days``; ``subject`` names the draft (``tier_draft:7``).

    ``digest`` is of the draft's content when the run began, so that a draft changed since is known to be untried.
    ``progress`` is in percent; ``result`` is in the form that its kind defines (:mod:`trials.registry`).
    """

    class Status(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("trial", "waiting")
        RUNNING = "running", pgettext_lazy("trial", "running")
        DONE = "done", pgettext_lazy("trial", "done")
        FAILED = "failed", pgettext_lazy("trial", "failed")
        CANCELLED = "cancelled", pgettext_lazy("trial", "cancelled")

    kind = models.CharField(_("kind"), max_length=40)
    subject = models.CharField(_("draft"), max_length=100)
    title = models.CharField(_("draft"), max_length=120)
    digest = models.CharField(max_length=64)
    days = models.PositiveSmallIntegerField(_("days of history"))
    parameters: Any = models.JSONField(default=dict, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.QUEUED)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0)
    result: Any = models.JSONField(default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked at"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("trial")
        verbose_name_plural = _("trials")
        constraints = [
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=1100), name="trials_trial_days"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="trials_trial_progress"),
        ]
        indexes = [models.Index(fields=["subject", "-id"], name="trials_trial_of_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.status}"
