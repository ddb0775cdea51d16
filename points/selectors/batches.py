"""Whom a batch concerns and what it would move: the same conditions for the preview and for the work (R-P15)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from approvals.models import Request
from core import days
from members.models import OPEN_STATUSES, Member
from points import rules
from points.models import Batch, Lot
from points.selectors.balances import get_rules
from tags.models import MemberTag

EVERYBODY, TAGGED, LISTED = "all", "tag", "members"
ALL_LOTS, ENDING, GIVEN = "all", "ending", "given"
SAMPLE = 10


@dataclass(frozen=True)
class Criteria:
    """The filter of a batch as chosen; ``lots`` and ``day`` matter where points are cleared.

    ``ending`` are lots whose last day is ``day`` or earlier, ``given`` those that were given before ``day``.
    """

    who: str
    tag_id: int | None = None
    member_ids: tuple[int, ...] = ()
    lots: str = ALL_LOTS
    day: date | None = None

    def as_json(self) -> dict[str, Any]:
        """What :class:`points.models.Batch` keeps."""
        return {
            "who": self.who,
            "tag": self.tag_id,
            "members": list(self.member_ids),
            "lots": self.lots,
            "day": None if self.day is None else self.day.isoformat(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Criteria":
        """The way back."""
        day = stored.get("day")
        return cls(
            who=stored["who"],
            tag_id=stored.get("tag"),
            member_ids=tuple(stored.get("members") or ()),
            lots=stored.get("lots") or ALL_LOTS,
            day=None if not day else date.fromisoformat(day),
        )


@dataclass(frozen=True)
class Sample:
    """One member of a preview and the points that it would move for them."""

    member: Member
    points: int


@dataclass(frozen=True)
class BatchPreview:
    """How many members and points a batch would move now, what the points are worth, and some of the members."""

    members: int
    points: int
    worth: Decimal
    sample: list[Sample]


def batch_members(criteria: Criteria, cutoff_at: datetime) -> QuerySet[Member]:
    """Active and frozen members that were there at ``cutoff_at``; a tag counts for those who had it then."""
    members = Member.objects.filter(status__in=OPEN_STATUSES, registered_at__lte=cutoff_at)
    if criteria.who == TAGGED:
        held = MemberTag.objects.filter(
            Q(until__isnull=True) | Q(until__gt=cutoff_at), tag_id=criteria.tag_id or 0, since__lte=cutoff_at
        )
        return members.filter(pk__in=held.values("member_id"))
    if criteria.who == LISTED:
        return members.filter(pk__in=criteria.member_ids)
    return members


def batch_lots(criteria: Criteria, cutoff_at: datetime, at: datetime) -> QuerySet[Lot]:
    """The open lots that a clearing takes: pending ones too, never those credited after ``cutoff_at`` or ended."""
    lots = Lot.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=at),
        remaining__gt=0,
        entry__occurred_at__lte=cutoff_at,
        account_id__in=batch_members(criteria, cutoff_at).values("pk"),
    )
    if criteria.lots == ENDING and criteria.day is not None:
        lots = lots.filter(expires_at__lte=days.end_of(criteria.day))
    if criteria.lots == GIVEN and criteria.day is not None:
        lots = lots.filter(entry__occurred_at__lt=days.start_of(criteria.day))
    return lots


def preview_batch(
    *, kind: str, criteria: Criteria, points_each: int | None, cutoff_at: datetime, at: datetime
) -> BatchPreview:
    """What a batch would move at ``at``; a handful of statements however many members."""
    in_force = get_rules(at=at)
    if kind == Batch.Kind.GIFT:
        members = batch_members(criteria, cutoff_at)
        count = members.count()
        points = count * (points_each or 0)
        sample = [Sample(member, points_each or 0) for member in members.order_by("pk")[:SAMPLE]]
    else:
        lots = batch_lots(criteria, cutoff_at, at)
        sums = lots.aggregate(members=Count("account_id", distinct=True), points=Sum("remaining", default=0))
        count, points = sums["members"], sums["points"]
        rows = dict(
            lots.order_by("account_id")
            .values_list("account_id")
            .annotate(points=Sum("remaining"))
            .values_list("account_id", "points")[:SAMPLE]
        )
        found = Member.objects.in_bulk(list(rows))
        sample = [Sample(found[member_id], points) for member_id, points in rows.items()]
    return BatchPreview(count, points, rules.value_of(points, in_force.face_fen, in_force.face_points), sample)


def get_batch(batch_id: int) -> Batch:
    """One batch with its people; Batch.DoesNotExist."""
    return Batch.objects.select_related("created_by", "undone_by").get(pk=batch_id)


def find_approval(batch: Batch) -> Request | None:
    """Who agreed to a batch, and when; None while nobody has."""
    found = Request.objects.filter(subject=f"points-batch:{batch.pk}", status=Request.Status.APPROVED)
    return found.select_related("decided_by").first()


def list_batches(*, kind: str = "", status: str = "") -> QuerySet[Batch]:
    """Batches by kind and status, unordered, with who made them."""
    batches = Batch.objects.select_related("created_by")
    if kind:
        batches = batches.filter(kind=kind)
    return batches.filter(status=status) if status else batches


def find_members_by_number(numbers: list[str]) -> dict[str, Member]:
    """Members by member number, one statement; unknown numbers are missing."""
    return {member.number: member for member in Member.objects.filter(number__in=numbers)}
