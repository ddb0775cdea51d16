"""Drafts of tier rules: what they say, trying them first, activating, calling off."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from audit.models import Record
from stores.models import Staff
from tiers import services
from tiers.models import Draft, Tier, Track, Version
from tiers.rules import Thresholds, Window
from tiers.selectors import get_benefits, list_versions_in_force
from tiers.selectors.boards import list_boards, list_history
from tiers.services.drafts import digest_of, subject_of
from tiers.terms import Terms, terms_from, terms_of
from trials.models import Trial

CHEAPER = Terms(
    thresholds=Thresholds({"spend": Decimal("300")}, window=Window("rolling_months", 6)),
    discount_factor=Decimal("0.9300"),
    points_multiple=Decimal("1.50"),
    keep_rule={"streak": {"months": 3, "metrics": {"spend": "200"}, "readings": {"spend": "per_month"}, "joint": "or"}},
    validity={"round_up": "year"},
    grace_days=7,
    category_factors={"7": "0.8800"},
    perks=({"code": "p1", "name": "Coffee", "per_month": 2, "note": ""},),
)


@pytest.fixture
def draft(silver: Tier, owner: Staff, now: datetime) -> Draft:
    opened = services.open_draft(track_id=silver.track_id, actor=owner, at=now)
    return services.save_level(draft_id=opened.pk, tier=silver, terms=CHEAPER, actor=owner, at=now)


def tried(draft: Draft, now: datetime) -> Trial:
    """A finished trial of what the draft says now."""
    return Trial.objects.create(
        kind="tier_draft", subject=subject_of(draft), title="x", digest=digest_of(subject_of(draft)), days=90,
        status=Trial.Status.DONE, progress=100, asked_at=now, ended_at=now,
    )  # fmt: skip


def activate(draft: Draft, at: datetime, now: datetime, **options: Any) -> list[Version]:
    return services.activate_draft(
        draft_id=draft.pk, effective_at=at, at=now, **{"reason": "", "actor": None, **options}
    )


def test_terms_survive_the_way_into_a_draft_and_a_version(draft: Draft, silver: Tier, now: datetime) -> None:
    assert terms_from(draft.levels[str(silver.pk)]) == CHEAPER

    tried(draft, now)
    version = activate(draft, now, now)[0]

    assert terms_of(Version.objects.get(pk=version.pk)) == CHEAPER
    assert version.draft == draft


def test_a_track_has_one_open_draft(draft: Draft, silver: Tier, owner: Staff, now: datetime) -> None:
    assert services.open_draft(track_id=silver.track_id, actor=owner, at=now) == draft
    assert Draft.objects.count() == 1


def test_saying_what_is_in_force_takes_the_level_out_again(draft: Draft, silver: Tier, now: datetime) -> None:
    in_force = Version.objects.get(tier=silver)

    services.save_level(draft_id=draft.pk, tier=silver, terms=terms_of(in_force), actor=None, at=now)

    draft.refresh_from_db()
    assert draft.levels == {}


def test_a_draft_changes_nobody_before_it_is_activated(draft: Draft, silver: Tier, now: datetime) -> None:
    assert Version.objects.filter(tier=silver).count() == 1
    assert {version.tier.code: version.discount_factor for version in list_versions_in_force(now)}["silver"] == Decimal(
        "0.9500"
    )


def test_an_untried_draft_does_not_begin(draft: Draft, silver: Tier, now: datetime) -> None:
    with pytest.raises(services.NotTried):
        activate(draft, now, now)

    draft.refresh_from_db()
    assert draft.status == Draft.Status.OPEN
    assert Version.objects.filter(tier=silver).count() == 1


def test_a_draft_that_changed_after_its_trial_is_untried(draft: Draft, silver: Tier, now: datetime) -> None:
    tried(draft, now)
    terms = Terms(**{**vars(CHEAPER), "grace_days": 8})
    services.save_level(draft_id=draft.pk, tier=silver, terms=terms, actor=None, at=now)

    with pytest.raises(services.NotTried):
        activate(draft, now, now)

    assert Version.objects.filter(tier=silver).count() == 1


def test_a_trial_of_exactly_this_lets_it_begin(draft: Draft, silver: Tier, owner: Staff, now: datetime) -> None:
    trial = tried(draft, now)

    versions = activate(draft, now, now, actor=owner, reason="ignored")

    draft.refresh_from_db()
    assert (draft.status, draft.effective_at) == (Draft.Status.ACTIVATED, now)
    assert [version.tier for version in versions] == [silver]
    record = Record.objects.get(action="tier.draft_activated")
    assert (record.reason, record.data["trial"], record.actor) == ("", trial.pk, owner)


def test_activating_without_a_trial_keeps_the_reason(draft: Draft, owner: Staff, now: datetime) -> None:
    activate(draft, now, now, actor=owner, reason="  Opening day  ")

    record = Record.objects.get(action="tier.draft_activated")
    assert (record.reason, record.data["trial"]) == ("Opening day", None)


def test_a_draft_is_activated_once(draft: Draft, silver: Tier, now: datetime) -> None:
    activate(draft, now, now, reason="Opening day")

    with pytest.raises(services.DraftClosed):
        activate(draft, now, now, reason="Opening day")
    with pytest.raises(services.DraftClosed):
        services.save_level(draft_id=draft.pk, tier=silver, terms=CHEAPER, actor=None, at=now)
    with pytest.raises(services.DraftClosed):
        services.discard_draft(draft_id=draft.pk, actor=None, at=now)

    assert Version.objects.filter(tier=silver).count() == 2


def test_an_empty_draft_cannot_be_tried_or_activated(draft: Draft, silver: Tier, now: datetime) -> None:
    services.drop_level(draft_id=draft.pk, tier=silver, actor=None, at=now)

    with pytest.raises(services.DraftClosed):
        services.try_draft(draft_id=draft.pk, days=30, actor=None, at=now)
    with pytest.raises(services.DraftClosed):
        activate(draft, now, now, reason="x")

    assert not Trial.objects.exists()


def test_a_draft_does_not_begin_in_the_past(draft: Draft, silver: Tier, now: datetime) -> None:
    with pytest.raises(services.InvalidVersion):
        activate(draft, now - timedelta(seconds=1), now, reason="x")

    draft.refresh_from_db()
    assert draft.status == Draft.Status.OPEN
    assert Version.objects.filter(tier=silver).count() == 1


def test_planned_rules_hold_from_their_instant_on(draft: Draft, member: Any, silver: Tier, now: datetime) -> None:
    day = now + timedelta(days=3)
    activate(draft, day, now, reason="x")

    before = {one.tier_id: one for one in list_versions_in_force(day - timedelta(microseconds=1))}[silver.pk]
    after = {one.tier_id: one for one in list_versions_in_force(day)}[silver.pk]

    assert (before.discount_factor, after.discount_factor) == (Decimal("0.9500"), Decimal("0.9300"))
    assert get_benefits(member_id=member.pk, at=day).tier_code == "normal"


def test_planned_rules_are_called_off_with_all_of_their_draft(
    draft: Draft, silver: Tier, gold: Tier, now: datetime
) -> None:
    day = now + timedelta(days=3)
    services.save_level(draft_id=draft.pk, tier=gold, terms=CHEAPER, actor=None, at=now)
    planned = activate(draft, day, now, reason="x")
    old = {tier.pk: terms_of(Version.objects.filter(tier=tier).earliest("pk")) for tier in (silver, gold)}

    services.call_off(version_id=planned[0].pk, actor=None, at=now)

    held = {one.tier_id: terms_of(one) for one in list_versions_in_force(day)}
    assert {pk: held[pk] for pk in old} == old
    assert [state for _version, state in list_history(tier_id=silver.pk, at=now)] == [
        "coming",
        "called_off",
        "in_force",
    ]
    growth = list_boards(now)[0]
    assert [row.coming for row in growth.rows] == [None] * 4
    with pytest.raises(services.InvalidVersion):
        services.call_off(version_id=planned[0].pk, actor=None, at=now)
    assert Version.objects.filter(tier=silver).count() == 3


def test_rules_that_have_begun_are_not_called_off(draft: Draft, silver: Tier, now: datetime) -> None:
    planned = activate(draft, now, now, reason="x")

    with pytest.raises(services.InvalidVersion):
        services.call_off(version_id=planned[0].pk, actor=None, at=now)

    assert Version.objects.filter(tier=silver).count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"thresholds": Thresholds()},
        {"thresholds": Thresholds({"balance": Decimal(1)})},
        {"thresholds": Thresholds({"spend": Decimal(0)})},
        {"discount_factor": Decimal("1.01")},
        {"points_multiple": Decimal("100.01")},
        {"category_factors": {"7": "0"}},
        {"grace_days": 366},
        {"validity": {"months": 121}},
        {"validity": {"round_up": "week"}},
        {"keep_rule": {"streak": {"months": 25, "metrics": {"spend": "1"}, "readings": {}, "joint": "or"}}},
        {"keep_rule": {"streak": {"months": 3, "metrics": {}, "readings": {}, "joint": "or"}}},
        {"perks": ({"code": "p1", "name": " ", "per_month": None, "note": ""},)},
        {"perks": ({"code": "p1", "name": "A"}, {"code": "p1", "name": "B"})},
    ],
)
def test_terms_that_do_not_fit_are_refused(draft: Draft, silver: Tier, now: datetime, change: dict[str, Any]) -> None:
    with pytest.raises(services.InvalidVersion):
        services.save_level(
            draft_id=draft.pk, tier=silver, terms=Terms(**{**vars(CHEAPER), **change}), actor=None, at=now
        )

    draft.refresh_from_db()
    assert terms_from(draft.levels[str(silver.pk)]) == CHEAPER


def test_a_card_type_gives_its_benefits_at_once(owner: Staff, now: datetime) -> None:
    tier = services.create_card_type(
        kind="invited", code="staff_card", name="Staff", colour="tier-5", discount_factor=Decimal("0.7000"),
        points_multiple=Decimal("0.50"), is_rechargeable=False, valid_months=6, actor=owner, at=now,
    )  # fmt: skip

    version = Version.objects.get(tier=tier)
    assert (tier.track.kind, tier.track.code, tier.is_rechargeable) == ("invited", "staff_card", False)
    assert (version.discount_factor, version.points_multiple, version.validity) == (
        Decimal("0.7000"), Decimal("0.50"), {"months": 6},
    )  # fmt: skip
    assert [one.code for one in tier.track.tiers.order_by("rank")] == ["no_staff_card", "staff_card"]


def test_a_code_is_taken_once(owner: Staff, now: datetime) -> None:
    with pytest.raises(services.InvalidTier):
        services.create_card_type(
            kind="paid", code="gold", name="x", colour="tier-5", discount_factor=Decimal(1), is_rechargeable=True,
            points_multiple=Decimal(1), valid_months=None, actor=owner, at=now,
        )  # fmt: skip

    assert Track.objects.count() == 4


def test_new_levels_find_a_place_between_others(silver: Tier, gold: Tier, now: datetime) -> None:
    for number in range(6):
        services.create_tier(
            track_id=silver.track_id, above_id=silver.pk, code=f"between{number}", name="x", colour="tier-4",
            is_rechargeable=True, actor=None, at=now,
        )  # fmt: skip

    codes = list(Tier.objects.filter(track=silver.track).order_by("rank").values_list("code", flat=True))
    assert codes == ["normal", "silver", *(f"between{number}" for number in (5, 4, 3, 2, 1, 0)), "gold", "diamond"]
    assert "between0" not in {one.tier.code for one in list_versions_in_force(now)}


def test_a_retired_level_comes_back_and_the_lowest_never_goes(silver: Tier, now: datetime) -> None:
    services.set_retired(tier_id=silver.pk, retired=True, actor=None, at=now)
    silver.refresh_from_db()
    assert silver.retired_at == now

    services.set_retired(tier_id=silver.pk, retired=False, actor=None, at=now)
    silver.refresh_from_db()
    assert silver.retired_at is None

    normal = Tier.objects.get(code="normal")
    with pytest.raises(services.InvalidTier):
        services.set_retired(tier_id=normal.pk, retired=True, actor=None, at=now)
    normal.refresh_from_db()
    assert normal.retired_at is None
    assert Record.objects.filter(action__in=["tier.retired", "tier.brought_back"]).count() == 2
