"""What the night does to tiers that end, are locked, or were missed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from stores.models import Staff
from tests.factories.levels import buy, code, run_night
from tiers import services
from tiers.models import Change, Period, Tier, Version
from tiers.rules import SPEND, Thresholds


def test_a_level_that_is_not_earned_again_falls_when_its_validity_ends(member: Member, now: datetime) -> None:
    buy(member, now, spend="2000.00", key="first")
    buy(member, now, spend="600.00", key="later", on=date(2026, 9, 1))
    night = datetime(2027, 3, 18, 16, 30, tzinfo=UTC)
    assert run_night(date(2027, 3, 18), night - timedelta(days=1)) == {}

    counts = run_night(date(2027, 3, 19), night)

    assert counts == {"changed": 3, "upgraded": 0, "kept": 0, "downgraded": 1}
    change = Change.objects.latest("pk")
    assert (change.from_tier.code, change.to_tier.code, change.reason) == ("gold", "silver", "downgraded")
    assert change.figures == [{"metric": "spend", "since": "2026-03-19", "amount": "600.00"}]
    assert change.period.valid_until == datetime(2028, 3, 18, 16, 0, tzinfo=UTC)
    assert code(member, night) == "silver"
    assert run_night(date(2027, 3, 19), night) == {}


def test_a_level_that_is_earned_again_is_renewed(member: Member, now: datetime) -> None:
    buy(member, now, spend="500.00", key="first")
    buy(member, now, spend="500.00", key="later", on=date(2026, 9, 1))
    night = datetime(2027, 3, 18, 16, 30, tzinfo=UTC)

    counts = run_night(date(2027, 3, 19), night)

    assert counts == {"changed": 3, "upgraded": 0, "kept": 1, "downgraded": 0}
    assert code(member, night) == "silver"
    assert run_night(date(2027, 3, 19), night) == {}


def test_a_member_without_any_purchase_left_falls_to_the_base(member: Member, now: datetime) -> None:
    buy(member, now, spend="5000.00")
    night = datetime(2027, 3, 18, 16, 30, tzinfo=UTC)

    run_night(date(2027, 3, 19), night)

    period = Period.objects.get(ends_at__isnull=True)
    assert (period.tier.code, period.valid_until) == ("normal", None)


def test_the_night_makes_up_for_missed_upgrades(member: Member, now: datetime) -> None:
    services.record_progress(
        member_id=member.pk, metrics={"spend": Decimal("2500.00")}, business_on=date(2026, 1, 5), source="import:1",
        idempotency_key="import:1", at=now, store=None, actor=None,
    )  # fmt: skip

    counts = run_night(date(2026, 3, 18), now)

    assert counts == {"changed": 2, "upgraded": 1, "kept": 0, "downgraded": 0}
    change = Change.objects.get()
    assert (change.from_tier.code, change.to_tier.code, change.source) == ("normal", "gold", "tiers.evaluate")
    assert run_night(date(2026, 3, 18), now) == {}


def test_a_locked_level_does_not_fall_until_its_lock_ends(
    member: Member, gold: Tier, manager: Staff, now: datetime
) -> None:
    lock = datetime(2027, 12, 31, 16, 0, tzinfo=UTC)
    services.set_manually(
        member_id=member.pk, tier=gold, reason="pilot", at=now, store=None, actor=manager, locked_until=lock
    )

    assert run_night(date(2027, 3, 19), datetime(2027, 3, 18, 16, 30, tzinfo=UTC)) == {}
    run_night(date(2028, 1, 1), lock + timedelta(minutes=30))

    assert code(member, lock + timedelta(minutes=31)) == "normal"


def test_nobody_falls_from_a_level_that_is_kept_for_good(member: Member, now: datetime, silver: Tier) -> None:
    services.add_version(
        tier=silver,
        thresholds=Thresholds({SPEND: Decimal(500)}),
        keep=Version.Keep.NEVER_FALLS,
        discount_factor=Decimal("0.95"),
        points_multiple=Decimal(1),
        effective_at=now,
        actor=None,
        at=now,
    )
    buy(member, now, spend="500.00")

    assert run_night(date(2036, 3, 19), datetime(2036, 3, 18, 16, 30, tzinfo=UTC)) == {}
    assert Period.objects.get().valid_until is None


def test_the_night_works_in_chunks(member: Member, now: datetime, monkeypatch: pytest.MonkeyPatch, store: Any) -> None:
    from tests.factories.members import create_member

    monkeypatch.setattr("tiers.services.nightly.job.CHUNK", 2)
    for number in range(5):
        services.record_progress(
            member_id=create_member(store).pk, metrics={"points": Decimal(500)}, business_on=date(2026, 1, 5),
            source="import:1", idempotency_key=f"import:{number}", at=now, store=None, actor=None,
        )  # fmt: skip

    upgraded = [counts["upgraded"] for counts in services.evaluate_due(date(2026, 3, 18), now)]

    assert upgraded == [2, 2, 1]
