"""Replaying by the rules that were in force gives back every movement that the till and the nights really made."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.days import local_day
from stores.models import Staff, Store
from tests.factories.members import create_member
from tiers import services
from tiers.models import Change, Tier, Track
from tiers.rules import KeepRule, Streak, Thresholds, Window
from tiers.rules.replaying import Replay
from tiers.selectors.replay import get_rulebook, load_walks, night_at

FIRST = date(2026, 1, 1)
DAYS = 130
BEGIN = datetime(2025, 12, 31, 16, tzinfo=UTC)
WEEKS = Window("rolling_days", 28)


def _thresholds(spend: str, points: str) -> Thresholds:
    return Thresholds({"spend": Decimal(spend), "points": Decimal(points)}, "any", WEEKS)


LADDERS: dict[str, dict[str, dict[str, Any]]] = {
    "requalify": {"silver": {}, "gold": {}, "diamond": {}},
    "one down with grace": {
        "silver": {"keep": "one_down", "grace_days": 5},
        "gold": {"keep": "one_down", "grace_days": 9},
        "diamond": {"keep": "to_base"},
    },
    "months": {
        "silver": {"keep_rule": KeepRule(streak=Streak(1, {"spend": Decimal(120), "points": Decimal(60)})).to_json()},
        "gold": {
            "keep_rule": KeepRule(
                thresholds=_thresholds("500", "400"), streak=Streak(2, {"spend": Decimal(300)}, joint="and")
            ).to_json()
        },
        "diamond": {"keep": "never_falls"},
    },
    "own length": {
        "silver": {"validity": {"days": 40}},
        "gold": {"validity": {"round_up": "month"}},
        "diamond": {"validity": {"months": 2}},
    },
}


def _set_rules(ladder: str, at: datetime, factor: int = 1) -> None:
    for code, (spend, points) in {"silver": (200, 150), "gold": (600, 450), "diamond": (1500, 1200)}.items():
        terms: dict[str, Any] = {"keep": "requalify", "discount_factor": Decimal("0.95"), "points_multiple": Decimal(1)}
        services.add_version(
            tier=Tier.objects.select_related("track").get(code=code),
            thresholds=_thresholds(str(spend * factor), str(points * factor)),
            effective_at=at,
            actor=None,
            at=at,
            **(terms | LADDERS[ladder][code]),
        )


def _live(dice: random.Random, members: list[int], store: Store, staff: Staff) -> datetime:
    """So many days of sales, voids and hands, each begun by its night."""
    keys: list[tuple[int, str]] = []
    now = BEGIN
    for number in range(DAYS):
        midnight = BEGIN + timedelta(days=number)
        day = FIRST + timedelta(days=number)
        for _counts in services.evaluate_due(day, midnight + timedelta(minutes=30)):
            pass
        for sale in range(dice.randrange(5)):
            now = midnight + timedelta(hours=9, minutes=7 * sale)
            member = dice.choice(members)
            where: dict[str, Any] = {"source": f"order:{number}{sale}", "at": now, "store": store, "actor": staff}
            chance = dice.random()
            if chance < 0.12 and keys:
                member, key = keys.pop(dice.randrange(max(0, len(keys) - 4), len(keys)))
                services.reverse_progress(
                    idempotency_key_of_original=key, idempotency_key=f"{key}:void", at=now, store=store, actor=staff
                )
            elif chance < 0.15:
                services.set_manually(
                    member_id=member,
                    tier=Tier.objects.get(code=dice.choice(["normal", "silver", "gold"])),
                    reason="by hand",
                    at=now,
                    store=store,
                    actor=staff,
                    locked_until=dice.choice([None, midnight + timedelta(days=21)]),
                    restart_counting=dice.random() < 0.5,
                )
                continue
            else:
                key = f"sale:{number}:{sale}"
                amount = Decimal(dice.randrange(1, 30_000)) / 100
                services.record_progress(
                    member_id=member,
                    metrics={"spend": amount, "orders": Decimal(1), "points": Decimal(int(amount))},
                    business_on=day,
                    idempotency_key=key,
                    **where,
                )
                keys.append((member, key))
            services.reevaluate(member_id=member, **where)
    return now


@pytest.mark.parametrize("ladder", LADDERS)
def test_a_replay_by_the_rules_that_were_gives_back_every_movement(store: Store, manager: Staff, ladder: str) -> None:
    dice = random.Random(ladder)
    members = [create_member(store).pk for _ in range(3)]
    _set_rules(ladder, BEGIN)
    _set_rules(ladder, BEGIN + timedelta(days=70), factor=dice.choice([1, 2]))
    last_at = _live(dice, members, store, manager)
    last = FIRST + timedelta(days=DAYS - 1)
    track = Track.objects.get(code="growth")

    rules = get_rulebook(track, first=FIRST, at=last_at)
    walks = load_walks(track, members, first=FIRST, last=last, at=last_at)

    moved = 0
    for member, walk in walks.items():
        replay = Replay(rules, walk.start, joined_on=walk.joined_on, night_at=night_at, known=walk.known)
        steps = [
            (step.today, step.before.code, step.after.code, "manual" if step.reason == "given" else step.reason)
            for step in replay.run(walk.happenings, FIRST, last)
        ]
        real = [
            (local_day(change.occurred_at), change.from_tier.code, change.to_tier.code, change.reason)
            for change in Change.objects.filter(member_id=member).select_related("from_tier", "to_tier").order_by("pk")
        ]
        assert steps == real
        moved += len(real)
    assert moved >= 9
