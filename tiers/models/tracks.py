"""Tracks and levels with their dated versions, and the drafts that new versions are made from."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.ledger import AppendOnly, append_only_triggers
from stores.models import Staff
from tiers.rules import Thresholds, thresholds_from

# Levels that ship with the product: their Chinese names are data, shown in other languages by their code.
SHIPPED_NAMES = {"normal": "普通", "silver": "银卡", "gold": "金卡", "diamond": "钻石"}
SHIPPED_LABELS = {
    "normal": pgettext_lazy("tier", "Normal"),
    "silver": pgettext_lazy("tier", "Silver"),
    "gold": pgettext_lazy("tier", "Gold"),
    "diamond": pgettext_lazy("tier", "Diamond"),
}


class Track(models.Model):
    """A ladder of levels; a member holds exactly one level on each, the lowest without a period.

    The lowest level of the growth track is everybody's own; that of the others means "not on this track" and is never
    shown as a tier. Growth and stored tracks exist once; paid and invited ones as often as the shop has card types.
    """

    class Kind(models.TextChoices):
        GROWTH = "growth", pgettext_lazy("tier track", "growth")
        STORED = "stored", pgettext_lazy("tier track", "stored value")
        PAID = "paid", pgettext_lazy("tier track", "paid")
        INVITED = "invited", pgettext_lazy("tier track", "by hand")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=30, blank=True)

    class Meta:
        verbose_name = _("tier track")
        verbose_name_plural = _("tier tracks")
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(kind__in=["growth", "stored"]), name="tiers_track_kind_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["growth", "stored", "paid", "invited"]), name="tiers_track_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.get_kind_display()


class Tier(models.Model):
    """A level. The code is for rules and never changes; the lowest rank of a track is everybody's.

    A retired level is given to nobody any more and never deleted: who holds it keeps it until its validity ends.
    ``is_rechargeable`` False makes holders of the level (a gift card type, say) unable to recharge (checklist M14).
    """

    class Colour(models.TextChoices):
        """The badges of the design system."""

        GREY = "tier-0", _("grey")
        SILVER = "tier-1", _("silver")
        GOLD = "tier-2", _("gold")
        VIOLET = "tier-3", _("violet")
        TEAL = "tier-4", _("teal")
        BLACK = "tier-5", _("black")

    track = models.ForeignKey(Track, models.PROTECT, related_name="tiers", verbose_name=_("track"))
    rank = models.PositiveSmallIntegerField(_("rank"))
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=30)
    colour = models.CharField(_("colour"), max_length=10, choices=Colour.choices, default=Colour.GREY)
    is_rechargeable = models.BooleanField(_("may be recharged"), default=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        permissions = [("set_member_tier", "Can set the tier of a member by hand")]
        constraints = [
            models.UniqueConstraint(fields=["track", "rank"], name="tiers_tier_rank_once"),
            models.CheckConstraint(condition=Q(code__regex=r"^[a-z][a-z0-9_]*$"), name="tiers_tier_code_is_plain"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="code_is_immutable",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__code__df=pgtrigger.F("new__code")),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The owner's name; a shipped level that kept its name is translated."""
        if SHIPPED_NAMES.get(self.code) == self.name:
            return str(SHIPPED_LABELS[self.code])
        return self.name


class Version(AppendOnly):
    """Thresholds and benefits of a level from an instant on. Never edited: a newer one takes over (rules.md 0.10).

    One planned for the future is called off by another for the same instant, which then holds. ``keep`` says where who
    fails falls to; ``keep_rule`` what must be reached to keep the level, where that differs from ``thresholds``, and
    the rule of consecutive months (R-T5); ``validity`` a length of its own, not the window's. ``category_factors``
    are discounts of single categories by id as text, ``perks`` what the level gives besides money. The forms of the
    JSON columns are those of ``tiers.rules``.
    """

    class Keep(models.TextChoices):
        REQUALIFY = "requalify", _("re-earn it by the end of its validity")
        ONE_DOWN = "one_down", _("else fall one tier")
        TO_BASE = "to_base", _("else fall to the lowest tier")
        NEVER_FALLS = "never_falls", _("keep it for good")

    tier = models.ForeignKey(Tier, models.PROTECT, related_name="versions", verbose_name=_("tier"))
    effective_at = models.DateTimeField(_("effective from"))
    thresholds: Any = models.JSONField(_("thresholds"))
    keep = models.CharField(_("keeping"), max_length=20, choices=Keep.choices, default=Keep.REQUALIFY)
    discount_factor = models.DecimalField(_("discount factor"), max_digits=6, decimal_places=4, default=1)
    points_multiple = models.DecimalField(_("points multiple"), max_digits=6, decimal_places=2, default=1)
    keep_rule: Any = models.JSONField(_("keep rule"), default=dict, blank=True)
    validity: Any = models.JSONField(_("validity"), default=dict, blank=True)
    grace_days = models.PositiveSmallIntegerField(_("grace days"), default=0)
    category_factors: Any = models.JSONField(_("discounts of categories"), default=dict, blank=True)
    perks: Any = models.JSONField(_("services"), default=list, blank=True)
    draft: Any = models.ForeignKey(
        "tiers.Draft", models.PROTECT, null=True, blank=True, related_name="versions", verbose_name=_("draft")
    )
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"))
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)

    class Meta(AppendOnly.Meta):
        verbose_name = _("tier version")
        verbose_name_plural = _("tier versions")
        triggers = append_only_triggers()
        constraints = [
            models.CheckConstraint(
                condition=Q(discount_factor__gt=0, discount_factor__lte=1), name="tiers_version_factor_is_a_discount"
            ),
            models.CheckConstraint(
                condition=Q(points_multiple__gte=0, points_multiple__lte=100), name="tiers_version_multiple_in_range"
            ),
        ]
        indexes = [models.Index(fields=["tier", "-effective_at", "-id"], name="tiers_version_in_force")]

    def __str__(self) -> str:
        return f"{self.tier_id} v{self.pk}"

    @property
    def rule(self) -> Thresholds:
        """The thresholds as a value."""
        return thresholds_from(self.thresholds)


class Draft(models.Model):
    """Changed rules of a track that are still being thought about: tried on history, then activated or thrown away.

    ``levels`` holds the terms of every level that would change, by tier id as text, in the form of
    ``tiers.services.versions``. Activated drafts keep what they were.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("tier draft", "draft")
        ACTIVATED = "activated", pgettext_lazy("tier draft", "activated")
        DISCARDED = "discarded", pgettext_lazy("tier draft", "discarded")

    track = models.ForeignKey(Track, models.PROTECT, related_name="drafts", verbose_name=_("track"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    levels: Any = models.JSONField(_("tiers"), default=dict)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    effective_at = models.DateTimeField(_("effective from"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed at"))
    changed_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+", verbose_name=_("changed by"))

    class Meta:
        verbose_name = _("tier draft")
        verbose_name_plural = _("tier drafts")
        constraints = [
            models.UniqueConstraint(fields=["track"], condition=Q(status="open"), name="tiers_draft_one_open"),
        ]

    def __str__(self) -> str:
        return f"draft #{self.pk} {self.status}"
