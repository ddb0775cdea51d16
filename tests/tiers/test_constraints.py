"""The database is the last judge."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError

from members.models import Member
from stores.models import Staff
from tiers import services
from tiers.models import Change, Period, ProgressEntry, Tier, Version


@pytest.fixture
def held(member: Member, gold: Tier, manager: Staff, now: datetime) -> Change:
    return services.set_manually(member_id=member.pk, tier=gold, reason="x", at=now, store=None, actor=manager)


def test_a_member_holds_one_level_at_a_time(held: Change, now: datetime) -> None:
    period = held.period

    with pytest.raises(IntegrityError):
        Period.objects.create(
            member_id=period.member_id, track=period.track, tier=period.tier, version=period.version, starts_at=now,
            reason="manual",
        )  # fmt: skip


def test_a_member_s_levels_form_one_chain(held: Change, now: datetime) -> None:
    period = held.period

    with pytest.raises(IntegrityError):
        Period.objects.create(
            member_id=period.member_id,
            track=period.track,
            tier=period.tier,
            version=period.version,
            starts_at=now,
            ends_at=now,
            reason="manual",
        )


def test_a_period_never_ends_before_it_starts(held: Change) -> None:
    with pytest.raises(IntegrityError):
        Period.objects.filter(pk=held.period_id).update(ends_at=datetime(2020, 1, 1, tzinfo=held.occurred_at.tzinfo))


def test_a_code_never_changes(db: None) -> None:
    with pytest.raises(DatabaseError):
        Tier.objects.filter(code="gold").update(code="golden")


def test_a_name_may_change(db: None) -> None:
    assert Tier.objects.filter(code="gold").update(name="金卡会员") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"discount_factor": Decimal(0)},
        {"discount_factor": Decimal("1.0001")},
        {"points_multiple": Decimal("-0.01")},
        {"points_multiple": Decimal("100.01")},
    ],
)
def test_a_version_that_makes_no_sense_is_refused(gold: Tier, now: datetime, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        Version.objects.create(tier=gold, effective_at=now, thresholds={}, **change)


@pytest.mark.parametrize("model", [Version, Change, ProgressEntry])
def test_history_is_never_changed_or_deleted(held: Change, now: datetime, model: Any) -> None:
    services.record_progress(
        member_id=held.member_id, metrics={"spend": Decimal(1)}, business_on=date(2026, 3, 18), source="x",
        idempotency_key="x", at=now, store=None, actor=None,
    )  # fmt: skip
    row = model.objects.earliest("pk")

    with pytest.raises(DatabaseError):
        model.objects.filter(pk=row.pk).update(recorded_at=now)


@pytest.mark.parametrize("model", [Version, Change])
def test_history_is_never_deleted(held: Change, model: Any) -> None:
    with pytest.raises(DatabaseError):
        model.objects.filter(pk=model.objects.latest("pk").pk)._raw_delete("default")
