"""The proofs hold after ordinary work and find what somebody changed behind the services' back."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from members.models import Member
from tests.factories.levels import create_level
from tests.factories.members import create_member
from tiers import services
from tiers.models import Change, Period, ProgressEntry, Tier
from tiers.proofs import PROOFS

BY_NAME = {proof.name: proof for proof in PROOFS}


@pytest.fixture
def moved(member: Member, now: datetime) -> Member:
    """Up by a sale, up again, down by a refund, and another member by the night."""
    services.record_progress(
        member_id=create_member(member.store).pk, metrics={"points": Decimal(700)}, business_on=date(2026, 3, 1),
        source="import:1", idempotency_key="import:1", at=now, store=None, actor=None,
    )  # fmt: skip
    for day, spend in ((0, "600.00"), (1, "5000.00")):
        at = now + timedelta(days=day)
        services.record_progress(
            member_id=member.pk, metrics={"spend": Decimal(spend), "orders": Decimal(1)},
            business_on=date(2026, 3, 18 + day), source="orders:1", idempotency_key=f"sale:{day}", at=at, store=None,
            actor=None,
        )  # fmt: skip
        services.reevaluate(member_id=member.pk, at=at, source="orders:1")
    services.reverse_progress(
        idempotency_key_of_original="sale:1", idempotency_key="refund", at=at, store=None, actor=None
    )
    services.reevaluate(member_id=member.pk, at=at, source="refunds:1")
    list(services.evaluate_due(date(2026, 3, 19), at))
    return member


def as_superuser(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_everything_agrees_after_ordinary_work(moved: Member) -> None:
    assert {name: proof.check() for name, proof in BY_NAME.items()} == {
        "tiers.periods": (4, []),
        "tiers.changes": (4, []),
        "tiers.progress": (7, []),
        "tiers.belonging": (4, []),
        "tiers.merges": (7, []),
    }


def test_a_closed_last_period_is_found(moved: Member, now: datetime) -> None:
    Period.objects.filter(member=moved, ends_at__isnull=True).update(ends_at=now + timedelta(days=9))

    (difference,) = BY_NAME["tiers.periods"].check()[1]

    assert difference.subject == f"member:{moved.pk}"


def test_a_gap_between_periods_is_found(moved: Member) -> None:
    first = Period.objects.filter(member=moved).earliest("pk")
    Period.objects.filter(pk=first.pk).update(ends_at=first.starts_at)

    (difference,) = BY_NAME["tiers.periods"].check()[1]

    assert difference.subject == f"member:{moved.pk}"


def test_a_level_that_no_change_explains_is_found(moved: Member) -> None:
    diamond = Tier.objects.get(code="diamond")
    Period.objects.filter(member=moved, ends_at__isnull=True).update(tier=diamond)

    (difference,) = BY_NAME["tiers.changes"].check()[1]

    silver = Tier.objects.get(code="silver")
    assert (difference.expected, difference.found) == (
        f"{diamond.pk} to {diamond.pk} revoked", f"{diamond.pk} to {silver.pk} revoked",
    )  # fmt: skip


def test_an_edited_change_is_found(moved: Member) -> None:
    as_superuser("UPDATE tiers_change SET reason = 'manual' WHERE reason = 'revoked'")

    assert len(BY_NAME["tiers.changes"].check()[1]) == 1
    assert Change.objects.filter(reason="manual").count() == 1


def test_an_edited_reversal_is_found(moved: Member) -> None:
    as_superuser("UPDATE tiers_progressentry SET amount = -1 WHERE amount = -5000")

    (difference,) = BY_NAME["tiers.progress"].check()[1]

    entry = ProgressEntry.objects.get(amount=-1, metric="spend")
    assert (difference.subject, difference.expected, difference.found) == (
        f"tier_progress:{entry.pk}", "-5000.00 on 2026-03-19", "-1.00 on 2026-03-19",
    )  # fmt: skip


def test_a_level_held_on_a_track_that_is_not_its_own_is_found(moved: Member, now: datetime) -> None:
    vip = create_level("invited", "vip", now)
    Period.objects.filter(member=moved, ends_at__isnull=True).update(tier=vip)

    (difference,) = BY_NAME["tiers.belonging"].check()[1]

    assert difference.subject == f"member:{moved.pk}"


def test_progress_that_arrived_changed_after_a_merge_is_found(moved: Member, now: datetime) -> None:
    stays = create_member(moved.store)
    services.merge(
        from_member_id=moved.pk, into_member_id=stays.pk, idempotency_key="m", at=now, store=None, actor=None,
        source="m",
    )  # fmt: skip
    assert [proof.check()[1] for proof in PROOFS if proof.check()[1]] == []

    as_superuser(f"UPDATE tiers_progressentry SET amount = 601 WHERE member_id = {stays.pk} AND amount = 600")

    (difference,) = BY_NAME["tiers.merges"].check()[1]
    assert (difference.expected, difference.found) == ("600.00 on 2026-03-18", "601.00 on 2026-03-18")
