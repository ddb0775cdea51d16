"""What the till tells the tracks of growth and of stored value."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest

import tiers.services
from checkout import services
from checkout.models import RechargeSale
from stores.models import Store
from tests.factories.levels import create_level, history, set_rule
from tiers.models import Change, ProgressEntry, Tier
from tiers.rules import CALENDAR_MONTH, Thresholds, Window


@pytest.fixture
def vip(db, now):
    return create_level("stored", "vip", now, thresholds=Thresholds({"recharge": D(300)}))


def recharge(shop, member, amount, at):
    sale_id = services.recharge_at_till(
        key=uuid4(), till=shop.till, member_id=member.pk, amount=D(amount), plan_id=None, kind="cash",
        received=D(amount), actor=shop.cashier, at=at,
    )  # fmt: skip
    return RechargeSale.objects.get(pk=sale_id)


def test_a_recharge_reaches_a_stored_level_and_its_void_takes_it_back(shop, regular, vip, now, ledgers_agree):
    recharge(shop, regular, "299.99", now)
    assert not Change.objects.filter(to_tier=vip).exists()
    second = recharge(shop, regular, "0.01", now + timedelta(minutes=1))
    assert [step[1:] for step in history(regular)][-1] == ("vip", "upgraded")
    assert second.receipt["new_tier"] == "Vip"

    services.void_recharge_sale(
        key=uuid4(), sale_id=second.pk, till=shop.till, reason="mistyped", actor=shop.cashier,
        at=now + timedelta(minutes=2),
    )  # fmt: skip

    assert history(regular)[-1] == ("vip", "no_stored", "revoked")
    ledgers_agree()


def test_a_recharge_abroad_counts_for_the_month_of_its_store(shop, regular, now):
    set_rule(
        Tier.objects.get(code="silver"),
        now,
        thresholds=Thresholds({"recharge": D(300)}, window=Window(CALENDAR_MONTH, 1)),
    )
    Store.objects.filter(pk=shop.store.pk).update(time_zone="America/Los_Angeles")
    shop.till.refresh_from_db()
    april_in_shanghai = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)

    recharge(shop, regular, "300.00", april_in_shanghai)

    entry = ProgressEntry.objects.get(metric="recharge")
    assert entry.business_on.isoformat() == "2026-03-31"
    change = Change.objects.get(to_tier__code="silver")
    assert change.figures[0]["until"] == "2026-03-31"
    assert change.period.valid_until == datetime(2026, 4, 30, 16, 0, tzinfo=UTC)


def test_a_look_by_hand_judges_the_stored_principal(shop, regular, now):
    create_level("stored", "rich", now, thresholds=Thresholds({"balance": D("500.01")}))
    assert tiers.services.reevaluate(member_id=regular.pk, at=now, source="look", is_look=True) is None
    recharge(shop, regular, "0.01", now)
    assert not Change.objects.filter(to_tier__code="rich").exists()

    change = tiers.services.reevaluate(member_id=regular.pk, at=now, source="look", is_look=True)

    assert change is not None
    assert {"metric": "balance", "since": "2025-03-19", "amount": "500.01"} in change.figures
