"""The coupons given out, and the append-only history of each."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ledger import LedgerEntry, append_only_triggers
from coupons.models.templates import Template, TemplateVersion
from members.models import Member
from stores.models import Staff, Store


class Coupon(models.Model):
    """One coupon. ``status`` and ``uses_left`` cache the events; expiry is never stored but ``at < valid_until``.

    ``terms_version`` is what was promised when it was issued. Redeemed once no use is left.
    """

    class Status(models.TextChoices):
        ISSUED = "issued", pgettext_lazy("coupon", "issued")
        REDEEMED = "redeemed", pgettext_lazy("coupon", "redeemed")
        VOID = "void", pgettext_lazy("coupon", "void")

    template = models.ForeignKey(Template, models.PROTECT, related_name="coupons", verbose_name=_("template"))
    terms_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="+", verbose_name=_("version"), db_index=False
    )
    uses_left = models.PositiveSmallIntegerField(_("uses left"), default=1, db_default=1)
    code = models.CharField(_("coupon code"), max_length=20, unique=True)
    member = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("member")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.ISSUED)
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until"))
    source = models.CharField(_("source"), max_length=100)
    issued_at = models.DateTimeField(_("issued at"))
    batch = models.ForeignKey(
        "coupons.Batch", models.PROTECT, null=True, blank=True, related_name="coupons", verbose_name=_("batch")
    )
    offer = models.ForeignKey(
        "coupons.Offer", models.PROTECT, null=True, blank=True, related_name="coupons", verbose_name=_("claim offer")
    )
    idempotency_key = models.CharField(_("idempotency key"), max_length=200, unique=True)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        permissions = [
            ("issue_coupon", "Can give coupons to members"),
            ("void_coupon", "Can void coupons"),
            ("export_coupon", "Can download coupon lists"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name="coupons_coupon_validity_whole"),
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9]{20}$"), name="coupons_coupon_code_is_digits"),
            models.CheckConstraint(
                condition=Q(status="issued", uses_left__gte=1) | Q(status="redeemed", uses_left=0) | Q(status="void"),
                name="coupons_coupon_status_fits_uses",
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

    A coupon for more points gives no discount: its uses are of 0. ``moved``: the member was merged into another one,
    and the source says from whom it came.

    ``valid_until`` is the coupon's end after the event, so that a grace period given on return can be explained.
    """

    class Kind(models.TextChoices):
        ISSUED = "issued", pgettext_lazy("coupon", "issued")
        REDEEMED = "redeemed", pgettext_lazy("coupon", "redeemed")
        RETURNED = "returned", pgettext_lazy("coupon", "returned")
        VOIDED = "voided", pgettext_lazy("coupon", "voided")
        MOVED = "moved", pgettext_lazy("coupon", "moved")

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
                condition=Q(kind="redeemed", amount__gte=0)
                | Q(kind="returned", amount__lte=0, reverses__isnull=False)
                | Q(kind__in=["issued", "voided", "moved"], amount=0),
                name="coupons_event_amount_fits_kind",
            ),
        ]
        indexes = [models.Index(fields=["coupon", "id"], name="coupons_event_of_coupon")]

    def __str__(self) -> str:
        return f"{self.kind} coupon #{self.coupon_id}"
