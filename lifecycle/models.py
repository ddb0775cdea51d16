"""What was brought in from outside, when, by whom and with what result."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.models import Staff, Store


class ImportRun(models.Model):
    """One file on its way in: uploaded, checked (nothing is written), then imported as a whole or left.

    The file is kept in a private folder until it is imported or dropped. ``source`` names the other system:
    ``(source, external id)`` is what makes a second run create nothing.
    """

    class Kind(models.TextChoices):
        MEMBERS = "members", _("members")
        PRODUCTS = "products", _("products")
        ORDERS = "orders", pgettext_lazy("import", "orders")

    class Status(models.TextChoices):
        CHECKING = "checking", _("being checked")
        READY = "ready", _("checked, ready to import")
        REFUSED = "refused", _("has errors")
        IMPORTING = "importing", _("being imported")
        IMPORTED = "imported", _("imported")
        FAILED = "failed", _("failed")
        DROPPED = "dropped", _("dropped")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    source = models.CharField(_("source"), max_length=40)
    file_name = models.CharField(_("file"), max_length=200)
    stored_name = models.CharField(max_length=80, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.CHECKING)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    expected_rows = models.PositiveIntegerField(_("expected rows"), null=True, blank=True)
    expected_total = models.DecimalField(_("expected total"), max_digits=14, decimal_places=2, null=True, blank=True)
    skips_bad_rows = models.BooleanField(_("import the good rows only"), default=False)
    counts: Any = models.JSONField(_("counts"), default=dict)
    errors: Any = models.JSONField(_("errors"), default=list)
    message = models.CharField(_("message"), max_length=500, blank=True)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("started by"))
    created_at = models.DateTimeField(_("uploaded"))
    checked_at = models.DateTimeField(_("checked at"), null=True)
    imported_at = models.DateTimeField(_("imported"), null=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [models.Index(fields=["-created_at", "-id"], name="lifecycle_import_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"

    @property
    def is_busy(self) -> bool:
        """A job is working on it."""
        return self.status in {self.Status.CHECKING, self.Status.IMPORTING}
