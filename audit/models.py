"""The audit trail and the keys of commands."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from core import audit
from core.ledger import AppendOnly, append_only_triggers
from stores.models import Staff, Store


class Record(AppendOnly):
    """Who did what to what, when, where and why. Personal data by id only."""

    action = models.CharField(_("action"), max_length=60)
    subject = models.CharField(_("subject"), max_length=100)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"))
    approver = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("approver"))
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    data: Any = models.JSONField(_("data"), default=dict)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(AppendOnly.Meta):
        verbose_name = _("audit record")
        verbose_name_plural = _("audit trail")
        permissions = [("export_record", "Can download the audit trail")]
        triggers = append_only_triggers()
        indexes = [
            models.Index(fields=["-occurred_at", "-id"], name="audit_record_newest"),
            models.Index(fields=["subject", "-id"], name="audit_record_subject"),
            models.Index(fields=["action", "-id"], name="audit_record_action"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    @property
    def label(self) -> str:
        """What people call the action."""
        return str(audit.labels().get(self.action, self.action))

    @property
    def details(self) -> str:
        """The data in one line."""
        return ", ".join(f"{name}: {value}" for name, value in self.data.items())


class Command(models.Model):
    """A mutating request: the same key with the same content gets the first result, other content is refused (0.4)."""

    name = models.CharField(max_length=60)
    key = models.UUIDField()
    request_hash = models.CharField(max_length=64)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    result: Any = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "key"], name="audit_command_key_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.key}"
