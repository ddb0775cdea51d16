"""Reaching and losing tiers with sales and refunds, and what a sale pays for it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from members.models import Member
from tests.factories.levels import buy, code, refund, run_night
from tiers import selectors, services
from tiers.models import Change, Period, ProgressEntry, Tier, Version
from tiers.rules import ALL, CALENDAR_YEAR, POINTS, SPEND, Thresholds, Window


def test_a_new_member_has_the_base_level(member: Member, now: datetime) -> None:
    benefits = selectors.get_benefits(member_id=member.pk, at=now)

    assert (benefits.tier_code, benefits.discount_factor, benefits.points_multiple) == (
        "normal", Decimal("1.0000"), Decimal("1.00"),
    )  # fmt: skip
    assert not Period.objects.exists()


@pytest.mark.parametrize(
    ("spend", "points", "reached"),
    [
        ("499.99", "499", "normal"),
        ("500.00", "0", "silver"),
        ("0", "500", "silver"),
        ("1999.99", "1999", "silver"),
        ("2000.00", "0", "gold"),
        ("4999.99", "4999", "gold"),
        ("0", "5000", "diamond"),
        ("12345.67", "0", "diamond"),
    ],
)
def test_a_threshold_is_reached_when_it_is_equalled(
    member: Member, now: datetime, spend: str, points: str, reached: str
) -> None:
    buy(member, now, spend=spend, points=points)

    assert code(member, now) == reached


def test_an_upgrade_keeps_its_figures_and_its_validity(member: Member, now: datetime, gold: Tier) -> None:
    change = buy(member, now, spend="2000.00", points="12")

    assert change is not None
    assert (change.from_tier.code, change.to_tier, change.reason, change.source) == (
        "normal", gold, "upgraded", "orders:sale:1",
    )  # fmt: skip
    assert change.is_upgrade
    assert change.figures == [
        {"metric": "spend", "since": "2025-03-19", "amount": "2000.00"},
        {"metric": "orders", "since": "2025-03-19", "amount": "1.00"},
        {"metric": "points", "since": "2025-03-19", "amount": "12.00"},
    ]
    assert change.period.valid_until == datetime(2027, 3, 18, 16, 0, tzinfo=UTC)


def test_levels_are_reached_one_after_the_other(member: Member, now: datetime) -> None:
    buy(member, now, spend="500.00", key="sale:1")
    buy(member, now + timedelta(days=1), spend="1499.99", key="sale:2")
    buy(member, now + timedelta(days=2), spend="0.01", key="sale:3")

    assert [(c.from_tier.code, c.to_tier.code) for c in Change.objects.order_by("pk")] == [
        ("normal", "silver"), ("silver", "gold"),
    ]  # fmt: skip
    assert Period.objects.filter(ends_at__isnull=True).count() == 1


def test_spending_outside_the_window_does_not_count(member: Member, now: datetime) -> None:
    buy(member, now, spend="300.00", key="old", on=date(2025, 3, 18))

    buy(member, now, spend="200.00", key="new")
    assert code(member, now) == "normal"
    buy(member, now, spend="300.00", key="first day", on=date(2025, 3, 19))

    assert code(member, now) == "silver"


def test_the_order_of_arrival_does_not_matter(member: Member, now: datetime) -> None:
    buy(member, now, spend="450.00", key="today")
    buy(member, now, spend="50.00", key="late entry", on=date(2026, 1, 2))

    assert code(member, now) == "silver"


def test_progress_is_recorded_once_for_a_key(member: Member, now: datetime) -> None:
    buy(member, now, spend="300.00")
    buy(member, now, spend="300.00")

    assert code(member, now) == "normal"
    assert ProgressEntry.objects.filter(metric="spend").count() == 1


def test_a_sale_never_lowers_a_level(member: Member, now: datetime) -> None:
    buy(member, now, spend="500.00", key="old")
    later = now + timedelta(days=300)
    services.record_progress(
        member_id=member.pk, metrics={"spend": Decimal("-499.00")}, business_on=date(2026, 3, 18), source="x",
        idempotency_key="x", at=later, store=None, actor=None,
    )  # fmt: skip

    assert buy(member, later, spend="1.00", key="new", on=date(2027, 1, 12)) is None
    assert code(member, later) == "silver"


def test_a_refund_of_the_order_that_caused_it_revokes_a_young_upgrade(member: Member, now: datetime) -> None:
    buy(member, now, spend="500.00")

    change = refund(member, now + timedelta(days=1))

    assert change is not None
    assert (change.reason, change.from_tier.code, change.to_tier.code) == ("revoked", "silver", "normal")
    assert code(member, now + timedelta(days=1)) == "normal"
    assert ProgressEntry.objects.filter(amount__lt=0).first().business_on == date(2026, 3, 18)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("at", "left"),
    [
        (datetime(2026, 3, 25, 15, 59, 59, tzinfo=UTC), "normal"),
        (datetime(2026, 3, 25, 16, 0, tzinfo=UTC), "silver"),
    ],
)
def test_the_return_window_ends_with_its_last_day(member: Member, now: datetime, at: datetime, left: str) -> None:
    buy(member, now, spend="500.00")

    refund(member, at)

    assert code(member, at) == left


def test_a_refund_that_leaves_enough_revokes_nothing(member: Member, now: datetime) -> None:
    buy(member, now, spend="100.00", key="small")
    buy(member, now, spend="500.00", key="large")

    assert refund(member, now, of="small") is None
    assert code(member, now) == "silver"


def test_a_refund_of_an_earlier_order_revokes_too(member: Member, now: datetime) -> None:
    buy(member, now, spend="499.00", key="first")
    buy(member, now, spend="1.00", key="second")

    refund(member, now, of="first")

    assert code(member, now) == "normal"


def test_a_revoked_upgrade_gives_the_level_before_with_its_validity(member: Member, now: datetime) -> None:
    buy(member, now, spend="500.00", key="first")
    before = Period.objects.get(ends_at__isnull=True)
    later = now + timedelta(days=40)
    buy(member, later, spend="1500.00", key="second", on=date(2026, 4, 27))
    assert code(member, later) == "gold"

    refund(member, later, of="second")

    period = Period.objects.get(ends_at__isnull=True)
    assert (period.tier.code, period.valid_until, period.reason) == ("silver", before.valid_until, "revoked")


def test_refunding_one_order_after_the_other_leaves_the_base_level(member: Member, now: datetime) -> None:
    for number, spend in enumerate(("500.00", "1500.00", "3000.00")):
        buy(member, now + timedelta(hours=number), spend=spend, key=f"sale:{number}")
    held = [code(member, now + timedelta(hours=2))]

    for number in (2, 1, 0):
        at = now + timedelta(days=1, hours=2 - number)
        refund(member, at, of=f"sale:{number}")
        held.append(code(member, at))

    assert held == ["diamond", "gold", "silver", "normal"]


def test_refunding_the_first_order_takes_every_level_that_stood_on_it(member: Member, now: datetime) -> None:
    buy(member, now, spend="4999.00", key="large")
    buy(member, now, spend="1.00", key="small")
    assert code(member, now) == "diamond"

    refund(member, now + timedelta(hours=1), of="large")

    assert code(member, now + timedelta(hours=1)) == "normal"


def test_a_part_taken_back_leaves_what_is_still_earned(member: Member, now: datetime) -> None:
    buy(member, now, spend="5000.00")
    for number, (part, left) in enumerate((("-2500.00", "gold"), ("-2500.00", "normal"))):
        services.record_progress(
            member_id=member.pk,
            metrics={"spend": Decimal(part)},
            business_on=date(2026, 3, 18),
            source="refunds:1",
            idempotency_key=f"part:{number}",
            at=now + timedelta(hours=number + 1),
            store=None,
            actor=None,
        )
        services.reevaluate(member_id=member.pk, at=now + timedelta(hours=number + 1), source="refunds:1")
        assert code(member, now + timedelta(hours=number + 1)) == left


def test_an_upgrade_of_the_night_falls_with_a_refund_too(member: Member, now: datetime) -> None:
    services.record_progress(
        member_id=member.pk,
        metrics={"spend": Decimal("600.00")},
        business_on=date(2026, 3, 18),
        source="orders:1",
        idempotency_key="sale:1",
        at=now,
        store=None,
        actor=None,
    )
    run_night(date(2026, 3, 18), now)
    assert code(member, now) == "silver"

    refund(member, now + timedelta(days=1))

    assert code(member, now + timedelta(days=1)) == "normal"


def test_a_window_that_moved_on_revokes_nothing(member: Member, now: datetime, silver: Tier) -> None:
    services.add_version(
        tier=silver,
        thresholds=Thresholds({SPEND: Decimal(500)}, window=Window("calendar_month", 1)),
        keep=Version.Keep.REQUALIFY,
        discount_factor=Decimal("0.95"),
        points_multiple=Decimal(1),
        effective_at=now,
        actor=None,
        at=now,
    )
    end_of_march = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
    buy(member, end_of_march, spend="600.00", key="large", on=date(2026, 3, 31))
    april = datetime(2026, 4, 2, 4, 0, tzinfo=UTC)
    buy(member, april, spend="10.00", key="small", on=date(2026, 4, 2))

    assert refund(member, april, of="small") is None
    assert code(member, april) == "silver"
    assert refund(member, april, of="large") is not None
    assert code(member, april) == "normal"


def test_progress_is_taken_back_once(member: Member, now: datetime) -> None:
    buy(member, now, spend="500.00")
    refund(member, now)
    refund(member, now)

    with pytest.raises(services.AlreadyReversed):
        services.reverse_progress(
            idempotency_key_of_original="sale:1", idempotency_key="another", at=now, store=None, actor=None
        )

    assert ProgressEntry.objects.filter(amount__lt=0).count() == 2


def test_nothing_recorded_is_nothing_to_take_back(member: Member, now: datetime) -> None:
    services.reverse_progress(idempotency_key_of_original="sale:9", idempotency_key="r", at=now, store=None, actor=None)

    assert not ProgressEntry.objects.exists()


def test_an_unknown_metric_is_refused(member: Member, now: datetime) -> None:
    with pytest.raises(ValueError, match="smiles"):
        services.record_progress(
            member_id=member.pk, metrics={"smiles": Decimal(1)}, business_on=date(2026, 3, 18), source="x",
            idempotency_key="x", at=now, store=None, actor=None,
        )  # fmt: skip

    assert not ProgressEntry.objects.exists()


def test_all_thresholds_can_be_asked_for(member: Member, now: datetime, silver: Tier) -> None:
    services.add_version(
        tier=silver,
        thresholds=Thresholds({SPEND: Decimal(500), POINTS: Decimal(500)}, ALL, Window(CALENDAR_YEAR, 1)),
        keep=Version.Keep.REQUALIFY,
        discount_factor=Decimal("0.95"),
        points_multiple=Decimal(1),
        effective_at=now,
        actor=None,
        at=now,
    )

    buy(member, now, spend="500.00", points="499", key="a")
    assert code(member, now) == "normal"
    change = buy(member, now, points="1", key="b")

    assert change is not None
    assert change.period.valid_until == datetime(2027, 12, 31, 16, 0, tzinfo=UTC)


def statements(captured: Any) -> list[str]:
    """Without the savepoints, which the outer use case's transaction makes of nested ones."""
    return [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]


