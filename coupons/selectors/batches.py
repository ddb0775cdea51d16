"""Whom a batch reaches: the same conditions for the preview and for the work."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core import facts
from core.facts import InvalidRule
from coupons.models import Batch, Coupon, Template
from members.models import OPEN_STATUSES, Member
from tags.models import MemberTag, Tag
from tags.selectors import describe

SAMPLE = 20


@dataclass(frozen=True)
class BatchPreview:
    """How many members fit, how many of them would get a coupon, and who would not and why.

    ``fitting`` = ``members`` + ``frozen`` + ``at_limit`` + ``beyond_total``.
    """

    fitting: int
    members: int
    frozen: int
    at_limit: int
    beyond_total: int
    sample: list[Member]


def check_audience(audience: dict[str, Any]) -> None:
    """InvalidRule unless it is ``{}`` (everybody), ``{"tag": id}``, ``{"rule": rule}`` or both of the latter."""
    if set(audience) - {"tag", "rule"}:
        raise InvalidRule(_("The rule is not complete."))
    if "tag" in audience and not Tag.objects.filter(pk=audience["tag"]).exists():
        raise InvalidRule(_("There is no such tag."))
    if "rule" in audience:
        facts.validate(audience["rule"])


def audience_members(audience: dict[str, Any], at: datetime) -> QuerySet[Member]:
    """Active and frozen members of a valid audience at ``at``: registered by then, and tagged then."""
    members = Member.objects.filter(status__in=OPEN_STATUSES, registered_at__lte=at)
    if "tag" in audience:
        held = MemberTag.objects.filter(tag_id=audience["tag"], since__lte=at)
        members = members.filter(pk__in=held.filter(Q(until__isnull=True) | Q(until__gt=at)).values("member_id"))
    if "rule" in audience:
        annotations, condition = facts.compile_rule(audience["rule"], at)
        members = members.alias(**annotations).filter(condition)
    return members


def preview_batch(*, template: Template, audience: dict[str, Any], at: datetime) -> BatchPreview:
    """What a batch would do now. InvalidRule where the audience is not whole. Three statements at most."""
    check_audience(audience)
    members = audience_members(audience, at)
    free = Q(status=Member.Status.ACTIVE)
    if template.member_limit is not None:
        had = Coupon.objects.filter(template=template, member=OuterRef("pk")).exclude(status=Coupon.Status.VOID)
        count = had.order_by().values("member").annotate(count=Count("pk")).values("count")
        members = members.alias(had=Coalesce(Subquery(count), Value(0), output_field=IntegerField()))
        free &= Q(had__lt=template.member_limit)
    counted = members.aggregate(
        fitting=Count("pk"), frozen=Count("pk", filter=Q(status=Member.Status.FROZEN)), free=Count("pk", filter=free)
    )
    left = counted["free"] if template.total_limit is None else max(0, template.total_limit - template.issued_count)
    given = min(counted["free"], left)
    return BatchPreview(
        fitting=counted["fitting"],
        members=given,
        frozen=counted["frozen"],
        at_limit=counted["fitting"] - counted["frozen"] - counted["free"],
        beyond_total=counted["free"] - given,
        sample=list(members.filter(free).select_related("store").order_by("pk")[:SAMPLE]),
    )


def list_batches(*, status: str = "", template_id: int | None = None) -> QuerySet[Batch]:
    """All batches with their templates."""
    rows = Batch.objects.select_related("template", "actor")
    if status:
        rows = rows.filter(status=status)
    return rows if template_id is None else rows.filter(template_id=template_id)


def get_batch(pk: int) -> Batch:
    """One batch; Batch.DoesNotExist."""
    return Batch.objects.select_related("template", "actor", "store").get(pk=pk)


@dataclass(frozen=True)
class BatchCounts:
    """What became of the coupons of a batch."""

    unused: int
    redeemed: int
    expired: int
    void: int


def count_coupons(*, batch_id: int, at: datetime) -> BatchCounts:
    """One statement."""
    status = Coupon.Status
    counted = Coupon.objects.filter(batch_id=batch_id).aggregate(
        unused=Count("pk", filter=Q(status=status.ISSUED, valid_until__gt=at)),
        redeemed=Count("pk", filter=Q(status=status.REDEEMED)),
        expired=Count("pk", filter=Q(status=status.ISSUED, valid_until__lte=at)),
        void=Count("pk", filter=Q(status=status.VOID)),
    )
    return BatchCounts(**counted)


def describe_audience(audience: dict[str, Any]) -> str:
    """An audience in plain words."""
    parts = []
    if "tag" in audience:
        name = Tag.objects.filter(pk=audience["tag"]).values_list("name", flat=True).first()
        parts.append(_("Members with the tag %(tag)s") % {"tag": name or f"#{audience['tag']}"})
    if "rule" in audience:
        parts.append(describe(audience["rule"]))
    return pgettext("joins two conditions", ", ").join(parts) or _("All members")


def problem_text(problem: str) -> str:
    """Why a batch stopped by itself, in words."""
    texts = {
        "template_stopped": _("The coupon was paused or retired; start it again, then go on with the batch."),
        "dates_over": _("The dates of the coupon are over."),
    }
    return texts.get(problem, "")
