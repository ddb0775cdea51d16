"""Coupon templates with their versions, and which coupons may be used together."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ledger import AppendOnly, append_only_triggers
from stores.models import Staff, Store


class StackCategory(models.Model):
    """A class of coupons for the question what may be used together (R-K6).

    ``order_limit`` is how many coupons of the class one order takes; an exclusive class is used alone. Two different
    classes combine where :class:`StackPair` says so.
    """

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=30)
    is_exclusive = models.BooleanField(_("used alone"), default=False)
    order_limit = models.PositiveSmallIntegerField(_("coupons per order"), default=1)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("coupon class")
        verbose_name_plural = _("coupon classes")
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[a-z][a-z0-9_]*$"), name="coupons_class_code_is_plain"),
            models.CheckConstraint(condition=Q(order_limit__gte=1, order_limit__lte=20), name="coupons_class_limit"),
        ]

    def __str__(self) -> str:
        return self.name


class StackPair(models.Model):
    """Two classes that may be used in one order; the one with the smaller id comes first."""

    first = models.ForeignKey(StackCategory, models.CASCADE, related_name="+")
    second = models.ForeignKey(StackCategory, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("coupon classes that combine")
        verbose_name_plural = _("coupon classes that combine")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="coupons_pair_once"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="coupons_pair_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} + {self.second_id}"


class Template(models.Model):
    """What coupons of one sort promise. Changed terms raise ``version``; coupons keep what they were issued with.

    Which columns a kind needs (the others are empty): ``amount_off`` amount; ``percent_off`` factor and maybe cap;
    ``fixed_price`` price and pieces (goods of the scope for that price each); ``exchange`` pieces (goods of the scope
    for nothing); ``nth_item`` buy_pieces and factor (after so many the next one at the factor); ``buy_get`` buy_pieces
    and pieces (so many free); ``recharge`` amount (bonus money on a recharge from the threshold on);
    ``points_multiple`` multiple; ``voucher`` uses (a service of the scope for nothing, so often).

    ``scope`` says which goods: lists of ids ``products``, ``categories`` (with what lies below), ``brands`` and the
    same with ``not_`` in front. ``conditions`` say when: ``stores`` (ids), ``channels``, ``weekdays`` (1 Monday to 7),
    ``from_time`` and ``to_time``, ``tiers`` (codes), ``tags`` (ids), ``first_order``, ``birthday_days`` (so many days
    around it; 0 the day itself). An empty list or a missing key asks nothing.
    """

    class Kind(models.TextChoices):
        AMOUNT_OFF = "amount_off", _("amount off")
        PERCENT_OFF = "percent_off", _("percent off")
        FIXED_PRICE = "fixed_price", _("fixed price")
        EXCHANGE = "exchange", _("free goods")
        NTH_ITEM = "nth_item", _("n-th piece cheaper")
        BUY_GET = "buy_get", _("buy some, get some free")
        RECHARGE = "recharge", _("more bonus on a recharge")
        POINTS_MULTIPLE = "points_multiple", _("more points")
        VOUCHER = "voucher", _("service voucher")

    class Validity(models.TextChoices):
        FIXED = "fixed", _("fixed dates")
        DAYS = "days", _("days from receipt")

    class Base(models.TextChoices):
        REMAINING = "remaining", _("what other coupons left")
        INITIAL = "initial", _("the amount before all coupons")

    class ThresholdBreak(models.TextChoices):
        KEEP = "keep", _("the rest keeps its discount")
        RECOMPUTE = "recompute", _("the rest is charged without it")

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("coupon template", "draft")
        ACTIVE = "active", pgettext_lazy("coupon template", "active")
        PAUSED = "paused", pgettext_lazy("coupon template", "paused")
        RETIRED = "retired", pgettext_lazy("coupon template", "retired")

    name = models.CharField(_("name"), max_length=60)
    description = models.CharField(_("words for the customer"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.AMOUNT_OFF)
    amount = models.DecimalField(_("amount off"), max_digits=14, decimal_places=2, null=True, blank=True)
    factor = models.DecimalField(_("discount factor"), max_digits=6, decimal_places=4, null=True, blank=True)
    cap = models.DecimalField(_("at most"), max_digits=14, decimal_places=2, null=True, blank=True)
    price = models.DecimalField(_("price"), max_digits=14, decimal_places=2, null=True, blank=True)
    pieces = models.PositiveSmallIntegerField(_("pieces"), null=True, blank=True)
    buy_pieces = models.PositiveSmallIntegerField(_("pieces to buy"), null=True, blank=True)
    multiple = models.DecimalField(_("points multiple"), max_digits=6, decimal_places=2, null=True, blank=True)
    uses = models.PositiveSmallIntegerField(_("uses"), default=1)
    threshold = models.DecimalField(_("from an amount of"), max_digits=14, decimal_places=2, default=0)
    scope: Any = models.JSONField(_("goods"), default=dict, blank=True)
    conditions: Any = models.JSONField(_("conditions"), default=dict, blank=True)
    stack_category = models.ForeignKey(
        StackCategory, models.PROTECT, related_name="templates", verbose_name=_("coupon class")
    )
    priority = models.SmallIntegerField(_("order of use"), default=0)
    base = models.CharField(_("reckoned from"), max_length=10, choices=Base.choices, default=Base.REMAINING)
    stacks_with_tier = models.BooleanField(_("together with the tier discount"), default=True)
    stacks_with_points = models.BooleanField(_("together with points"), default=True)
    validity = models.CharField(_("validity"), max_length=10, choices=Validity.choices, default=Validity.DAYS)
    starts_on = models.DateField(_("valid from"), null=True, blank=True)
    through_on = models.DateField(_("valid through"), null=True, blank=True)
    valid_days = models.PositiveSmallIntegerField(_("valid for days"), null=True, blank=True)
    starts_next_day = models.BooleanField(_("starts the day after receipt"), default=False)
    total_limit = models.PositiveIntegerField(_("coupons in all"), null=True, blank=True)
    member_limit = models.PositiveSmallIntegerField(_("coupons per member"), null=True, blank=True)
    redeem_limit = models.PositiveIntegerField(_("uses in all"), null=True, blank=True)
    member_day_limit = models.PositiveSmallIntegerField(_("uses per member and day"), null=True, blank=True)
    order_limit = models.PositiveSmallIntegerField(_("per order"), default=1)
    returns_on_refund = models.BooleanField(_("given back when all goods are returned"), default=True)
    return_grace_days = models.PositiveSmallIntegerField(_("days that a returned one lasts"), null=True, blank=True)
    threshold_break = models.CharField(
        _("when goods are returned below the amount"),
        max_length=10,
        choices=ThresholdBreak.choices,
        default=ThresholdBreak.KEEP,
    )
    is_usable_while_stopped = models.BooleanField(_("stays usable while paused or retired"), default=True)
    issued_count = models.PositiveIntegerField(_("issued"), default=0, editable=False)
    redeemed_count = models.PositiveIntegerField(_("uses"), default=0, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed at"), null=True, editable=False)

    class Meta:
        verbose_name = _("coupon template")
        verbose_name_plural = _("coupon templates")
        constraints = [
            # NULL would let a CHECK pass, so that every column is asked for explicitly.
            models.CheckConstraint(
                condition=Q(kind__in=["amount_off", "recharge"], amount__isnull=False, amount__gt=0)
                | Q(kind="percent_off", factor__isnull=False, factor__gte=0, factor__lt=1)
                | Q(kind="fixed_price", price__isnull=False, price__gte=0, pieces__isnull=False, pieces__gte=1)
                | Q(kind="exchange", pieces__isnull=False, pieces__gte=1)
                | Q(kind="nth_item", buy_pieces__isnull=False, buy_pieces__gte=1)
                & Q(factor__isnull=False, factor__gte=0, factor__lt=1)
                | Q(kind="buy_get", buy_pieces__isnull=False, buy_pieces__gte=1)
                & Q(pieces__isnull=False, pieces__gte=1)
                | Q(kind="points_multiple", multiple__isnull=False, multiple__gt=1)
                | Q(kind="voucher"),
                name="coupons_template_fits_kind",
            ),
            models.CheckConstraint(condition=Q(uses=1) | Q(kind="voucher", uses__gte=1), name="coupons_template_uses"),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="coupons_template_threshold_not_negative"),
            models.CheckConstraint(
                condition=Q(total_limit__isnull=True) | Q(issued_count__lte=F("total_limit")),
                name="coupons_template_issued_within_limit",
            ),
            models.CheckConstraint(
                condition=Q(redeem_limit__isnull=True) | Q(redeemed_count__lte=F("redeem_limit")),
                name="coupons_template_redeemed_within_limit",
            ),
            models.CheckConstraint(
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


class TemplateVersion(AppendOnly):
    """The terms of a template as they were: what its coupons keep (rules.md 0.5), and what versions differ in."""

    template = models.ForeignKey(Template, models.PROTECT, related_name="versions", verbose_name=_("template"))
    number = models.PositiveIntegerField(_("version"))
    terms: Any = models.JSONField(_("terms"))
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("staff"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(AppendOnly.Meta):
        verbose_name = _("version of a coupon template")
        verbose_name_plural = _("versions of coupon templates")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="coupons_version_once")]
        triggers = append_only_triggers()

    def __str__(self) -> str:
        return f"template #{self.template_id} v{self.number}"


class StoreLimit(models.Model):
    """How many uses of a template a store takes; ``used_count`` is changed by a conditional UPDATE only (R-K4)."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="store_limits")
    store = models.ForeignKey(Store, models.PROTECT, related_name="+", verbose_name=_("store"))
    limit = models.PositiveIntegerField(_("uses in this store"))
    used_count = models.PositiveIntegerField(_("uses"), default=0, editable=False)

    class Meta:
        verbose_name = _("uses of a coupon in a store")
        verbose_name_plural = _("uses of coupons in stores")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["template", "store"], name="coupons_store_limit_once"),
            models.CheckConstraint(condition=Q(used_count__lte=F("limit")), name="coupons_store_limit_kept"),
        ]

    def __str__(self) -> str:
        return f"{self.used_count}/{self.limit}"
