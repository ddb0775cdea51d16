"""The document of a refund: how it was reckoned, and whether it was paid."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from passes.models.plans import money_field
from passes.models.sold import Entry, Pass
from stores.models import Staff, Store


class Refund(models.Model):
    """A pass that was closed against money. The entry has moved the ledger; this says what the customer gets and when.

    ``lawful`` and ``promised`` are the sums by law and by the shop's own promise; the better one is paid (R-W6).
    ``method`` is ``wallet`` for a pass that stored value had paid (R-C6), else bank or cash, once it is paid.
    """

    class Ground(models.TextChoices):
        COOLING_OFF = "cooling_off", _("within seven days of payment")
        MERCHANT = "merchant", _("not the customer's fault")
        CUSTOMER = "customer", _("the customer's own wish")

    class Status(models.TextChoices):
        DUE = "due", _("to be paid")
        PAID = "paid", _("paid")

    class Method(models.TextChoices):
        CASH = "cash", _("cash from the drawer")
        BANK = "bank", _("bank transfer")
        WALLET = "wallet", _("back to stored value")

    held = models.ForeignKey(Pass, models.PROTECT, related_name="+", verbose_name=_("count pass"))
    entry = models.OneToOneField(Entry, models.PROTECT, related_name="+")
    ground = models.CharField(_("ground"), max_length=12, choices=Ground.choices)
    article = models.CharField(_("article"), max_length=20)
    formula = models.CharField(_("formula"), max_length=200)
    lawful = money_field(_("by law"))
    promised = money_field(_("by our promise"))
    amount = money_field(_("amount"))
    reason = models.CharField(_("reason"), max_length=500)
    status = models.CharField(_("status"), max_length=5, choices=Status.choices, default=Status.DUE)
    due_on = models.DateField(_("to be paid by"))
    method = models.CharField(_("paid by"), max_length=10, choices=Method.choices, blank=True)
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    paid_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("paid out by")
    )
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    requested_by = models.ForeignKey(Staff, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    approved_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    created_at = models.DateTimeField(_("refunded at"))

    class Meta:
        verbose_name = _("refund of a count pass")
        verbose_name_plural = _("refunds of count passes")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(lawful__gte=0, promised__gte=0, amount__gte=0), name="passes_refund_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(status="due", paid_at__isnull=True) | Q(status="paid", paid_at__isnull=False),
                name="passes_refund_paid_has_a_time",
            ),
        ]
        indexes = [models.Index(fields=["due_on"], condition=Q(status="due"), name="passes_refund_due")]

    def __str__(self) -> str:
        return f"refund of pass #{self.held_id}"

    def methods(self) -> list[tuple[str, Any]]:
        """How it may be paid: what stored value had paid goes back there, and nothing else does (R-C6)."""
        wallet = self.Method.WALLET
        return [
            (value, label) for value, label in self.Method.choices if (value == wallet) == (self.held.tender == wallet)
        ]
