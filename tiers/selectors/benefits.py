"""What the levels that a member holds give together, and which of them gives it (R-T9)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import DateTimeField, Exists, OuterRef, Q, Subquery

from tiers.models import Period, Tier, Track, Version

DISCOUNT: Final = "discount"
POINTS: Final = "points"
CATEGORY: Final = "category"
_KINDS: Final = (Track.Kind.GROWTH, Track.Kind.STORED, Track.Kind.PAID, Track.Kind.INVITED)
_ONE: Final = Decimal(1)


@dataclass(frozen=True)
class HeldTier:
    """One level that a member holds, with what its version in force gives. ``valid_until`` None: no end."""

    track_kind: str
    track_id: int
    tier_id: int
    code: str
    name: str
    colour: str
    version_id: int
    valid_until: datetime | None
    discount_factor: Decimal
    points_multiple: Decimal
    category_factors: tuple[tuple[int, Decimal], ...]
    is_rechargeable: bool
    perks: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Source:
    """Which level a benefit comes from: ``benefit`` is ``discount``, ``points`` or ``category`` (with its id)."""

    benefit: str
    value: Decimal
    tier_code: str
    tier_name: str
    category_id: int | None = None


@dataclass(frozen=True)
class Benefits:
    """What a member's levels give at an instant. A factor multiplies prices (0.9500 = 95折), 1 is no discount.

    Code, name, colour and version are of the growth level. ``discount_factor`` is the lowest and ``points_multiple``
    the highest of all levels held; ``category_factors`` are, by category id, the lowest that any of them has for that
    category. A line is priced by the lowest of the overall factor and those of its categories (pricing carries them as
    ``MemberState.category_factors``). ``held`` begins with the growth level; ``sources`` name what is not 1.
    """

    tier_code: str
    tier_name: str
    discount_factor: Decimal
    points_multiple: Decimal
    version_id: int
    colour: str
    category_factors: tuple[tuple[int, Decimal], ...] = ()
    held: tuple[HeldTier, ...] = ()
    sources: tuple[Source, ...] = field(default=())

    @property
    def is_rechargeable(self) -> bool:
        """Whether no level held forbids recharges (checklist M14)."""
        return all(tier.is_rechargeable for tier in self.held)

    @property
    def not_rechargeable_by(self) -> str:
        """The name of the level that forbids recharges, or ""."""
        return next((tier.name for tier in self.held if not tier.is_rechargeable), "")


def get_benefits(*, member_id: int, at: datetime) -> Benefits:
    """What the levels that a member holds at ``at`` give together; one statement.

    Growth and stored levels are held until the night moves them. Paid and invited ones count only before their
    ``valid_until``, whatever the night does (checklist M02). The benefits are those of each level's version in force,
    so that a change of benefits reaches everybody on its day; thresholds changed meanwhile cost nobody a level before
    its validity ends (R-T13). Orders keep ``version_id``.
    """
    held = Period.objects.filter(
        Q(track__kind__in=[Track.Kind.GROWTH, Track.Kind.STORED]) | Q(valid_until__isnull=True) | Q(valid_until__gt=at),
        _open_at(at),
        member_id=member_id,
    )
    lower = Tier.objects.filter(track_id=OuterRef("tier__track_id"), rank__lt=OuterRef("tier__rank"))
    is_everybodys = Q(tier__track__kind=Track.Kind.GROWTH) & ~Exists(lower)
    is_held = Q(tier_id__in=held.values("tier_id")) & (Q(tier__track__kind=Track.Kind.GROWTH) | Exists(lower))
    rows = (
        Version.objects.filter(is_everybodys | is_held, effective_at__lte=at)
        .annotate(
            held_until=Subquery(
                held.filter(tier_id=OuterRef("tier_id")).values("valid_until")[:1], output_field=DateTimeField()
            )
        )
        .select_related("tier__track")
        .order_by("tier_id", "-effective_at", "-pk")
        .distinct("tier_id")
    )
    return resolve([held_tier(row, row.held_until) for row in _one_growth_level(list(rows))])


def _open_at(at: datetime) -> Q:
    return Q(starts_at__lte=at) & (Q(ends_at__isnull=True) | Q(ends_at__gt=at))


def _one_growth_level(rows: Sequence[Any]) -> list[Any]:
    """The base of the growth track only where no other level of it is held; in the order of kinds, then of making."""
    growth = [row for row in rows if row.tier.track.kind == Track.Kind.GROWTH]
    others = [row for row in rows if row.tier.track.kind != Track.Kind.GROWTH]
    others.sort(key=lambda row: (_KINDS.index(row.tier.track.kind), row.tier.track_id))
    return [max(growth, key=lambda row: row.tier.rank), *others]


def held_tier(version: Version, valid_until: datetime | None) -> HeldTier:
    """A level with what this version of it gives; ``tier__track`` must be loaded."""
    tier = version.tier
    return HeldTier(
        track_kind=tier.track.kind,
        track_id=tier.track_id,
        tier_id=tier.pk,
        code=tier.code,
        name=tier.label,
        colour=tier.colour,
        version_id=version.pk,
        valid_until=valid_until,
        discount_factor=version.discount_factor,
        points_multiple=version.points_multiple,
        category_factors=tuple(
            sorted((int(category), Decimal(factor)) for category, factor in version.category_factors.items())
        ),
        is_rechargeable=tier.is_rechargeable,
        perks=tuple(version.perks),
    )


def resolve(held: Sequence[HeldTier]) -> Benefits:
    """The best of several levels for the customer, benefit by benefit (R-T9); of equal ones the first gives it."""
    growth = held[0]
    discount = min(held, key=lambda tier: tier.discount_factor)
    points = max(held, key=lambda tier: tier.points_multiple)
    categories: dict[int, tuple[Decimal, HeldTier]] = {}
    for tier in held:
        for category_id, factor in tier.category_factors:
            if category_id not in categories or factor < categories[category_id][0]:
                categories[category_id] = (factor, tier)
    sources = []
    if discount.discount_factor != _ONE:
        sources.append(Source(DISCOUNT, discount.discount_factor, discount.code, discount.name))
    if points.points_multiple != _ONE:
        sources.append(Source(POINTS, points.points_multiple, points.code, points.name))
    sources += [
        Source(CATEGORY, factor, tier.code, tier.name, category_id)
        for category_id, (factor, tier) in sorted(categories.items())
    ]
    return Benefits(
        tier_code=growth.code,
        tier_name=growth.name,
        discount_factor=discount.discount_factor,
        points_multiple=points.points_multiple,
        version_id=growth.version_id,
        colour=growth.colour,
        category_factors=tuple((category_id, factor) for category_id, (factor, _tier) in sorted(categories.items())),
        held=tuple(held),
        sources=tuple(sources),
    )
