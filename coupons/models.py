"""Coupon templates, the coupons given out, and the append-only history of each coupon."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ledger import LedgerEntry, append_only_triggers
from members.models import Member
from stores.models import Staff, Store


class Template(models.Model):
    """What coupons of one sort promise. Changed terms raise ``version``; coupons keep what they were issued with."""

    class Kind(models.TextChoices):
        AMOUNT_OFF = "amount_off", _("amount off")

    class Validity(models.TextChoices):
        FIXED = "fixed", _("fixed dates")
        DAYS = "days", _("days from receipt")

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("coupon template", "draft")
        ACTIVE = "active", pgettext_lazy("coupon template", "active")
        PAUSED = "paused", pgettext_lazy("coupon template", "paused")
        RETIRED = "retired", pgettext_lazy("coupon template", "retired")

    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.AMOUNT_OFF)
    amount = models.DecimalField(_("amount off"), max_digits=14, decimal_places=2)
    threshold = models.DecimalField(_("from an amount of"), max_digits=14, decimal_places=2, default=0)
    stacks_with_tier = models.BooleanField(_("together with the tier discount"), default=True)
    stacks_with_points = models.BooleanField(_("together with points"), default=True)
    validity = models.CharField(_("validity"), max_length=10, choices=Validity.choices, default=Validity.DAYS)
    starts_on = models.DateField(_("valid from"), null=True, blank=True)
    through_on = models.DateField(_("valid through"), null=True, blank=True)
    valid_days = models.PositiveSmallIntegerField(_("valid for days"), null=True, blank=True)
    starts_next_day = models.BooleanField(_("starts the day after receipt"), default=False)
    total_limit = models.PositiveIntegerField(_("coupons in all"), null=True, blank=True)
    member_limit = models.PositiveSmallIntegerField(_("coupons per member"), null=True, blank=True)
    is_usable_while_stopped = models.BooleanField(_("stays usable while paused or retired"), default=True)
    issued_count = models.PositiveIntegerField(_("issued"), default=0, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("coupon template")
        verbose_name_plural = _("coupon templates")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="coupons_template_amount_positive"),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="coupons_template_threshold_not_negative"),
            models.CheckConstraint(
                condition=Q(total_limit__isnull=True) | Q(issued_count__lte=F("total_limit")),
                name="coupons_template_issued_within_limit",
            ),
            models.CheckConstraint(
                # NULL would let a CHECK pass, so that every column is asked for explicitly.
                condition=Q(validity="days", valid_days__isnull=False, valid_days__gte=1)
                | Q(validity="fixed", starts_on__isnull=False, through_on__isnull=False)
                & Q(through_on__gte=F("starts_on")),
                name="coupons_template_validity_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_stopped(self) -> bool:
        """Whether coupons already given out cannot be used either (R-K5)."""
        return self.status != self.Status.ACTIVE and not self.is_usable_while_stopped


class Coupon(models.Model):
    """One coupon. ``status`` caches the last event; expiry is never stored but computed by ``at < valid_until``."""

    class Status(models.TextChoices):
        ISSUED = "issued", pgettext_lazy("coupon", "issued")
        REDEEMED = "redeemed", pgettext_lazy("coupon", "redeemed")
        VOID = "void", pgettext_lazy("coupon", "void")

    template = models.ForeignKey(Template, models.PROTECT, related_name="coupons", verbose_name=_("template"))
    terms: Any = models.JSONField(_("terms"))
    code = models.CharField(_("coupon code"), max_length=20, unique=True)
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ISSUED)
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until"))
    source = models.CharField(_("source"), max_length=100)
    issued_at = models.DateTimeField(_("issued at"))
    idempotency_key = models.CharField(_("idempotency key"), max_length=200, unique=True)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        permissions = [("issue_coupon", "Can give coupons to members"), ("void_coupon", "Can void coupons")]
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name="coupons_coupon_validity_whole"),
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{20}$"), name="coupons_coupon_code_is_digits"),
            models.CheckConstraint(
                condition=Q(status__in=["issued", "redeemed", "void"]), name="coupons_coupon_status_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "valid_until"], condition=Q(status="issued"), name="coupons_coupon_open_of_member"
            ),
            models.Index(fields=["member", "-issued_at", "-id"], name="coupons_coupon_member_newest"),
            models.Index(fields=["template", "member"], name="coupons_coupon_per_member"),
        ]

    def __str__(self) -> str:
        return f"coupon #{self.pk} {self.status}"


class Event(LedgerEntry):
    """What happened to a coupon. ``amount`` is the discount given (a return takes it back); the sum is what it cost.

    ``valid_until`` is the coupon's end after the event, so that a grace period given on return can be explained.
    """

    class Kind(models.TextChoices):
        ISSUED = "issued", pgettext_lazy("coupon", "issued")
        REDEEMED = "redeemed", pgettext_lazy("coupon", "redeemed")
        RETURNED = "returned", pgettext_lazy("coupon", "returned")
        VOIDED = "voided", pgettext_lazy("coupon", "voided")

    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="events", verbose_name=_("coupon"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    amount = models.DecimalField(_("discount"), max_digits=14, decimal_places=2, default=0)
    valid_until = models.DateTimeField(_("valid until"))
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"))

    class Meta(LedgerEntry.Meta):
        verbose_name = _("coupon event")
        verbose_name_plural = _("coupon events")
        triggers = append_only_triggers()
        constraints = [
            models.UniqueConstraint(fields=["coupon"], condition=Q(kind="issued"), name="coupons_event_issued_once"),
            models.UniqueConstraint(fields=["coupon"], condition=Q(kind="voided"), name="coupons_event_voided_once"),
            models.CheckConstraint(
                condition=Q(kind="redeemed", amount__gt=0)
                | Q(kind="returned", amount__lt=0, reverses__isnull=False)
                | Q(kind__in=["issued", "voided"], amount=0),
                name="coupons_event_amount_fits_kind",
            ),
        ]
        indexes = [models.Index(fields=["coupon", "id"], name="coupons_event_of_coupon")]

    def __str__(self) -> str:
        return f"{self.kind} coupon #{self.coupon_id}"
