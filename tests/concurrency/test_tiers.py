"""Two sales that reach a threshold together, two nights, a night during a sale."""

from datetime import date, datetime
from decimal import Decimal
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from django.db import IntegrityError, transaction

import gifts.services
from gifts.models import Grant
from members.models import Member
from stores.models import Store
from tests.factories.levels import create_level
from tests.factories.members import create_member
from tests.factories.packs import create_pack
from tests.factories.threads import at_once
from tiers import services
from tiers.models import Change, Period, ProgressEntry, Tier, TierGift
from tiers.rules import Thresholds
from tiers.services import evaluation, moving, progress
from tiers.services.giving import upgrades
from tiers.services.nightly import job

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 18)


@pytest.fixture
def member(store: Store) -> Member:
    return create_member(store)


def record(member_id: int, at: datetime, key: str, spend: str = "300.00") -> None:
    services.record_progress(
        member_id=member_id, metrics={"spend": Decimal(spend)}, business_on=TODAY, source=f"orders:{key}",
        idempotency_key=key, at=at, store=None, actor=None,
    )  # fmt: skip


def test_two_orders_that_reach_a_threshold_together_upgrade_once(member: Member, now: datetime) -> None:
    def sell(index: int) -> Change | None:
        # One transaction, as a use case above has it: the member stays locked from the progress to the decision.
        with transaction.atomic():
            record(member.pk, now, f"sale:{index}")
            return services.reevaluate(member_id=member.pk, at=now, source=f"orders:{index}")

    results = at_once(2, sell)

    assert sorted(result is None for result in results) == [False, True]
    assert Change.objects.get().to_tier.code == "silver"


def test_a_threshold_hit_by_two_parallel_orders_gives_one_upgrade_and_one_pack(member: Member, now: datetime) -> None:
    silver = Tier.objects.get(code="silver")
    gift = TierGift.objects.create(tier=silver, occasion="upgrade", pack=create_pack(points=50))

    def sell(index: int) -> Change | None:
        with transaction.atomic():
            record(member.pk, now, f"sale:{index}")
            return services.reevaluate(member_id=member.pk, at=now, source=f"orders:{index}")

    at_once(2, sell)

    assert Change.objects.get().to_tier == silver
    assert Grant.objects.get().source == f"tier-upgrade:{member.pk}:{silver.pk}:{gift.pk}"


