"""Facts about members that tiers offers to tags and filters."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    CharField,
    DateField,
    Exists,
    Expression,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext_lazy as _

from core.days import zone
from core.facts import Fact, Params
from tiers.models import Period, Tier, Track

# Ends are stored as the first instant after the last day.
_INSTANT = timedelta(microseconds=1)


def _held(kind: str) -> QuerySet[Period]:
    return Period.objects.filter(member=OuterRef("pk"), track__kind=kind, ends_at__isnull=True).order_by("track_id")


def held_tier(now: datetime, params: Params) -> Coalesce:
    """The code of the level of growth that a member holds; the base level's without a period."""
    base = Tier.objects.filter(track__kind=Track.Kind.GROWTH).order_by("rank")
    return Coalesce(
        Subquery(_held(Track.Kind.GROWTH).values("tier__code")[:1]),
        Subquery(base.values("code")[:1]),
        output_field=CharField(),
    )


def valid_until(now: datetime, params: Params) -> Expression:
    """The last day of the level of growth; empty where it has no end."""
    held = _held(Track.Kind.GROWTH).annotate(last=TruncDate(F("valid_until") - _INSTANT, tzinfo=zone()))
    return ExpressionWrapper(Subquery(held.values("last")[:1]), output_field=DateField())


def _on_track(kind: str) -> Callable[[datetime, Params], Expression]:
    """The code of the level held on a track of a kind, empty for who is not on it; what has an end counts until then.

    Of several card types of a kind the one that was made first.
    """

    def held(now: datetime, params: Params) -> Expression:
        lower = Tier.objects.filter(track_id=OuterRef("track_id"), rank__lt=OuterRef("tier__rank"))
        periods = _held(kind).filter(Exists(lower))
        if kind != Track.Kind.STORED:
            periods = periods.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=now))
        return ExpressionWrapper(Subquery(periods.values("tier__code")[:1]), output_field=CharField())

    return held


def _choices(kind: str) -> Callable[[], list[tuple[str, str]]]:
    """Codes and names of the levels of tracks of a kind, lowest first; not the one that means "not on this track"."""

    def choices() -> list[tuple[str, str]]:
        tiers = Tier.objects.filter(track__kind=kind).order_by("track_id", "rank")
        if kind != Track.Kind.GROWTH:
            tiers = tiers.filter(Exists(Tier.objects.filter(track_id=OuterRef("track_id"), rank__lt=OuterRef("rank"))))
        return [(tier.code, tier.label) for tier in tiers]

    return choices


def _card(kind: str, label: Any) -> Fact:
    return Fact(f"tiers.{kind}", label, "choice", _on_track(kind), choices=_choices(kind))


TIER = Fact("tiers.tier", _("Tier"), "choice", held_tier, choices=_choices(Track.Kind.GROWTH))
FACTS = (
    TIER,
    Fact("tiers.valid_until", _("Last day of the tier"), "date", valid_until),
    _card(Track.Kind.STORED, _("Tier by stored value")),
    _card(Track.Kind.PAID, _("Paid tier")),
    _card(Track.Kind.INVITED, _("Tier given by hand")),
)
