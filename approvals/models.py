"""Four eyes: who asked for what and why, what it would change, and who decided (rules.md 0.8)."""

import hashlib
import json
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from approvals.registry import Kind, all_kinds
from approvals.units import format_amount
from stores.models import Staff, Store


class Limit(models.Model):
    """Up to which amount a role may do a kind of thing alone: 0 always asks, empty never does.

    A role without a row has the kind's own default (``registry.Kind.limits``), and without that asks always. A person
    with several roles has the widest of their limits.
    """

    kind = models.CharField(_("kind"), max_length=60)
    role = models.CharField(_("role"), max_length=150)
    maximum = models.DecimalField(_("alone up to"), max_digits=14, decimal_places=2, null=True, blank=True)

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(fields=["kind", "role"], name="approvals_limit_once"),
            models.CheckConstraint(
                condition=Q(maximum__isnull=True) | Q(maximum__gte=0), name="approvals_limit_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.role}: {self.maximum}"


class Request(models.Model):
    """Something that was asked for. Nothing moves before it is approved, and an approval reserves nothing.

    ``payload`` is what the kind executes, ``figures`` what the preview said it would change; where they differ when it
    is approved, the new figures are stored and shown, and nothing is posted. ``result`` is ``kind:id`` of what came of
    it. ``within_limit`` marks what the requester was free to do alone; it is kept like the others.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        WITHIN_LIMIT = "within_limit", _("within the limit")

    kind = models.CharField(_("kind"), max_length=60)
    payload: Any = models.JSONField()
    subject = models.CharField(max_length=100, help_text="kind:id of what it is about, see core.links")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    figures: Any = models.JSONField()
    reason = models.CharField(_("reason"), max_length=500)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.PENDING)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    requested_by = models.ForeignKey(Staff, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    requested_at = models.DateTimeField(_("asked at"))
    decided_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    is_self_approved = models.BooleanField(_("approved by the requester"), default=False)
    result = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        default_permissions = ("view",)
        permissions = [("export_request", "Can download requests")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "within_limit"], decided_by__isnull=True)
                | Q(status__in=["approved", "refused", "withdrawn"], decided_by__isnull=False),
                name="approvals_request_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(is_self_approved=True) | ~Q(decided_by=F("requested_by")),
                name="approvals_request_never_approved_by_requester_unless_flagged",
            ),
        ]
        indexes = [
            models.Index(fields=["-id"], condition=Q(status="pending"), name="approvals_request_open"),
            models.Index(fields=["subject", "-id"], name="approvals_request_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def kind_or_none(self) -> Kind | None:
        """What was asked for; None where nobody offers it any more."""
        return all_kinds().get(self.kind)

    @property
    def label(self) -> str:
        """What people call the kind."""
        return self.kind if self.kind_or_none is None else str(self.kind_or_none.label)

    @property
    def amount_text(self) -> str:
        """The amount in the kind's unit."""
        return format_amount(self.kind_or_none, self.amount)

    @property
    def fingerprint(self) -> str:
        """A digest of what the approver is shown; it goes with the approval, see ``services.approve``."""
        text = json.dumps([f"{self.amount:.2f}", self.figures], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
