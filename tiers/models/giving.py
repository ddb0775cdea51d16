"""What a level gives besides a better price: packs of gifts at occasions, and services that are ticked when used."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ledger import AppendOnly, append_only_triggers
from gifts.models import Pack
from members.models import Member
from stores.models import Staff, Store
from tiers.models.tracks import Tier


class TierGift(models.Model):
    """A pack of a level at an occasion. Given once per member by key, whatever version the level has (R-T12, T09).

    ``is_pending`` holds an upgrade gift back until the return window is over, so that a revoked upgrade only cancels
    it; ``is_yearly`` gives it again in another calendar year; ``rolls_over`` lets an unused monthly gift of the month
    before still be taken.
    """

    class Occasion(models.TextChoices):
        UPGRADE = "upgrade", pgettext_lazy("tier gift", "on reaching the tier")
        MONTHLY = "monthly", pgettext_lazy("tier gift", "every month")
        BIRTHDAY = "birthday", pgettext_lazy("tier gift", "on the birthday")

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="gifts", verbose_name=_("tier"))
    occasion = models.CharField(_("occasion"), max_length=10, choices=Occasion.choices)
    pack = models.ForeignKey(Pack, models.PROTECT, related_name="+", verbose_name=_("pack"))
    is_pending = models.BooleanField(_("held back until the return window is over"), default=False)
    is_yearly = models.BooleanField(_("again in another year"), default=False)
    rolls_over = models.BooleanField(_("an unused one may be taken a month later"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("gift of a tier")
        verbose_name_plural = _("gifts of tiers")
        constraints = [
            models.UniqueConstraint(fields=["tier", "occasion", "pack"], name="tiers_gift_once"),
        ]

    def __str__(self) -> str:
        return f"{self.pack} of {self.tier}"


class PerkUse(AppendOnly):
    """A service of a level that a member has used, ticked by the staff. ``perk`` is its code in the version."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("member"))
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", verbose_name=_("tier"))
    perk = models.CharField(_("service"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    memo = models.CharField(_("memo"), max_length=200, blank=True)
    idempotency_key = models.CharField(max_length=200, unique=True)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store"))
    actor = models.ForeignKey(Staff, models.PROTECT, related_name="+", verbose_name=_("staff"))
    used_on = models.DateField(_("used on"))
    occurred_at = models.DateTimeField(_("used at"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    reverses: Any = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")

    class Meta(AppendOnly.Meta):
        verbose_name = _("service used")
        verbose_name_plural = _("services used")
        permissions = [("tick_perk", "Can tick services of tiers as used")]
        triggers = append_only_triggers()
        indexes = [models.Index(fields=["member", "perk", "used_on"], name="tiers_perk_use_of_member")]

    def __str__(self) -> str:
        return f"{self.name} of member #{self.member_id}"