def test_the_sale_pays_few_statements(
    member: Member, now: datetime, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    with django_assert_max_num_queries(4) as recorded:
        services.record_progress(
            member_id=member.pk, metrics={"spend": Decimal(1), "orders": Decimal(1), "points": Decimal(1)},
            business_on=date(2026, 3, 18), source="x", idempotency_key="x", at=now, store=None, actor=None,
        )  # fmt: skip
    with django_assert_max_num_queries(6) as evaluated:
        services.reevaluate(member_id=member.pk, at=now, source="x")
    with django_assert_num_queries(1):
        selectors.get_benefits(member_id=member.pk, at=now)

    assert len(statements(recorded)) == 2
    assert len(statements(evaluated)) == 4


def test_progress_says_what_is_missing(member: Member, now: datetime) -> None:
    buy(member, now, spend="368.00", points="3")

    progress = selectors.get_progress_to_next(member_id=member.pk, at=now)

    assert progress is not None
    assert progress.tier.code == "silver"
    assert [(m.metric, m.have, m.missing, m.percent) for m in progress.metrics] == [
        ("spend", Decimal("368.00"), Decimal("132.00"), 73),
        ("points", Decimal("3.00"), Decimal("497.00"), 0),
    ]
    assert progress.by is None


def test_the_top_level_has_no_next(member: Member, now: datetime) -> None:
    buy(member, now, spend="5000.00")

    assert selectors.get_progress_to_next(member_id=member.pk, at=now) is None


def test_benefits_of_the_past_are_those_of_the_past(member: Member, now: datetime) -> None:
    buy(member, now, spend="5000.00")

    assert code(member, now - timedelta(seconds=1)) == "normal"
    assert selectors.get_benefits(member_id=member.pk, at=now).discount_factor == Decimal("0.8000")
