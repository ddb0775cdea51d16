"""Labels on members, by hand or by a rule over facts, and the history of who had which when (rules.md 5)."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models import Member
from stores.models import Staff, Store


class Tag(models.Model):
    """A label. An automatic one follows its rule every night and after a purchase; a manual one only people."""

    class Kind(models.TextChoices):
        MANUAL = "manual", _("by hand")
        AUTOMATIC = "automatic", _("automatic")

    class Colour(models.TextChoices):
        NEUTRAL = "neutral", _("grey")
        ACCENT = "accent", _("blue")
        INFO = "info", _("light blue")
        SUCCESS = "success", _("green")
        WARNING = "warning", _("amber")
        DANGER = "danger", _("red")

    name = models.CharField(_("name"), max_length=40, unique=True)
    description = models.CharField(_("description"), max_length=200, blank=True)
    colour = models.CharField(_("colour"), max_length=10, choices=Colour.choices, default=Colour.NEUTRAL)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.MANUAL)
    rule: Any = models.JSONField(_("rule"), null=True, blank=True)
    rule_version = models.PositiveIntegerField(_("version of the rule"), default=1)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        permissions = [("assign_tag", "Can give and take tags by hand")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="manual", rule__isnull=True) | Q(kind="automatic", rule__isnull=False),
                name="tags_tag_rule_fits_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MemberTag(models.Model):
    """A member has a tag from ``since`` until ``until``; open while that is empty. Closed rows are the history."""

    class Source(models.TextChoices):
        MANUAL = "manual", _("by hand")
        RULE = "rule", _("by the rule")

    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=Source.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    rule_version = models.PositiveIntegerField(null=True)
    actor = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["member", "tag"], condition=Q(until__isnull=True), name="tags_membertag_one_open"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="tags_membertag_not_backwards"
            ),
        ]
        indexes = [
            models.Index(fields=["tag", "member"], condition=Q(until__isnull=True), name="tags_membertag_of_tag"),
            models.Index(fields=["member", "-since"], name="tags_membertag_history"),
        ]

    def __str__(self) -> str:
        return f"tag #{self.tag_id} of member #{self.member_id}"
