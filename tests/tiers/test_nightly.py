"""The night keeps the figures and ends that a sale keeps, and costs statements per chunk."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from tests.factories.members import create_member
from tiers import services
from tiers.models import Change, Period, ProgressEntry, Tier
from tiers.services.nightly import job


def test_the_figures_of_the_night_are_those_of_the_sale(member: Member, now: datetime) -> None:
    for who in (member.pk, create_member(member.store).pk):
        services.record_progress(
            member_id=who, metrics={"spend": Decimal("512.50"), "points": Decimal(3)}, business_on=date(2026, 3, 18),
            source="x", idempotency_key=f"x{who}", at=now, store=None, actor=None,
        )  # fmt: skip
    services.reevaluate(member_id=member.pk, at=now, source="x")
    list(services.evaluate_due(date(2026, 3, 18), now))

    by_sale, by_night = Change.objects.order_by("pk")

    assert sorted(map(str, by_sale.figures)) == sorted(map(str, by_night.figures))
    assert by_sale.period.valid_until == by_night.period.valid_until


def test_counting_that_restarted_is_left_out_at_night_too(member: Member, manager: Any, now: datetime) -> None:
    services.record_progress(
        member_id=member.pk, metrics={"spend": Decimal(6000)}, business_on=date(2026, 3, 18), source="x",
        idempotency_key="x", at=now, store=None, actor=None,
    )  # fmt: skip
    services.set_manually(
        member_id=member.pk, tier=Tier.objects.get(code="silver"), reason="x", at=now, store=None, actor=manager,
        restart_counting=True,
    )  # fmt: skip

    assert list(services.evaluate_due(date(2026, 3, 18), now)) == []
    assert Period.objects.get().tier.code == "silver"


def test_closing_the_night_costs_statements_per_chunk_not_per_member(
    member: Member, now: datetime, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        services.record_progress(
            member_id=create_member(member.store).pk, metrics={"spend": Decimal(600)}, business_on=date(2026, 3, 18),
            source="x", idempotency_key=f"n{number}", at=now, store=None, actor=None,
        )  # fmt: skip

    with django_assert_max_num_queries(11):
        list(services.evaluate_due(date(2026, 3, 18), now))

    assert Change.objects.count() == ProgressEntry.objects.count() == 30


def test_what_a_sale_did_between_reading_and_locking_is_not_done_again(
    member: Member, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.record_progress(
        member_id=member.pk, metrics={"spend": Decimal(600)}, business_on=date(2026, 3, 18), source="x",
        idempotency_key="x", at=now, store=None, actor=None,
    )  # fmt: skip
    find = job._find

    def found_and_overtaken(*what: Any) -> list[int]:
        members = find(*what)
        services.reevaluate(member_id=member.pk, at=now, source="sale")
        return members

    monkeypatch.setattr(job, "_find", found_and_overtaken)

    counts = list(services.evaluate_due(date(2026, 3, 18), now))

    assert [one["changed"] for one in counts] == [0]
    assert Change.objects.get().source == "sale"
