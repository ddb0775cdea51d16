"""A pass in a member's hands and its ledger."""

from datetime import date
from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import days
from core.ledger import LedgerEntry, append_only_triggers
from members.models import Member
from passes.models.plans import Plan, money_field
from stores.models import Staff, Store


class Pass(models.Model):
    """A pass that was sold: the contract as it was, and the cached sums of its entries.

    The row is the mutex of the pass (rules.md 0.3: after the member), because members with whom it is shared use it
    under a lock of their own. ``remaining`` is 0 for a pass by days; ``unused_value`` is the part of the price that no
    use has taken yet. ``tender`` says how it was paid: what came from stored value goes back there only (R-C6).
    """

    class Status(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("pass", "active")
        USED_UP = "used_up", _("used up")
        EXPIRED = "expired", pgettext_lazy("pass", "expired")
        REFUNDED = "refunded", _("refunded")
        VOIDED = "voided", _("voided")

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False, verbose_name=_("member"))
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+", verbose_name=_("plan"))
    name = models.CharField(_("name"), max_length=60)
    terms: Any = models.JSONField(_("terms"))
    product_ids = ArrayField(models.BigIntegerField(), verbose_name=_("goods and services"))
    store_ids = ArrayField(models.BigIntegerField(), verbose_name=_("stores"), default=list, blank=True)
    price = money_field(_("price"))
    paid_uses = models.PositiveSmallIntegerField(_("paid uses"))
    gift_uses = models.PositiveSmallIntegerField(_("free uses"))
    is_unlimited = models.BooleanField(_("as often as wanted"), default=False)
    unit_list_price = money_field(_("price of a single use"))
    is_shareable = models.BooleanField(_("may be shared"), default=False)
    remaining = models.IntegerField(_("uses left"))
    unused_value = money_field(_("unused value"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ACTIVE)
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", db_index=False, verbose_name=_("store"))
    actor = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("staff")
    )
    tender = models.CharField(_("paid by"), max_length=10, blank=True)
    contract_version = models.CharField(_("contract version"), max_length=20, blank=True)
    sold_at = models.DateTimeField(_("sold at"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=200, unique=True)

    class Meta:
        verbose_name = _("count pass")
        verbose_name_plural = _("count passes")
        default_permissions = ("view",)
        permissions = [
            ("export_pass", "Can download lists of count passes"),
            ("extend_pass", "Can extend count passes"),
            ("share_pass", "Can let other members use a count pass"),
            ("refund_pass", "Can ask for the refund of a count pass"),
            ("approve_refund", "Can approve refunds of count passes"),
            ("pay_refund", "Can pay refunds of count passes by bank"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="contract_is_fixed", exclude=["remaining", "unused_value", "expires_at", "status", "member"]
            ),
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0, unused_value__gte=0, price__gt=0), name="passes_pass_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(is_unlimited=False) | Q(remaining=0, expires_at__isnull=False),
                name="passes_pass_counts_uses_or_days",
            ),
            models.CheckConstraint(
                condition=Q(status="active") | Q(remaining=0, unused_value=0), name="passes_pass_closed_holds_nothing"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="passes_pass_of_member"),
            models.Index(fields=["store", "-id"], name="passes_pass_of_store"),
            models.Index(
                fields=["expires_at", "id"],
                condition=Q(status="active", expires_at__isnull=False),
                name="passes_pass_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"

    @property
    def total_uses(self) -> int:
        """Paid and free ones together; 0 for a pass by days."""
        return self.paid_uses + self.gift_uses

    @property
    def used(self) -> int:
        """Uses that are gone, whatever took them."""
        return self.total_uses - self.remaining

    @property
    def last_day(self) -> date | None:
        """The last shop day on which it can be used, None for no end."""
        return None if self.expires_at is None else days.last_day(self.expires_at)


class Entry(LedgerEntry):
    """One movement of a pass: ``uses`` and ``value`` signed, and both after it.

    ``list_amount`` is what the use would have cost without the pass; ``paid_out`` what a refund promised, which may
    differ from the value that it closes. ``is_agreed`` is the cashier's word that the member agreed to the use.
    """

    class Kind(models.TextChoices):
        SALE = "sale", _("sold")
        USE = "use", _("used")
        UNDO = "undo", _("use undone")
        EXTEND = "extend", _("extended")
        EXPIRE = "expire", pgettext_lazy("pass", "expired")
        REFUND = "refund", _("refunded")
        VOID = "void", _("sale voided")

    held = models.ForeignKey(Pass, models.PROTECT, related_name="+", db_index=False, verbose_name=_("count pass"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    uses = models.IntegerField(_("uses"))
    value = money_field(_("value"))
    remaining_after = models.IntegerField(_("uses left after"))
    value_after = money_field(_("unused value after"))
    list_amount = money_field(_("at list prices"), null=True, blank=True)
    paid_out = money_field(_("to be paid out"), null=True, blank=True)
    is_agreed = models.BooleanField(_("the member agreed"), default=False)
    user = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("used by")
    )
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("store")
    )
    actor = models.ForeignKey(
        Staff, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("staff")
    )

    class Meta(LedgerEntry.Meta):
        verbose_name = _("entry of a count pass")
        verbose_name_plural = _("entries of count passes")
        default_permissions = ("view",)
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining_after__gte=0, value_after__gte=0), name="passes_entry_after_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["sale", "undo", "extend"]) | Q(uses__gte=0, value__gte=0),
                name="passes_entry_credits_are_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["use", "expire", "refund", "void"]) | Q(uses__lte=0, value__lte=0),
                name="passes_entry_debits_are_not_positive",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["undo", "void"]) | Q(reverses__isnull=False),
                name="passes_entry_undoing_names_what_it_undoes",
            ),
            models.CheckConstraint(condition=~Q(kind="use") | Q(is_agreed=True), name="passes_entry_use_was_agreed"),
        ]
        indexes = [
            models.Index(fields=["held", "-id"], name="passes_entry_newest"),
            models.Index(fields=["store", "occurred_at"], name="passes_entry_by_store"),
            BrinIndex(fields=["recorded_at"], name="passes_entry_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uses:+} of pass #{self.held_id}"


class Sharer(models.Model):
    """Another member who may use the pass."""

    held = models.ForeignKey(Pass, models.PROTECT, related_name="sharers", verbose_name=_("count pass"))
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    added_at = models.DateTimeField(_("added at"))
    added_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("added by"))

    class Meta:
        verbose_name = _("sharer")
        verbose_name_plural = _("sharers")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["held", "member"], name="passes_sharer_once")]

    def __str__(self) -> str:
        return f"member #{self.member_id} on pass #{self.held_id}"
