"""The night in SQL decides as the sale does in Python, whatever happened before."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.models import Member
from tests.factories.members import create_member
from tiers import selectors, services
from tiers.models import Change, Period, ProgressEntry, Tier, Version
from tiers.proofs import PROOFS
from tiers.rules import ALL, ANY, METRICS, WINDOWS, Thresholds, Window, earned_level, first_days
from tiers.selectors import get_sums, level_of, list_versions_in_force

thresholds = st.builds(
    Thresholds,
    metrics=st.dictionaries(
        st.sampled_from(METRICS), st.sampled_from([Decimal(1), Decimal(5), Decimal(9)]), min_size=1
    ),
    mode=st.sampled_from([ANY, ALL]),
    window=st.builds(Window, st.sampled_from(WINDOWS), st.sampled_from([1, 2, 40])),
)
events = st.lists(
    st.tuples(st.sampled_from(METRICS), st.integers(-3, 9), st.integers(0, 500), st.integers(0, 2)), max_size=12
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(silver=thresholds, gold=thresholds, happened=events, days=st.integers(0, 400))
def test_sql_and_python_agree(
    member: Member, now: datetime, silver: Thresholds, gold: Thresholds, happened: Any, days: int
) -> None:
    members = [create_member(member.store).pk for _ in range(3)]
    for code, rule in (("silver", silver), ("gold", gold)):
        services.add_version(
            tier=Tier.objects.get(code=code), thresholds=rule, keep=Version.Keep.REQUALIFY,
            discount_factor=Decimal(1), points_multiple=Decimal(1), effective_at=now, actor=None, at=now,
        )  # fmt: skip
    run = f"{members[0]}"
    for number, (metric, amount, ago, who) in enumerate(happened):
        services.record_progress(
            member_id=members[who], metrics={metric: Decimal(amount)},
            business_on=date(2026, 3, 18) - timedelta(days=ago), source="x", idempotency_key=f"{run}:{number}",
            at=now, store=None, actor=None,
        )  # fmt: skip
    list(services.evaluate_due(date(2026, 3, 18), now))
    night = now + timedelta(days=days)
    today = date(2026, 3, 18) + timedelta(days=days)

    list(services.evaluate_due(today, night))

    versions = list_versions_in_force(night)
    levels = [level_of(version) for version in versions]
    for member_id in members:
        sums = get_sums(member_id=member_id, since=first_days(levels, today))
        earned = earned_level(levels, sums, today)
        held = selectors.get_open_period(member_id)
        rank = 0 if held is None else held.tier.rank
        if held is not None and held.valid_until is not None:
            assert held.valid_until > night
        assert rank >= earned.rank
        if held is not None and held.starts_at == night:
            assert rank == earned.rank
    assert list(services.evaluate_due(today, night)) == []
    assert [proof.check()[1] for proof in PROOFS] == [[], [], []]


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

    with django_assert_max_num_queries(10):
        list(services.evaluate_due(date(2026, 3, 18), now))

    assert Change.objects.count() == ProgressEntry.objects.count() == 30
