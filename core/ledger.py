"""What every append-only table shares: the guard in the database and the columns of an entry (rules.md 0.2)."""

from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _


def append_only_triggers() -> list[pgtrigger.Trigger]:
    """Triggers that refuse UPDATE, DELETE and TRUNCATE, for ``Meta.triggers`` of the concrete model."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="no_truncate",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func="RAISE EXCEPTION 'append-only table cannot be truncated';",
        ),
    ]


class AppendOnly(models.Model):
    """Rows are inserted and never changed; ``grant_roles`` takes UPDATE, DELETE and TRUNCATE from the application.

    Concrete models must set ``triggers = append_only_triggers()`` in their Meta; an architecture test checks it.
    """

    is_append_only: ClassVar[bool] = True

    class Meta:
        abstract = True


class LedgerEntry(AppendOnly):
    """The columns of one movement. Subclasses add the account, the signed amounts, balances after, store and actor."""

    source = models.CharField(_("source"), max_length=100, help_text="kind:id of what caused it, see core.links")
    idempotency_key = models.CharField(_("idempotency key"), max_length=200, unique=True)
    memo = models.CharField(_("memo"), max_length=200, blank=True)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    reverses: Any = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )

    class Meta(AppendOnly.Meta):
        abstract = True
