"""Packs: what is given without money, at an upgrade, on a birthday, on registration, with an order."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Product


class Pack(models.Model):
    """A named set of gifts. It may change freely: a grant keeps a snapshot of what was given. Never deleted."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)

    class Meta:
        verbose_name = _("gift pack")
        verbose_name_plural = _("gift packs")

    def __str__(self) -> str:
        return self.name


class PackItem(models.Model):
    """One part of a pack. ``quantity`` counts points, growth points, coupons, money or pieces, by ``kind``.

    ``template_id`` is a coupons.Template: its models are private to its app. ``days`` is how long bonus money lasts
    after the day it is given; empty for ever.
    """

    class Kind(models.TextChoices):
        POINTS = "points", _("bonus points")
        GROWTH = "growth", _("growth points")
        COUPON = "coupon", _("coupon")
        BONUS = "bonus", _("bonus money")
        GOODS = "goods", _("goods handed over")

    pack = models.ForeignKey(Pack, models.CASCADE, related_name="items", verbose_name=_("gift pack"))
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    quantity = models.DecimalField(_("how many"), max_digits=14, decimal_places=3)
    template_id = models.BigIntegerField(_("coupon"), null=True, blank=True)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")
    text = models.CharField(pgettext_lazy("gift package", "gift"), max_length=60, blank=True)
    days = models.PositiveSmallIntegerField(_("days that the bonus lasts"), null=True, blank=True)

    class Meta:
        verbose_name = _("part of a gift pack")
        verbose_name_plural = _("parts of gift packs")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["pack", "position"], name="gifts_pack_item_position_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="gifts_pack_item_quantity"),
            models.CheckConstraint(
                condition=Q(kind="coupon", template_id__isnull=False, product__isnull=True, text="")
                | Q(kind="goods", template_id__isnull=True, product__isnull=False, text="")
                | (Q(kind="goods", template_id__isnull=True, product__isnull=True) & ~Q(text=""))
                | Q(kind__in=["points", "growth", "bonus"], template_id__isnull=True, product__isnull=True, text=""),
                name="gifts_pack_item_fits_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"
