"""A tier of stored value from its making to the member page, tried on real orders on the way."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

import trials.services
from core.days import local_day
from members.models import Member
from stores.models import Staff
from tiers import services
from tiers.models import Draft, Tier, Track, Version
from trials.models import Trial


@pytest.fixture
def head(owner: Staff, client_for: Any) -> Client:
    client: Client = client_for(owner)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def vault(head: Client) -> Tier:
    """A tier above the lowest of the stored track, made on its page."""
    track = Track.objects.get(kind="stored")
    head.post(
        f"/tiers/tracks/{track.pk}/tiers/new/",
        {
            "code": "vault",
            "name": "储值金卡",
            "colour": "tier-2",
            "above": track.tiers.get().pk,
            "is_rechargeable": "on",
        },
    )
    return Tier.objects.select_related("track").get(code="vault")


def write(head: Client, vault: Tier, **changes: str) -> Draft:
    head.post(f"/tiers/tracks/{vault.track_id}/draft/", {"tier": vault.pk})
    draft = Draft.objects.get(track=vault.track)
    form = {
        "recharge": "1000", "mode": "any", "window": "calendar_year", "window_length": "1", "keep": "requalify",
        "keep_basis": "same", "pays": "90", "points_multiple": "2", **changes,
    }  # fmt: skip
    assert head.post(f"/tiers/drafts/{draft.pk}/tiers/{vault.pk}/", form).status_code == 302
    return draft


def test_the_editor_of_the_stored_track_asks_for_recharges_and_balance_only(head: Client, vault: Tier) -> None:
    draft = write(head, vault, balance="2000")

    page = head.get(f"/tiers/drafts/{draft.pk}/tiers/{vault.pk}/").content.decode()

    for name in ("recharge", "single_recharge", "balance"):
        assert f'name="{name}"' in page
    assert 'name="spend"' not in page
    assert "recharge ¥1,000.00 or have a balance of ¥2,000.00 within a calendar year" in page


def test_a_draft_is_tried_by_the_engine_and_then_begins_without_a_reason(head: Client, vault: Tier) -> None:
    draft = write(head, vault)
    head.post(f"/tiers/drafts/{draft.pk}/trial/", {"days": "30"})
    trial = Trial.objects.get()

    trials.services.run(trial_id=trial.pk, at=timezone.now())

    trial.refresh_from_db()
    assert (trial.status, trial.error) == (Trial.Status.DONE, "")
    assert head.post(f"/tiers/drafts/{draft.pk}/activation/", {"when": "now"}).status_code == 302
    assert Version.objects.get(tier=vault).discount_factor == Decimal("0.9000")


def test_the_member_page_shows_the_way_on_both_tracks_and_what_keeps_the_tier(
    head: Client, vault: Tier, member: Member, owner: Staff
) -> None:
    draft = write(head, vault)
    head.post(f"/tiers/drafts/{draft.pk}/activation/", {"when": "now", "reason": "x"})
    at = timezone.now()
    recharge(member, "868.00", at)
    panel = f"/tiers/members/{member.pk}/panel/"

    before = head.get(panel).content.decode()
    recharge(member, "132.00", at)
    services.reevaluate(member_id=member.pk, at=timezone.now(), source="recharge:2")
    after = head.get(panel).content.decode()

    assert f"¥132.00 to 储值金卡 by {local_day(at).year}-12-31" in before
    assert "to Silver" in before
    assert "储值金卡" in after
    assert f"Valid through {local_day(at).year + 1}-12-31" in after
    assert f"¥1,000.00 to keep 储值金卡, by {local_day(at).year + 1}-12-31" in after
    assert "10% off" in after
    assert "points × 2" in after


def recharge(member: Member, amount: str, at: datetime) -> None:
    services.record_progress(
        member_id=member.pk, metrics={"recharge": Decimal(amount)}, business_on=local_day(at),
        source=f"recharge:{amount}", idempotency_key=str(uuid4()), at=at - timedelta(seconds=1), store=None, actor=None,
    )  # fmt: skip
