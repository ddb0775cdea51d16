"""The pages of drafts, versions, card types and gifts of tiers."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Category
from core.days import local_day
from gifts.models import Pack
from stores.models import Staff
from tiers import examples, services
from tiers.examples import ExampleLine, ExampleOrder
from tiers.models import Draft, Tier, TierGift, Track, Version
from tiers.rules import keep_rule_from
from tiers.services.drafts import digest_of, subject_of
from tiers.terms import terms_from, terms_of
from trials.models import Trial

FORM = {
    "spend": "800", "points": "", "orders": "", "recharge": "", "single_recharge": "", "growth": "", "mode": "any",
    "window": "rolling_months", "window_length": "6", "valid_months": "", "round_up": "", "keep": "requalify",
    "keep_basis": "same", "grace_days": "", "pays": "92.5", "points_multiple": "1.5",
}  # fmt: skip


@pytest.fixture
def head(owner: Staff, client_for: Any) -> Client:
    client: Client = client_for(owner)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def draft(silver: Tier, owner: Staff, now: datetime) -> Draft:
    return services.open_draft(track_id=silver.track_id, actor=owner, at=now)


@pytest.fixture
def today() -> date:
    return local_day(timezone.now())


def text(response: Any) -> str:
    return str(response.content.decode())


def save(head: Client, draft: Draft, tier: Tier, **changes: str) -> Any:
    return head.post(f"/tiers/drafts/{draft.pk}/tiers/{tier.pk}/", {**FORM, **changes})


def said(draft: Draft, tier: Tier) -> Any:
    draft.refresh_from_db()
    return terms_from(draft.levels[str(tier.pk)])


def test_changing_rules_opens_the_draft_of_the_track_once(head: Client, silver: Tier) -> None:
    opened = [head.post(f"/tiers/tracks/{silver.track_id}/draft/", {"tier": silver.pk}) for _ in range(2)]

    draft = Draft.objects.get()
    assert [response["Location"] for response in opened] == [f"/tiers/drafts/{draft.pk}/tiers/{silver.pk}/"] * 2


def test_a_level_is_written_into_the_draft_and_shown_beside_what_holds(
    head: Client, draft: Draft, silver: Tier
) -> None:
    response = save(head, draft, silver)

    assert response.status_code == 302
    terms = said(draft, silver)
    assert (terms.discount_factor, terms.points_multiple) == (Decimal("0.9250"), Decimal("1.50"))
    assert terms.thresholds.metrics == {"spend": Decimal(800)}
    page = text(head.get(f"/tiers/drafts/{draft.pk}/"))
    assert "For members who spend ¥500.00 or earn 500 points within the last 12 months." in page
    assert "For members who spend ¥800.00 within the last 6 months." in page
    assert "7.5% off" in page
    assert Version.objects.filter(tier=silver).count() == 1


def test_saving_without_a_change_leaves_the_level_out(head: Client, draft: Draft, silver: Tier) -> None:
    form = {**FORM, "spend": "500", "points": "500", "window_length": "12", "pays": "95", "points_multiple": "1"}

    assert head.post(f"/tiers/drafts/{draft.pk}/tiers/{silver.pk}/", form).status_code == 302

    draft.refresh_from_db()
    assert draft.levels == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spend": ""}, "Set at least one threshold."),
        ({"window_length": ""}, "Say how many."),
        ({"pays": "0"}, "Must be more than 0."),
        ({"pays": "100.01"}, "At most 100."),
        ({"points_multiple": "101"}, "At most 100."),
        ({"spend": "-5"}, "Must be more than 0."),
        ({"valid_months": "121"}, "At most 120."),
        ({"keep_basis": "own"}, "Set at least one threshold."),
        ({"keep_basis": "streak", "streak_months": ""}, "Say how many."),
        ({"keep_basis": "streak", "streak_months": "3"}, "Say below which figure the months count."),
        ({"keep_basis": "streak", "streak_months": "25", "streak_spend": "200"}, "At most 24."),
        ({"category_pays_0": "90"}, "Choose the category."),
        ({"perk_per_month_0": "2"}, "Say which service."),
    ],
)
def test_errors_stand_beside_the_fields(
    head: Client, draft: Draft, silver: Tier, changes: dict[str, str], words: str
) -> None:
    response = save(head, draft, silver, **changes)

    assert response.status_code == 422
    assert words in text(response)
    draft.refresh_from_db()
    assert draft.levels == {}


def test_three_weak_months_are_read_out_in_words(head: Client, draft: Draft, silver: Tier) -> None:
    response = head.post(
        f"/tiers/drafts/{draft.pk}/tiers/{silver.pk}/?preview",
        {
            **FORM, "keep": "to_base", "keep_basis": "streak", "streak_months": "3", "streak_spend": "200",
            "streak_points": "300", "streak_reading_spend": "per_month", "streak_reading_points": "window_total",
            "streak_joint": "or",
        },
        headers={"HX-Request": "true"},
    )  # fmt: skip

    assert response.status_code == 200
    page = text(response)
    assert (
        "Lost by who, in 3 whole calendar months in a row after the month it was reached in, spends less than ¥200.00 "
        "in each of them or earns less than 300 points in all of them together." in page
    )
    assert "Who is that weak falls to the lowest tier." in page
    assert "<html" not in page
    draft.refresh_from_db()
    assert draft.levels == {}


def test_everything_that_is_typed_comes_back_into_its_box(head: Client, draft: Draft, silver: Tier) -> None:
    tea = Category.objects.create(name="Tea")

    response = save(
        head, draft, silver, valid_months="12", round_up="half_year", keep="one_down", keep_basis="streak",
        streak_months="2", streak_spend="199.50", streak_reading_spend="window_total", streak_joint="and",
        grace_days="14", category_0=str(tea.pk), category_pays_0="88", perk_name_0="Coffee", perk_per_month_0="2",
        perk_note_0="Any size", perk_name_1="Priority queue",
    )  # fmt: skip

    assert response.status_code == 302
    terms = said(draft, silver)
    streak = keep_rule_from(terms.keep_rule).streak
    assert streak is not None
    assert (streak.months, dict(streak.metrics), streak.reading("spend"), streak.joint) == (
        2, {"spend": Decimal("199.50")}, "window_total", "and",
    )  # fmt: skip
    assert (terms.keep, terms.validity, terms.grace_days) == ("one_down", {"months": 12, "round_up": "half_year"}, 14)
    assert terms.category_factors == {str(tea.pk): "0.8800"}
    assert [(perk["code"], perk["name"], perk["per_month"]) for perk in terms.perks] == [
        ("p1", "Coffee", 2), ("p2", "Priority queue", None),
    ]  # fmt: skip
    page = text(head.get(f"/tiers/drafts/{draft.pk}/tiers/{silver.pk}/"))
    for value in ("199.50", "14", "88.00", "Coffee", "Any size", "Priority queue"):
        assert f'value="{value}"' in page
    assert "Valid for 12 months once reached, then on to the end of the half-year." in page
    assert "Coffee (2 times a month)" in page


def test_a_new_service_never_takes_the_code_of_an_old_one(head: Client, draft: Draft, silver: Tier) -> None:
    save(head, draft, silver, perk_name_0="Coffee")
    save(head, draft, silver, perk_name_0="Cloakroom")
    codes = [perk["code"] for perk in said(draft, silver).perks]
    save(head, draft, silver, perk_code_0=codes[0], perk_name_0="Cloakroom, free")

    assert codes == ["p2"]
    assert [perk["code"] for perk in said(draft, silver).perks] == ["p2"]


def test_an_example_is_worked_out_on_a_real_order(
    head: Client, draft: Draft, silver: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (ExampleLine((7,), Decimal("10.05")), ExampleLine((), Decimal("20.00"), takes_discount=False))
    monkeypatch.setattr(examples, "_sources", [lambda: [ExampleOrder("0318-1", lines)]])

    page = text(head.get(f"/tiers/drafts/{draft.pk}/tiers/{silver.pk}/"))
    preview = head.post(f"/tiers/drafts/{draft.pk}/tiers/{silver.pk}/?preview", FORM, headers={"HX-Request": "true"})

    assert "The goods of order 0318-1, ¥30.05 at list price, would cost a holder ¥29.55 instead of ¥29.55" in page
    assert "would cost a holder ¥29.30 instead of ¥29.55, before coupons and points." in text(preview)


def test_the_base_level_is_asked_for_benefits_only(head: Client, draft: Draft) -> None:
    normal = Tier.objects.get(code="normal")
    page = text(head.get(f"/tiers/drafts/{draft.pk}/tiers/{normal.pk}/"))

    response = head.post(f"/tiers/drafts/{draft.pk}/tiers/{normal.pk}/", {"pays": "95", "points_multiple": "1"})

    assert "Who gets it</legend>" not in page
    assert response.status_code == 302
    assert said(draft, normal).discount_factor == Decimal("0.9500")


def test_an_untried_draft_asks_why_and_a_tried_one_does_not(
    head: Client, draft: Draft, silver: Tier, now: datetime
) -> None:
    save(head, draft, silver)
    url = f"/tiers/drafts/{draft.pk}/activation/"

    refused = head.post(url, {"when": "now", "reason": ""})

    assert refused.status_code == 422
    assert "Try the draft first, or say why it begins without a trial." in text(refused)
    assert Version.objects.filter(tier=silver).count() == 1

    Trial.objects.create(
        kind="tier_draft", subject=subject_of(draft), title="x", digest=digest_of(subject_of(draft)), days=90,
        status=Trial.Status.DONE, progress=100, asked_at=now, ended_at=now,
    )  # fmt: skip
    assert "Why without a trial" not in text(head.get(f"/tiers/drafts/{draft.pk}/"))
    assert head.post(url, {"when": "now"}).status_code == 302
    assert terms_of(Version.objects.filter(tier=silver).latest("pk")).discount_factor == Decimal("0.9250")


def test_a_day_ahead_is_planned_and_called_off(head: Client, draft: Draft, silver: Tier, today: date) -> None:
    save(head, draft, silver)
    day = today + timedelta(days=3)
    url = f"/tiers/drafts/{draft.pk}/activation/"

    assert head.post(url, {"when": "later", "day": today.isoformat(), "reason": "x"}).status_code == 422
    assert head.post(url, {"when": "later", "day": "", "reason": "x"}).status_code == 422
    assert head.post(url, {"when": "later", "day": day.isoformat(), "reason": "x"}).status_code == 302

    version = Version.objects.filter(tier=silver).latest("pk")
    assert local_day(version.effective_at) == day
    assert local_day(version.effective_at - timedelta(microseconds=1)) == day - timedelta(days=1)
    assert f"from {day}" in text(head.get("/tiers/"))
    assert head.post(f"/tiers/versions/{version.pk}/cancellation/").status_code == 302
    assert f"from {day}" not in text(head.get("/tiers/"))
    assert "called off" in text(head.get(f"/tiers/{silver.pk}/"))


def test_two_versions_are_compared_side_by_side(head: Client, draft: Draft, silver: Tier) -> None:
    save(head, draft, silver)
    head.post(f"/tiers/drafts/{draft.pk}/activation/", {"when": "now", "reason": "x"})
    old, new = Version.objects.filter(tier=silver).order_by("pk")

    page = text(head.get(f"/tiers/{silver.pk}/versions/compare/?old={old.pk}&new={new.pk}"))

    assert "within the last 12 months" in page
    assert "within the last 6 months" in page
    assert head.get(f"/tiers/{silver.pk}/versions/compare/?old=999999").status_code == 404


def test_a_draft_is_tried_and_thrown_away(head: Client, draft: Draft, silver: Tier) -> None:
    save(head, draft, silver)

    response = head.post(f"/tiers/drafts/{draft.pk}/trial/", {"days": "90"})

    trial = Trial.objects.get()
    assert (trial.kind, trial.subject, trial.days) == ("tier_draft", f"tier_draft:{draft.pk}", 90)
    assert response["Location"].endswith(f"/{trial.pk}/")
    assert head.post(f"/tiers/drafts/{draft.pk}/trial/", {"days": "0"}).status_code == 422
    assert head.post(f"/tiers/drafts/{draft.pk}/removal/").status_code == 302
    draft.refresh_from_db()
    assert draft.status == Draft.Status.DISCARDED
    assert head.get(f"/tiers/drafts/{draft.pk}/").status_code == 200


def test_a_card_type_is_made_on_a_page(head: Client) -> None:
    form = {
        "kind": "invited", "code": "staff_card", "name": "Staff", "colour": "tier-5", "pays": "70",
        "points_multiple": "0.5", "valid_months": "6",
    }  # fmt: skip

    response = head.post("/tiers/cards/new/", form)
    again = head.post("/tiers/cards/new/", form)
    crooked = head.post("/tiers/cards/new/", {**form, "code": "Staff Card"})

    tier = Tier.objects.get(code="staff_card")
    assert response["Location"] == f"/tiers/{tier.pk}/"
    assert not tier.is_rechargeable
    assert terms_of(Version.objects.get(tier=tier)).discount_factor == Decimal("0.7000")
    assert (again.status_code, crooked.status_code) == (422, 422)
    assert "Another tier has this code." in text(again)
    assert Track.objects.count() == 5
    assert "For members whom the staff give it to." in text(head.get("/tiers/"))


def test_a_level_is_made_above_another_and_retired(head: Client, silver: Tier) -> None:
    form = {"code": "bronze_plus", "name": "Bronze+", "colour": "tier-4", "above": silver.pk, "is_rechargeable": "on"}

    response = head.post(f"/tiers/tracks/{silver.track_id}/tiers/new/", form)

    tier = Tier.objects.get(code="bronze_plus")
    assert response["Location"] == f"/tiers/{tier.pk}/"
    assert "No rules yet: nobody gets it." in text(head.get("/tiers/"))
    head.post(f"/tiers/{tier.pk}/retirement/", {"retired": "1"})
    tier.refresh_from_db()
    assert tier.retired_at is not None
    assert "Use it again" in text(head.get(f"/tiers/{tier.pk}/"))


def test_a_pack_is_given_on_an_occasion_once(head: Client, gold: Tier) -> None:
    pack = Pack.objects.create(name="Welcome")
    form = {"occasion": "monthly", "pack": pack.pk, "rolls_over": "on", "is_pending": "on", "is_active": "on"}

    assert head.post(f"/tiers/{gold.pk}/gifts/new/", form).status_code == 302
    again = head.post(f"/tiers/{gold.pk}/gifts/new/", form)

    gift = TierGift.objects.get()
    assert (gift.tier, gift.rolls_over, gift.is_pending, gift.is_active) == (gold, True, False, True)
    assert again.status_code == 422
    assert "The tier gives this pack on this occasion already." in text(again)
    assert head.post(f"/tiers/gifts/{gift.pk}/", {"occasion": "birthday", "pack": pack.pk}).status_code == 302
    gift.refresh_from_db()
    assert (gift.occasion, gift.rolls_over, gift.is_active) == ("birthday", False, False)
    assert "once per birthday" in text(head.get(f"/tiers/{gold.pk}/"))