def test_without_the_lock_the_key_of_the_gift_lets_one_pack_through(
    member: Member, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    silver = Tier.objects.get(code="silver")
    record(member.pk, now, "sale:1", "600.00")
    change = services.reevaluate(member_id=member.pk, at=now, source="orders:1")
    assert change is not None
    TierGift.objects.create(tier=silver, occasion="upgrade", pack=create_pack(goods="Tea"))
    both_asked = Barrier(2)
    give_pack = gifts.services.give_pack

    def waiting(**arguments: Any) -> Any:
        both_asked.wait(30)
        return give_pack(**arguments)

    monkeypatch.setattr(upgrades, "lock_member", lambda member_id: member)
    monkeypatch.setattr("gifts.services.packs.lock_member", lambda member_id: None)
    monkeypatch.setattr(gifts.services, "give_pack", waiting)

    results = at_once(2, lambda _: upgrades.give_upgrade(change=change, at=now, store=None, actor=None), IntegrityError)

    assert len([result for result in results if isinstance(result, IntegrityError)]) == 1
    assert Grant.objects.count() == 1


def test_a_sale_and_a_recharge_at_once_move_each_track_once(member: Member, now: datetime) -> None:
    vip = create_level("stored", "vip", now, thresholds=Thresholds({"recharge": Decimal(1000)}))

    def happen(index: int) -> Change | None:
        metric, amount = (("spend", "500.00"), ("recharge", "1000.00"))[index % 2]
        with transaction.atomic():
            services.record_progress(
                member_id=member.pk, metrics={metric: Decimal(amount)}, business_on=TODAY, source=f"event:{index}",
                idempotency_key=f"event:{index}", at=now, store=None, actor=None,
            )  # fmt: skip
            return services.reevaluate(member_id=member.pk, at=now, source=f"event:{index}")

    at_once(4, happen)

    assert set(Period.objects.values_list("tier__code", flat=True)) == {"silver", vip.code}
    assert Change.objects.count() == 2


def test_two_merges_of_one_member_move_progress_once(store: Store, now: datetime) -> None:
    first, second, third = (create_member(store) for _ in range(3))
    record(first.pk, now, "sale:1", "600.00")
    services.reevaluate(member_id=first.pk, at=now, source="orders:1")

    def unite(index: int) -> list[Change]:
        into = (second, third)[index]
        return services.merge(
            from_member_id=first.pk, into_member_id=into.pk, idempotency_key=f"merge:{index}", at=now, store=None,
            actor=None, source=f"merge:{index}",
        )  # fmt: skip

    results = at_once(2, unite)

    assert sorted(len(result) for result in results) == [0, 1]
    assert sum(entry.amount for entry in ProgressEntry.objects.filter(member__in=[second, third])) == Decimal("600.00")


def test_without_the_lock_neither_order_sees_the_other(
    member: Member, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (progress, evaluation):
        monkeypatch.setattr(module, "lock_member", lambda member_id: None)
    both_recorded, both_evaluated = Barrier(2), Barrier(2)

    def sell(index: int) -> Change | None:
        with transaction.atomic():
            record(member.pk, now, f"sale:{index}")
            both_recorded.wait(30)
            change = services.reevaluate(member_id=member.pk, at=now, source=f"orders:{index}")
            both_evaluated.wait(30)
            return change

    assert at_once(2, sell) == [None, None]


def test_two_evaluations_at_once_open_one_period(member: Member, now: datetime) -> None:
    record(member.pk, now, "sale:1", "2500.00")

    results = at_once(8, lambda i: services.reevaluate(member_id=member.pk, at=now, source=f"orders:{i}"))

    assert len([result for result in results if result is not None]) == 1
    assert Period.objects.get().tier.code == "gold"


def test_without_the_lock_the_database_refuses_a_second_open_period(
    member: Member, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(member.pk, now, "sale:1", "2500.00")
    monkeypatch.setattr(evaluation, "lock_member", lambda member_id: None)
    all_decided = Barrier(4)
    move = moving.move

    def waiting(**arguments: Any) -> Change:
        all_decided.wait(30)
        return move(**arguments)

    monkeypatch.setattr(evaluation, "move", waiting)

    results = at_once(
        4, lambda i: services.reevaluate(member_id=member.pk, at=now, source=f"orders:{i}"), IntegrityError
    )

    assert len([result for result in results if isinstance(result, IntegrityError)]) == 3
    assert Change.objects.count() == 1


def test_one_progress_sent_six_times_at_once_counts_once(member: Member, now: datetime) -> None:
    at_once(6, lambda _: record(member.pk, now, "sale:1"))

    assert ProgressEntry.objects.get().amount == Decimal("300.00")


def test_progress_is_taken_back_once_by_parallel_refunds(member: Member, now: datetime) -> None:
    record(member.pk, now, "sale:1")

    def take_back(index: int) -> str:
        services.reverse_progress(
            idempotency_key_of_original="sale:1", idempotency_key=f"refund:{index}", at=now, store=None, actor=None
        )
        return "done"

    results = at_once(6, take_back, services.AlreadyReversed)

    assert results.count("done") == 1
    assert ProgressEntry.objects.filter(amount__lt=0).count() == 1


def test_two_copies_of_the_night_move_everybody_once(store: Store, now: datetime) -> None:
    for number in range(12):
        record(create_member(store).pk, now, f"import:{number}", "700.00")

    counts = at_once(2, lambda _: sum(c["upgraded"] for c in services.evaluate_due(TODAY, now)))

    assert sum(counts) == 12
    assert Change.objects.count() == 12


def test_without_the_members_locks_two_nights_collide(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        record(create_member(store).pk, now, f"import:{number}", "700.00")
    both_found = Barrier(2)
    monkeypatch.setattr(job, "_lock", lambda members: both_found.wait(30))
    # The first to write stays in its transaction until the second has read.
    monkeypatch.setattr(job, "_give", lambda night, members: sleep(1))

    results = at_once(2, lambda _: list(services.evaluate_due(TODAY, now)), IntegrityError)

    assert len([result for result in results if isinstance(result, IntegrityError)]) == 1
