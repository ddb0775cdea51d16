"""Tracks and levels: making them, naming them, taking them out of use. Neither is ever deleted."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from stores.models import Staff
from tiers.models import Tier, Track, Version
from tiers.selectors import is_base
from tiers.services.versions import add_version

#: The gap that new levels leave between ranks, so that another fits in later.
STEP = 10
CARD_KINDS = (Track.Kind.PAID, Track.Kind.INVITED)


class InvalidTier(DomainError):
    """A track or level that cannot be made, named or retired so."""


@transaction.atomic
def create_card_type(
    *,
    kind: str,
    code: str,
    name: str,
    colour: str,
    discount_factor: Decimal,
    points_multiple: Decimal,
    is_rechargeable: bool,
    valid_months: int | None,
    actor: Staff | None,
    at: datetime,
) -> Tier:
    """A track of its own that is bought or given by hand, with one level: a card type with a discount and a points
    ratio of its own, perhaps one that cannot be recharged or lasts a time (M13, M14). It gives its benefits at once:
    nobody holds it yet, so there is nothing to try first. InvalidTier where the code is taken.
    """
    if kind not in CARD_KINDS:
        raise InvalidTier(_("Only card types that are bought or given by hand can be made."))
    _refuse_taken(code)
    track = Track.objects.create(kind=kind, code=code, name=name.strip())
    base = Tier.objects.create(track=track, rank=0, code=f"no_{code}", name="—")
    tier = Tier.objects.create(
        track=track, rank=STEP, code=code, name=name.strip(), colour=colour, is_rechargeable=is_rechargeable
    )
    audit.record("tier.track_created", actor=actor, subject=f"tier:{tier.pk}", at=at, kind=kind, code=code, name=name)
    add_version(tier=base, keep=Version.Keep.NEVER_FALLS, effective_at=at, actor=actor, at=at)
    add_version(
        tier=tier,
        keep=Version.Keep.NEVER_FALLS,
        discount_factor=discount_factor,
        points_multiple=points_multiple,
        validity={} if valid_months is None else {"months": valid_months},
        effective_at=at,
        actor=actor,
        at=at,
    )
    return tier


def _refuse_taken(code: str) -> None:
    if Tier.objects.filter(code__in=[code, f"no_{code}"]).exists() or Track.objects.filter(code=code).exists():
        raise InvalidTier(_("Another tier has this code."))


@transaction.atomic
def create_tier(
    *,
    track_id: int,
    above_id: int,
    code: str,
    name: str,
    colour: str,
    is_rechargeable: bool,
    actor: Staff | None,
    at: datetime,
) -> Tier:
    """A level right above another of its track. Nobody gets it before a draft with its rules is activated."""
    track = Track.objects.select_for_update(no_key=True).get(pk=track_id)
    _refuse_taken(code)
    tier = Tier.objects.create(
        track=track,
        rank=_rank_above(track, above_id),
        code=code,
        name=name.strip(),
        colour=colour,
        is_rechargeable=is_rechargeable,
    )
    audit.record("tier.created", actor=actor, subject=f"tier:{tier.pk}", at=at, code=code, name=name, rank=tier.rank)
    return tier


def _rank_above(track: Track, above_id: int) -> int:
    """A free rank between a level and the next one; levels above move up where there is none."""
    below = Tier.objects.get(pk=above_id, track=track).rank
    higher = Tier.objects.filter(track=track, rank__gt=below).order_by("rank")
    following = higher.first()
    if following is None:
        return below + STEP
    if following.rank - below > 1:
        return below + (following.rank - below) // 2
    # From the highest down, so that no two share a rank at any moment.
    for tier in higher.order_by("-rank"):
        tier.rank += STEP
        tier.save(update_fields=["rank"])
    return below + STEP // 2


@transaction.atomic
def rename_track(*, track_id: int, name: str, actor: Staff | None, at: datetime) -> Track:
    """Change what a track is called; without a name it goes by its kind."""
    track = Track.objects.select_for_update(no_key=True).get(pk=track_id)
    before, track.name = track.name, name.strip()
    track.save(update_fields=["name"])
    audit.record(
        "tier.track_renamed", actor=actor, subject=f"tier-track:{track.pk}", at=at, before=before, after=track.name
    )
    return track


@transaction.atomic
def save_tier(
    *, tier_id: int, name: str, colour: str, is_rechargeable: bool, actor: Staff | None, at: datetime
) -> Tier:
    """Change what a level is called, its colour and whether its holders may recharge; the code stays (rules are
    written with it)."""
    tier = Tier.objects.select_for_update(no_key=True).get(pk=tier_id)
    if not name.strip():
        raise InvalidTier(_("A tier needs a name."))
    before = {"name": tier.name, "colour": tier.colour, "is_rechargeable": tier.is_rechargeable}
    tier.name, tier.colour, tier.is_rechargeable = name.strip(), colour, is_rechargeable
    tier.save(update_fields=["name", "colour", "is_rechargeable"])
    audit.record(
        "tier.renamed",
        actor=actor,
        subject=f"tier:{tier.pk}",
        at=at,
        before=before,
        after={"name": tier.name, "colour": tier.colour, "is_rechargeable": tier.is_rechargeable},
    )
    return tier


@transaction.atomic
def set_retired(*, tier_id: int, retired: bool, actor: Staff | None, at: datetime) -> Tier:
    """Take a level out of use: nobody gets it any more, who holds it keeps it until its validity ends. It can be
    brought back. InvalidTier for the lowest level of a track, which is everybody's. Setting it again does nothing.
    """
    tier = Tier.objects.select_for_update(no_key=True).get(pk=tier_id)
    if is_base(tier):
        raise InvalidTier(_("The lowest tier is everybody's and cannot be retired."))
    if (tier.retired_at is not None) == retired:
        return tier
    tier.retired_at = at if retired else None
    tier.save(update_fields=["retired_at"])
    action = "tier.retired" if retired else "tier.brought_back"
    audit.record(action, actor=actor, subject=f"tier:{tier.pk}", at=at, code=tier.code)
    return tier
