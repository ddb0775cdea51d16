"""The outbox of jobs, the runs of nightly jobs and the results of proofs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from jobs import registry
from stores.models import Staff


class Outbox(models.Model):
    """A task asked for inside a transaction; delivered after commit, swept by beat if the broker was away."""

    task = models.CharField(max_length=100)
    arguments: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("queued task")
        verbose_name_plural = _("queued tasks")
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(done_at__isnull=True, failed_at__isnull=True),
                name="jobs_outbox_waiting",
            ),
            models.Index(
                fields=["-failed_at"],
                condition=models.Q(failed_at__isnull=False, done_at__isnull=True),
                name="jobs_outbox_failed",
            ),
            models.Index(fields=["done_at"], name="jobs_outbox_done"),
        ]

    def __str__(self) -> str:
        return f"{self.task} #{self.pk}"


class Run(models.Model):
    """One run of a job: when, how long, what it counted, what went wrong."""

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        LEFT = "left", _("left to another run")

    job = models.CharField(_("job"), max_length=60)
    day = models.DateField(_("for day"))
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.RUNNING)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    counts: Any = models.JSONField(_("counts"), default=dict)
    error = models.TextField(_("error"), blank=True)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("started by"))

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        permissions = [("start_job", "Can start a job now")]
        indexes = [models.Index(fields=["job", "-started_at"], name="jobs_run_newest")]

    def __str__(self) -> str:
        return f"{self.job} {self.day} {self.status}"

    @property
    def label(self) -> str:
        """What people call the job."""
        job = registry.all_jobs().get(self.job)
        return str(job.label) if job else self.job

    @property
    def named_counts(self) -> list[tuple[str, int]]:
        """The counts by what people call them."""
        return [(str(registry.COUNT_LABELS.get(name, name)), count) for name, count in self.counts.items()]

    @property
    def seconds(self) -> Decimal | None:
        """How long it took, to the millisecond; None while it runs."""
        if self.ended_at is None:
            return None
        return Decimal((self.ended_at - self.started_at) // timedelta(milliseconds=1)) / 1000


class ProofResult(models.Model):
    """What one proof found at one time."""

    proof = models.CharField(_("proof"), max_length=60)
    checked = models.BigIntegerField(_("checked"))
    difference_count = models.PositiveIntegerField(_("differences"))
    differences: Any = models.JSONField(_("the first differences"), default=list)
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    checked_at = models.DateTimeField(_("checked at"))

    class Meta:
        verbose_name = _("result of a proof")
        verbose_name_plural = _("results of proofs")
        indexes = [models.Index(fields=["proof", "-checked_at"], name="jobs_proofresult_newest")]

    def __str__(self) -> str:
        return f"{self.proof} {self.checked_at:%Y-%m-%d %H:%M}: {self.difference_count}"
