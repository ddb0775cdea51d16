"""What happens at night: two tracks, months without orders, members of the 31st, bought tiers, and a kill half-way."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.days import end_of, start_of
from gifts.models import Grant
from members.models import Member
from stores.models import Staff, Store
from tests.factories.members import create_member
from tests.factories.packs import create_pack
from tests.factories.paid_tiers import buy_membership, create_card, create_paid_plan
from tiers import services
from tiers.models import Change, Period, Tier, TierGift, Track, Version
from tiers.paid_proofs import PROOFS as PAID_PROOFS
from tiers.proofs import PROOFS
from tiers.rules import MEMBERSHIP_YEAR, KeepRule, Streak, Thresholds, Window
from tiers.selectors import get_benefits
from tiers.services.nightly import job

DAY = date(2026, 3, 18)
# "3 consecutive months under ¥200 or points under 300", as the seed says it.
SEED = Streak(months=3, metrics={"spend": Decimal(200), "points": Decimal(300)})


def add(member: Member, on: date, key: str, **metrics: str) -> None:
    services.record_progress(
        member_id=member.pk, metrics={name: Decimal(amount) for name, amount in metrics.items()}, business_on=on,
        source=key, idempotency_key=key, at=start_of(on) + timedelta(hours=12), store=None, actor=None,
    )  # fmt: skip


def look(member: Member, on: date) -> None:
    services.reevaluate(member_id=member.pk, at=start_of(on) + timedelta(hours=12), source="x")


def night(day: date) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in services.evaluate_due(day, start_of(day) + timedelta(minutes=30)):
        for name, number in counts.items():
            total[name] = total.get(name, 0) + number
    return total


def held(member: Member, kind: str = "growth") -> str:
    period = Period.objects.filter(member=member, track__kind=kind, ends_at__isnull=True).select_related("tier").first()
    return "" if period is None else period.tier.code


def rules(tier: Tier, **terms: Any) -> Version:
    return Version.objects.create(
        tier=tier, effective_at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
        **{"thresholds": Thresholds({"spend": Decimal(500)}).to_json(), **terms},
    )  # fmt: skip


@pytest.fixture
def card(db: None) -> Tier:
    """A level of a bought card type."""
    tier = Tier.objects.create(track=Track.objects.get(code="paid"), rank=10, code="plus", name="Plus")
    rules(tier, thresholds=Thresholds().to_json(), discount_factor=Decimal("0.85"))
    return tier


@pytest.fixture
def saver(db: None) -> Tier:
    """A level of the stored track for a balance of ¥1,000."""
    tier = Tier.objects.create(track=Track.objects.get(code="stored"), rank=10, code="saver", name="Saver")
    rules(tier, thresholds=Thresholds({"recharge": Decimal(1000)}).to_json(), discount_factor=Decimal("0.97"))
    return tier


def hold(member: Member, tier: Tier, since: date, last: date | None, **more: Any) -> Period:
    return Period.objects.create(
        member=member, track=tier.track, tier=tier, version=tier.versions.latest("pk"), starts_at=start_of(since),
        valid_until=None if last is None else end_of(last), reason="purchased", **more,
    )  # fmt: skip


def test_two_tracks_expire_the_same_night(member: Member, silver: Tier, card: Tier, saver: Tier) -> None:
    hold(member, silver, DAY - timedelta(days=365), DAY)
    hold(member, saver, DAY - timedelta(days=365), DAY)
    hold(member, card, DAY - timedelta(days=30), DAY)

    assert night(DAY) == {}
    counts = night(DAY + timedelta(days=1))

    assert (counts["downgraded"], counts["expired"], counts["changed"]) == (2, 1, 9)
    assert [held(member, kind) for kind in ("growth", "stored", "paid")] == ["normal", "no_stored", "no_paid"]
    assert sorted(Change.objects.values_list("reason", flat=True)) == ["downgraded", "downgraded", "expired"]
    assert night(DAY + timedelta(days=1)) == {}


def test_a_tier_that_was_bought_ends_and_the_growth_tier_earned_meanwhile_is_left(member: Member, card: Tier) -> None:
    hold(member, card, DAY - timedelta(days=30), DAY)
    add(member, DAY, "sale", spend="2000")
    look(member, DAY)
    at = start_of(DAY) + timedelta(hours=13)
    assert get_benefits(member_id=member.pk, at=at).discount_factor == Decimal("0.8500")

    night(DAY + timedelta(days=1))

    benefits = get_benefits(member_id=member.pk, at=at + timedelta(days=1))
    assert (benefits.tier_code, benefits.discount_factor) == ("gold", Decimal("0.9000"))
    assert held(member, "paid") == "no_paid"


def test_a_tier_given_for_a_time_is_left_alone_while_it_is_locked(member: Member, card: Tier) -> None:
    hold(member, card, DAY - timedelta(days=30), DAY, locked_until=end_of(DAY + timedelta(days=9)))

    assert night(DAY + timedelta(days=1)) == {}
    assert night(DAY + timedelta(days=10))["expired"] == 1


def test_a_month_with_zero_orders_counts_as_a_month_below_the_mark(member: Member, silver: Tier) -> None:
    rules(silver, keep="to_base", keep_rule=KeepRule(streak=Streak(3, {"spend": Decimal(200)})).to_json())
    add(member, date(2026, 1, 20), "first", spend="500")
    look(member, date(2026, 1, 20))
    add(member, date(2026, 2, 5), "february", spend="199.99")
    add(member, date(2026, 4, 30), "april", spend="199.99")

    assert night(date(2026, 4, 30)) == {}
    assert night(date(2026, 5, 1))["downgraded"] == 1

    change = Change.objects.latest("pk")
    assert held(member) == "normal"
    assert [figure for figure in change.figures if "until" in figure] == [
        {"metric": "spend", "since": "2026-02-01", "until": "2026-02-28", "amount": "199.99"},
        {"metric": "spend", "since": "2026-03-01", "until": "2026-03-31", "amount": "0.00"},
        {"metric": "spend", "since": "2026-04-01", "until": "2026-04-30", "amount": "199.99"},
    ]
    assert night(date(2026, 5, 1)) == {}
    assert night(date(2026, 5, 2)) == {}


@pytest.mark.parametrize(
    ("february", "march", "april", "points", "left"),
    [
        ("199.99", "199.99", "199.99", "300", "normal"),
        ("199.99", "200.00", "199.99", "300", "silver"),
        ("200.00", "200.00", "200.00", "299", "normal"),
        ("200.00", "0.00", "0.00", "300", "silver"),
    ],
)
def test_three_months_under_200_or_points_under_300_take_silver(
    member: Member, silver: Tier, february: str, march: str, april: str, points: str, left: str
) -> None:
    rules(silver, keep="to_base", keep_rule=KeepRule(streak=SEED).to_json())
    add(member, date(2026, 1, 31), "first", spend="500", points="500")
    look(member, date(2026, 1, 31))
    for number, amount in enumerate((february, march, april), start=2):
        add(member, date(2026, number, 15), f"m{number}", spend=amount, points=points if number == 2 else "0")

    night(date(2026, 5, 1))

    assert held(member) == left
    # What was earned before is used up: the same purchases do not bring the level back.
    look(member, date(2026, 5, 1))
    assert held(member) == left


def test_who_joined_on_the_29_of_february_is_judged_at_the_end_of_a_membership_year(
    member: Member, silver: Tier
) -> None:
    window = Window(MEMBERSHIP_YEAR, 1)
    rules(silver, thresholds=Thresholds({"spend": Decimal(500)}, window=window).to_json())
    Member.objects.filter(pk=member.pk).update(registered_at=start_of(date(2024, 2, 29)))
    add(member, date(2025, 2, 27), "first", spend="500")
    look(member, date(2025, 2, 27))
    assert Period.objects.get().valid_until == start_of(date(2026, 2, 28))
    add(member, date(2025, 3, 1), "second", spend="500")

    assert night(date(2026, 2, 27)) == {}
    assert night(date(2026, 2, 28))["kept"] == 1

    assert Period.objects.get(ends_at__isnull=True).valid_until == start_of(date(2027, 2, 28))


def test_who_joined_on_the_31_reaches_and_keeps_a_level_by_membership_years(member: Member, silver: Tier) -> None:
    window = Window(MEMBERSHIP_YEAR, 1)
    rules(silver, thresholds=Thresholds({"orders": Decimal(2)}, window=window).to_json())
    Member.objects.filter(pk=member.pk).update(registered_at=start_of(date(2025, 8, 31)))
    add(member, date(2025, 8, 31), "first", orders="1")
    add(member, date(2026, 8, 30), "last", orders="1")

    assert night(date(2026, 8, 30))["upgraded"] == 1
    assert Period.objects.get().valid_until == start_of(date(2027, 8, 31))
    assert night(date(2027, 8, 31))["downgraded"] == 1
    assert held(member) == "normal"


def test_without_a_rule_to_keep_it_nobody_ever_falls(member: Member, silver: Tier) -> None:
    """T06: many shops only upgrade."""
    rules(silver, keep="never_falls")
    add(member, DAY, "first", spend="500")
    look(member, DAY)

    assert all(night(DAY + timedelta(days=days)) == {} for days in (366, 400, 4000))
    assert held(member) == "silver"


def test_in_days_of_grace_a_level_can_still_be_saved_and_falls_after_them(member: Member, silver: Tier) -> None:
    rules(silver, grace_days=3)
    saved = create_member(member.store)
    for one in (member, saved):
        add(one, DAY, f"first{one.pk}", spend="500")
        look(one, DAY)
    ended = DAY + timedelta(days=365)
    assert night(ended + timedelta(days=1)) == {}
    add(saved, ended + timedelta(days=2), "late", spend="500")

    assert night(ended + timedelta(days=3))["kept"] == 1
    assert night(ended + timedelta(days=4))["downgraded"] == 1

    assert (held(saved), held(member)) == ("silver", "normal")
    assert Period.objects.get(member=saved, ends_at__isnull=True).valid_until == end_of(date(2028, 3, 18))


def test_one_down_uses_up_the_figures_that_would_bring_the_level_back(member: Member, silver: Tier, gold: Tier) -> None:
    own = Thresholds({"orders": Decimal(9)}, window=Window("rolling_months", 1))
    rules(gold, thresholds=Thresholds({"spend": Decimal(2000)}).to_json(), keep="one_down",
          keep_rule=KeepRule(thresholds=own).to_json(), validity={"months": 1})  # fmt: skip
    add(member, DAY, "first", spend="2000")
    look(member, DAY)

    night(date(2026, 4, 19))

    period = Period.objects.get(ends_at__isnull=True)
    assert (period.tier.code, period.counts_after) == ("silver", date(2026, 4, 18))
    assert night(date(2026, 4, 20)) == {}


def test_a_balance_is_judged_at_night(member: Member, saver: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    rules(saver, thresholds=Thresholds({"balance": Decimal(1000)}).to_json())
    from wallet.models import Account

    Account.objects.create(member=member, principal=Decimal("999.99"))
    assert night(DAY) == {}
    Account.objects.filter(member=member).update(principal=Decimal("1000.00"))
    look(member, DAY)
    assert held(member, "stored") == ""

    assert night(DAY)["upgraded"] == 1
    assert held(member, "stored") == "saver"
    assert Change.objects.get().figures == [{"metric": "balance", "since": "", "amount": "1000.00"}]


def test_a_night_killed_half_way_is_finished_by_the_next_run(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "CHUNK", 2)
    people = [create_member(member.store) for _ in range(7)]
    for one in people:
        add(one, DAY, f"s{one.pk}", spend="600")
    run: Iterator[Any] = services.evaluate_due(DAY, start_of(DAY) + timedelta(hours=13))
    next(run)
    run.close()  # type: ignore[attr-defined]  # a generator
    assert Change.objects.count() == 2

    list(services.evaluate_due(DAY, start_of(DAY) + timedelta(hours=14)))

    assert [held(one) for one in people] == ["silver"] * 7
    assert Change.objects.count() == 7
    assert list(services.evaluate_due(DAY, start_of(DAY) + timedelta(hours=15))) == []
    assert [proof.check()[1] for proof in PROOFS[:2]] == [[], []]


def test_a_retired_level_ends_with_its_validity_and_is_given_to_nobody(
    member: Member, silver: Tier, gold: Tier, owner: Staff
) -> None:
    add(member, DAY, "first", spend="2000")
    look(member, DAY)
    add(member, DAY + timedelta(days=100), "second", spend="2500")
    services.set_retired(tier_id=gold.pk, retired=True, actor=owner, at=start_of(DAY) + timedelta(days=1))
    other = create_member(member.store)
    add(other, DAY + timedelta(days=100), "other", spend="2500")

    night(DAY + timedelta(days=366))

    assert (held(member), held(other)) == ("silver", "silver")


def test_an_upgrade_of_the_night_gives_its_pack_once(member: Member, silver: Tier, gold: Tier) -> None:
    for tier in (silver, gold):
        TierGift.objects.create(tier=tier, occasion=TierGift.Occasion.UPGRADE, pack=create_pack(points=50))
    add(member, DAY, "unseen", spend="2000")

    night(DAY + timedelta(days=1))
    night(DAY + timedelta(days=2))

    assert held(member) == "gold"
    assert list(Grant.objects.values_list("member_id", "status")) == [(member.pk, "given")] * 2


def test_an_upgrade_that_an_import_brought_gives_no_pack(member: Member, silver: Tier) -> None:
    TierGift.objects.create(tier=silver, occasion=TierGift.Occasion.UPGRADE, pack=create_pack(points=50))
    add(member, DAY, "import:1", spend="500")

    night(DAY + timedelta(days=1))

    assert held(member) == "silver"
    assert not Grant.objects.exists()


def test_a_paid_tier_that_the_night_ended_can_be_bought_again(member: Member, store: Store) -> None:
    plan = create_paid_plan(create_card("club")[0], months=1, price="30.00")
    buy_membership(plan, member, store, at=start_of(DAY) + timedelta(hours=12))

    assert night(date(2026, 4, 18)) == {}
    assert night(date(2026, 4, 19))["expired"] == 1
    assert held(member, "paid") != "club_1"
    buy_membership(plan, member, store, at=start_of(date(2026, 5, 1)))

    assert held(member, "paid") == "club_1"
    assert night(date(2026, 5, 1)) == {}
    assert [proof.check()[1] for proof in (*PROOFS, *PAID_PROOFS)] == [[]] * len((*PROOFS, *PAID_PROOFS))
