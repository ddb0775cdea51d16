"""Plans of rules that are called off in any order: what was called off never begins."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tiers import services
from tiers.models import Tier, Version
from tiers.selectors import list_versions_in_force
from tiers.terms import Terms, terms_of


def terms(tier: Tier, **changes: object) -> Terms:
    return Terms(**{**vars(terms_of(tier.versions.earliest("pk"))), **changes})


def plan(tier: Tier, at: datetime, now: datetime, factor: str, *others: Tier) -> Version:
    """What a draft says from a later instant on, for this level and the same for others."""
    draft = services.open_draft(track_id=tier.track_id, actor=None, at=now)
    for one in (tier, *others):
        rules = terms(tier, discount_factor=Decimal(factor))
        services.save_level(draft_id=draft.pk, tier=one, terms=rules, actor=None, at=now)
    made = services.activate_draft(draft_id=draft.pk, effective_at=at, reason="x", actor=None, at=now)
    return next(version for version in made if version.tier_id == tier.pk)


def factors(tier: Tier, *instants: datetime) -> list[str]:
    return [
        str(next(one for one in list_versions_in_force(at) if one.tier_id == tier.pk).discount_factor)
        for at in instants
    ]


@pytest.mark.parametrize("order", ["june first", "july first"])
def test_plans_that_were_all_called_off_never_begin(silver: Tier, now: datetime, order: str) -> None:
    june, july = now + timedelta(days=75), now + timedelta(days=105)
    plans = [plan(silver, june, now, "0.9000"), plan(silver, july, now, "0.8000")]
    assert factors(silver, now, june, july) == ["0.9500", "0.9000", "0.8000"]

    for version in plans if order == "june first" else reversed(plans):
        services.call_off(version_id=version.pk, actor=None, at=now)

    assert factors(silver, now, june, july) == ["0.9500", "0.9500", "0.9500"]


def test_calling_off_leaves_a_later_plan_as_it_is(silver: Tier, now: datetime) -> None:
    june, july, august = (now + timedelta(days=days) for days in (75, 105, 136))
    first = plan(silver, june, now, "0.9000")
    second = plan(silver, july, now, "0.8000")
    plan(silver, august, now, "0.9000")

    services.call_off(version_id=second.pk, actor=None, at=now)
    assert factors(silver, june, july, august) == ["0.9000", "0.9000", "0.9000"]
    services.call_off(version_id=first.pk, actor=None, at=now)

    # August was planned to say so, whatever came before it.
    assert factors(silver, june, july, august) == ["0.9500", "0.9500", "0.9000"]


def test_a_plan_with_a_new_level_is_called_off_once_that_is_retired(silver: Tier, now: datetime) -> None:
    june = now + timedelta(days=75)
    rose = services.create_tier(
        track_id=silver.track_id, above_id=silver.pk, code="rose", name="Rose", colour="tier-1",
        is_rechargeable=True, actor=None, at=now,
    )  # fmt: skip
    version = plan(silver, june, now, "0.9000", rose)

    with pytest.raises(services.InvalidVersion, match="Rose"):
        services.call_off(version_id=version.pk, actor=None, at=now)
    assert factors(silver, june) == ["0.9000"]
    services.set_retired(tier_id=rose.pk, retired=True, actor=None, at=now)
    services.call_off(version_id=version.pk, actor=None, at=now)

    assert factors(silver, june) == ["0.9500"]
    assert Version.objects.filter(tier=rose).count() == 1
