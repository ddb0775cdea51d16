"""New versions of what levels ask and give, and calling off one that has not begun."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from stores.models import Staff
from tiers.models import Draft, Tier, Track, Version
from tiers.rules import (
    ALL,
    ANY,
    LIFETIME,
    METRICS_OF_TRACK,
    ROUND_UPS,
    WINDOWS,
    Streak,
    Thresholds,
    keep_rule_from,
    validity_from,
)
from tiers.selectors import is_base
from tiers.terms import Terms, terms_of

#: Levels of these tracks are reached by figures; the others are bought or given by hand.
EARNED = (Track.Kind.GROWTH, Track.Kind.STORED)
#: Months that a rule of consecutive months can look at, and months or days of a window.
STREAK_MONTHS, WINDOW_LENGTH = 24, 3660
GRACE_DAYS, VALID_MONTHS, PERKS = 365, 120, 12


class InvalidVersion(DomainError):
    """The rules do not fit together, or would change the past."""


@transaction.atomic
def add_version(
    *,
    tier: Tier,
    effective_at: datetime,
    actor: Staff | None,
    at: datetime,
    draft: Draft | None = None,
    **terms: Any,
) -> Version:
    """Change a level from an instant on; ``terms`` are the fields of :class:`tiers.terms.Terms`.

    Members keep the level until its validity ends (R-T13), the benefits change on that instant for everybody.
    InvalidVersion for an instant that is over, or terms that do not fit the level.
    """
    said = Terms(**terms)
    check_terms(tier, said)
    if effective_at < at:
        raise InvalidVersion(_("A tier cannot change in the past."))
    return _write(tier, said, effective_at, actor, at, draft=draft)


def _write(
    tier: Tier, terms: Terms, effective_at: datetime, actor: Staff | None, at: datetime, *, draft: Draft | None
) -> Version:
    version = Version.objects.create(tier=tier, effective_at=effective_at, draft=draft, actor=actor, **terms.columns)
    audit.record(
        "tier.version_added",
        actor=actor,
        subject=f"tier:{tier.pk}",
        at=at,
        version=version.pk,
        effective_at=effective_at,
        draft=None if draft is None else draft.pk,
        **terms.to_json(),
    )
    return version


def check_terms(tier: Tier, terms: Terms) -> None:
    """InvalidVersion for what the level cannot say: the base level and levels that are bought or given by hand ask
    for nothing, every other level for at least one figure over a window that exists; factors and lengths in range.
    """
    _check_thresholds(tier, terms.thresholds)
    _check_keeping(tier, terms)
    factors = [terms.discount_factor, *map(Decimal, terms.category_factors.values())]
    if any(not 0 < factor <= 1 for factor in factors):
        raise InvalidVersion(_("The discount factor must be more than 0 and at most 1."))
    if not 0 <= terms.points_multiple <= 100:
        raise InvalidVersion(_("The points multiple must be between 0 and 100."))
    _check_perks(terms)


def _check_thresholds(tier: Tier, thresholds: Thresholds) -> None:
    earns = tier.track.kind in EARNED and not is_base(tier)
    if thresholds.metrics and not earns:
        if tier.track.kind in EARNED:
            raise InvalidVersion(_("The lowest tier is everybody's and has no threshold."))
        raise InvalidVersion(_("A tier that is bought or given by hand has no threshold."))
    if earns and not thresholds.metrics:
        raise InvalidVersion(_("Set at least one threshold."))
    _check_asked(tier, thresholds)


def _check_asked(tier: Tier, thresholds: Thresholds) -> None:
    if set(thresholds.metrics) - set(METRICS_OF_TRACK[tier.track.kind]):
        raise InvalidVersion(_("The track does not count this."))
    if any(amount <= 0 for amount in thresholds.metrics.values()):
        raise InvalidVersion(_("A threshold must be more than zero."))
    window = thresholds.window
    if thresholds.mode not in (ANY, ALL) or window.kind not in WINDOWS:
        raise InvalidVersion(_("Choose how the thresholds are counted."))
    if window.kind != LIFETIME and not 1 <= window.n <= WINDOW_LENGTH:
        raise InvalidVersion(_("The window must be between 1 and 3660 days or months."))


def _check_keeping(tier: Tier, terms: Terms) -> None:
    rule, validity = keep_rule_from(terms.keep_rule), validity_from(terms.validity)
    if terms.keep_rule and (tier.track.kind not in EARNED or is_base(tier)):
        raise InvalidVersion(_("Only a tier that is earned has a rule for keeping it."))
    if rule.thresholds is not None:
        if not rule.thresholds.metrics:
            raise InvalidVersion(_("Say what must be reached to keep the tier."))
        _check_asked(tier, rule.thresholds)
    if rule.streak is not None:
        _check_streak(rule.streak)
    if not 0 <= terms.grace_days <= GRACE_DAYS:
        raise InvalidVersion(_("Between 0 and 365 days."))
    if not 1 <= (validity.months or 1) <= VALID_MONTHS or validity.round_up not in ("", *ROUND_UPS):
        raise InvalidVersion(_("The validity must be between 1 and 120 months."))


def _check_streak(streak: Streak) -> None:
    if not 1 <= streak.months <= STREAK_MONTHS:
        raise InvalidVersion(_("Between 1 and 24 months in a row."))
    if not streak.metrics or any(amount <= 0 for amount in streak.metrics.values()):
        raise InvalidVersion(_("Say below which figure the months count."))


def _check_perks(terms: Terms) -> None:
    codes = [perk["code"] for perk in terms.perks]
    if len(codes) > PERKS or len(set(codes)) != len(codes):
        raise InvalidVersion(_("A tier has at most 12 services, each once."))
    if any(not str(perk["name"]).strip() for perk in terms.perks):
        raise InvalidVersion(_("Every service needs a name."))


@transaction.atomic
def call_off(*, version_id: int, actor: Staff | None, at: datetime) -> list[Version]:
    """Call off a version that has not begun, with all that were planned by the same draft: each gets a newer version
    for the same instant that says what holds until then. InvalidVersion once it has begun, where it was called off
    before, and for a level's first version, which has nothing to go back to; it stays where that level is retired.
    """
    version = Version.objects.select_related("tier", "tier__track").get(pk=version_id)
    if version.effective_at <= at:
        raise InvalidVersion(_("These rules have begun. Change them with a new draft."))
    # Two people at once: the second waits for the first and then finds nothing left to call off.
    Track.objects.select_for_update(no_key=True).get(pk=version.tier.track_id)
    wanted = [version]
    if version.draft_id is not None:
        wanted = list(
            Version.objects.filter(draft_id=version.draft_id, effective_at=version.effective_at).select_related(
                "tier", "tier__track"
            )
        )
    planned = [one for one in wanted if is_latest_of_its_instant(one) and not _is_retired_before_it_began(one)]
    if not planned:
        raise InvalidVersion(_("This was called off before."))
    return [_restore(one, actor, at) for version in planned for one in (version, *_list_copies(version))]


def is_latest_of_its_instant(version: Version) -> bool:
    """Whether nothing newer for the same level and instant takes its place."""
    return not Version.objects.filter(
        tier_id=version.tier_id, effective_at=version.effective_at, pk__gt=version.pk
    ).exists()


def _is_retired_before_it_began(version: Version) -> bool:
    return version.tier.retired_at is not None and _before(version) is None


def _before(version: Version) -> Version | None:
    earlier = Version.objects.filter(tier_id=version.tier_id, effective_at__lt=version.effective_at)
    return earlier.order_by("-effective_at", "-pk").first()


def _list_copies(version: Version) -> list[Version]:
    """What took the place of later plans that were called off before this one, and so says what this one said: it goes
    with it, or else rules that were called off would begin on that later day."""
    later = Version.objects.filter(tier_id=version.tier_id, effective_at__gt=version.effective_at)
    copies = []
    for one in later.select_related("tier__track").order_by("effective_at", "-pk").distinct("effective_at"):
        if one.draft_id is not None or terms_of(one) != terms_of(version):
            break
        copies.append(one)
    return copies


def _restore(version: Version, actor: Staff | None, at: datetime) -> Version:
    before = _before(version)
    if before is None:
        raise InvalidVersion(
            _("%(name)s has no earlier rules to go back to. Retire the tier instead.") % {"name": version.tier.label}
        )
    restored = _write(version.tier, terms_of(before), version.effective_at, actor, at, draft=None)
    audit.record(
        "tier.version_called_off",
        actor=actor,
        subject=f"tier:{version.tier_id}",
        at=at,
        version=version.pk,
        effective_at=version.effective_at,
    )
    return restored
