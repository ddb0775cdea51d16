"""New versions of a level's thresholds and benefits, and its name."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from stores.models import Staff
from tiers.models import Tier, Version
from tiers.rules import ALL, ANY, LIFETIME, METRICS, WINDOWS, Thresholds
from tiers.selectors import is_base


class InvalidVersion(DomainError):
    """The rules do not fit together, or would change the past."""


@transaction.atomic
def add_version(
    *,
    tier: Tier,
    thresholds: Thresholds,
    keep: str,
    discount_factor: Decimal,
    points_multiple: Decimal,
    effective_at: datetime,
    actor: Staff | None,
    at: datetime,
) -> Version:
    """Change a level from an instant on. Members keep the level until its validity ends (R-T13), the benefits change
    on that instant for everybody. InvalidVersion for an instant that is over, or thresholds that no one can read:
    the base level has none, every other level at least one, positive, over a window that exists.
    """
    _check(tier, thresholds, discount_factor, points_multiple)
    if effective_at < at:
        raise InvalidVersion(_("A tier cannot change in the past."))
    version = Version.objects.create(
        tier=tier,
        effective_at=effective_at,
        thresholds=thresholds.to_json(),
        keep=keep,
        discount_factor=discount_factor,
        points_multiple=points_multiple,
        actor=actor,
    )
    audit.record(
        "tier.version_added",
        actor=actor,
        subject=f"tier:{tier.pk}",
        at=at,
        version=version.pk,
        effective_at=effective_at,
        thresholds=version.thresholds,
        keep=keep,
        discount_factor=discount_factor,
        points_multiple=points_multiple,
    )
    return version


def _check(tier: Tier, thresholds: Thresholds, discount_factor: Decimal, points_multiple: Decimal) -> None:
    everybodys = is_base(tier)
    if everybodys and thresholds.metrics:
        raise InvalidVersion(_("The lowest tier is everybody's and has no threshold."))
    if not everybodys and not thresholds.metrics:
        raise InvalidVersion(_("Set at least one threshold."))
    if set(thresholds.metrics) - set(METRICS) or any(amount <= 0 for amount in thresholds.metrics.values()):
        raise InvalidVersion(_("A threshold must be more than zero."))
    window = thresholds.window
    if thresholds.mode not in (ANY, ALL) or window.kind not in WINDOWS:
        raise InvalidVersion(_("Choose how the thresholds are counted."))
    if window.kind != LIFETIME and not 1 <= window.n <= 3660:
        raise InvalidVersion(_("The window must be between 1 and 3660 days or months."))
    if not 0 < discount_factor <= 1:
        raise InvalidVersion(_("The discount factor must be more than 0 and at most 1."))
    if not 0 <= points_multiple <= 100:
        raise InvalidVersion(_("The points multiple must be between 0 and 100."))


@transaction.atomic
def rename_tier(*, tier_id: int, name: str, colour: str, actor: Staff | None, at: datetime) -> Tier:
    """Change what a level is called and its colour; the code stays (rules are written with it)."""
    tier = Tier.objects.select_for_update(no_key=True).get(pk=tier_id)
    if not name.strip():
        raise InvalidVersion(_("A tier needs a name."))
    before = {"name": tier.name, "colour": tier.colour}
    tier.name, tier.colour = name.strip(), colour
    tier.save(update_fields=["name", "colour"])
    audit.record(
        "tier.renamed",
        actor=actor,
        subject=f"tier:{tier.pk}",
        at=at,
        before=before,
        after={"name": tier.name, "colour": tier.colour},
    )
    return tier
