"""New versions of the rules of a tier."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from tests.factories.levels import buy
from tiers import selectors, services
from tiers.models import Tier, Version
from tiers.rules import SPEND, Thresholds, Window


def version_of(tier: Tier, now: datetime, **changes: Any) -> Version:
    terms: dict[str, Any] = {
        "thresholds": Thresholds({SPEND: Decimal(800)}),
        "keep": Version.Keep.REQUALIFY,
        "discount_factor": Decimal("0.88"),
        "points_multiple": Decimal("1.5"),
        "effective_at": now + timedelta(days=10),
    }
    return services.add_version(tier=tier, actor=None, at=now, **{**terms, **changes})


def test_a_new_version_takes_over_on_its_instant(member: Member, now: datetime, silver: Tier) -> None:
    buy(member, now, spend="500.00")
    version = version_of(silver, now)

    before = selectors.get_benefits(member_id=member.pk, at=version.effective_at - timedelta(microseconds=1))
    after = selectors.get_benefits(member_id=member.pk, at=version.effective_at)

    assert (before.discount_factor, before.points_multiple) == (Decimal("0.9500"), Decimal("1.00"))
    assert (after.discount_factor, after.points_multiple, after.tier_code) == (
        Decimal("0.8800"), Decimal("1.50"), "silver",
    )  # fmt: skip
    assert after.version_id == version.pk


@pytest.mark.parametrize(
    "changes",
    [
        {"effective_at": datetime(2026, 3, 18, 3, 59, tzinfo=UTC)},
        {"thresholds": Thresholds()},
        {"thresholds": Thresholds({SPEND: Decimal(0)})},
        {"thresholds": Thresholds({SPEND: Decimal(1)}, window=Window("rolling_days", 0))},
        {"thresholds": Thresholds({SPEND: Decimal(1)}, window=Window("moon", 1))},
        {"thresholds": Thresholds({SPEND: Decimal(1)}, "most")},
        {"discount_factor": Decimal("1.01")},
        {"discount_factor": Decimal(0)},
        {"points_multiple": Decimal("-1")},
    ],
)
def test_rules_that_do_not_fit_are_refused(now: datetime, silver: Tier, changes: dict[str, Any]) -> None:
    with pytest.raises(services.InvalidVersion):
        version_of(silver, now, **changes)

    assert Version.objects.filter(tier=silver).count() == 1


def test_the_base_level_has_no_threshold(db: None, now: datetime) -> None:
    normal = Tier.objects.get(code="normal")

    with pytest.raises(services.InvalidVersion):
        version_of(normal, now)
    version_of(normal, now, thresholds=Thresholds())

    assert Version.objects.filter(tier=normal).count() == 2
