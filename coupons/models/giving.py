"""Giving coupons to many: batches to an audience, and offers that customers claim themselves."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from coupons.models.templates import Template
from stores.models import Staff, Store


class Batch(models.Model):
    """One coupon of a template for every member of an audience, given by a background job; nobody gets it twice.

    ``audience`` is ``{}`` for everybody, else ``{"tag": id}``, ``{"rule": a rule of core.facts}`` or both;
    ``after_member`` is how far the job has come (ids in order), so that a killed one goes on. A paused batch gives
    nothing; ``stops_use`` then also stops the coupons that it gave (R-K5). ``expected_count`` are all who fit: those
    who get one (``issued_count``) and those who are frozen or had enough (``skipped_count``).
    """

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("coupon batch", "draft")
        RUNNING = "running", pgettext_lazy("coupon batch", "running")
        PAUSED = "paused", pgettext_lazy("coupon batch", "paused")
        DONE = "done", pgettext_lazy("coupon batch", "done")
        CANCELLED = "cancelled", pgettext_lazy("coupon batch", "cancelled")
        VOIDED = "voided", pgettext_lazy("coupon batch", "voided")

    template = models.ForeignKey(Template, models.PROTECT, related_name="batches", verbose_name=_("template"))
    name = models.CharField(_("name"), max_length=60)
    audience: Any = models.JSONField(_("audience"), default=dict)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    stops_use = models.BooleanField(_("pausing stops use as well"), default=False)
    expected_count = models.PositiveIntegerField(_("members expected"), default=0)
    issued_count = models.PositiveIntegerField(_("issued"), default=0)
    skipped_count = models.PositiveIntegerField(_("left out"), default=0)
    after_member = models.BigIntegerField(default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("staff"))
    created_at = models.DateTimeField(_("created at"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("coupon batch")
        verbose_name_plural = _("coupon batches")
        indexes = [models.Index(fields=["-id"], name="coupons_batch_newest")]

    def __str__(self) -> str:
        return self.name


class Offer(models.Model):
    """A coupon that members claim: on its page, or with its code at the till.

    The code is 18 digits with a check digit, coupons have 20: one space of codes without a clash (R-K10).
    """

    template = models.ForeignKey(Template, models.PROTECT, related_name="offers", verbose_name=_("template"))
    name = models.CharField(_("name"), max_length=60)
    code = models.CharField(_("claim code"), max_length=18, unique=True)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    is_open = models.BooleanField(_("open"), default=True)
    claimed_count = models.PositiveIntegerField(_("claimed"), default=0)
    limit = models.PositiveIntegerField(_("claims in all"), null=True, blank=True)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("staff"))
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("claim offer")
        verbose_name_plural = _("claim offers")
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{18}$"), name="coupons_offer_code_is_digits"),
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | Q(claimed_count__lte=F("limit")), name="coupons_offer_within_limit"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="coupons_offer_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Tries(models.Model):
    """How often somebody tried a code in one stretch of time, so that codes cannot be guessed (R-K10).

    ``who`` is ``staff:<id>``, ``offer:<id>`` or ``address:<keyed hash>``: an address is never kept itself. Rows are
    counted up by one UPSERT and thrown away the next day.
    """

    who = models.CharField(max_length=100)
    since = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["who", "since"], name="coupons_tries_once")]
        indexes = [models.Index(fields=["since"], name="coupons_tries_oldest")]

    def __str__(self) -> str:
        return f"{self.who}: {self.count}"
