"""Stored value on screen: a transfer with both PINs, freeze, correction, clearing, statement and the law's page."""

from datetime import timedelta
from decimal import Decimal

import pytest

import members.services
from tests.conftest import make_staff
from tests.factories.ledgers import assert_ledgers_agree
from tests.factories.members import create_member
from tests.factories.stored_value import PIN, Purse, set_value
from wallet.models import Transfer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def giver(store, now):
    purse = Purse(create_member(store, at=now, name="王小明", phone="13800138821"), store, now)
    later = now - timedelta(days=20)
    purse.recharge("500.00", "100.00", at=later, plan={"name": "500+100"}, bonus_expires_at=now + timedelta(days=60))
    purse.recharge("200.00", at=now - timedelta(days=2))
    purse.debit("123.45", at=now - timedelta(days=1))
    purse.set_pin()
    return purse


@pytest.fixture
def taker(store, now):
    purse = Purse(create_member(store, at=now, name="李静", phone="13900139922"), store, now)
    members.services.set_pin(member_id=purse.pk, pin=PIN, actor=None, at=now)
    return purse


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_both_confirm_a_transfer_and_the_pages_tell_it(screen_for, owner, giver, taker, language):
    screen = screen_for(owner, language=language)
    page = screen.page
    screen.open(f"/wallet/members/{giver.pk}/transfers/new/")
    page.fill("#taker-search", "李静")
    page.keyboard.press("Enter")
    screen.picture(f"transfer-taker-{language}")
    page.click(f"a[href='?taker={taker.pk}']")
    screen.picture(f"transfer-form-{language}")

    page.fill("input[name=giver_pin]", PIN)
    page.fill("input[name=taker_pin]", "111111")
    page.fill("input[name=reason]", "moves abroad")
    page.click("button.button-primary")
    page.locator("input[name=taker_pin][aria-invalid=true]").wait_for()
    screen.picture(f"transfer-wrong-{language}")
    assert Transfer.objects.count() == 0

    page.fill("input[name=giver_pin]", PIN)
    page.fill("input[name=taker_pin]", PIN)
    page.click("button.button-primary")
    page.wait_for_url("**/wallet/transfers/**")

    screen.picture(f"transfer-done-{language}")
    assert "¥676.55" in page.inner_text("main")
    assert taker.balance() == (Decimal("597.13"), Decimal("79.42"))
    assert screen.violations() == []
    assert all("422" in complaint for complaint in screen.complaints)
    assert_ledgers_agree()


@pytest.mark.parametrize(("size", "language"), [((1366, 768), "zh-hans"), ((1024, 768), "en")])
def test_every_page_of_stored_value_can_be_read(screen_for, owner, store, giver, taker, now, size, language):
    make_staff("second", "finance", store)
    set_value("wallet.limit_named", "20000", now)
    set_value("wallet.contract_terms", "本卡概不退款，最终解释权归本店所有。", now)
    giver.give(taker, "60.00")
    screen = screen_for(owner, size=size, language=language)
    for name, path in (
        ("member", f"/members/{giver.pk}/"),
        ("freeze", f"/wallet/members/{giver.pk}/freeze/"),
        ("recharge-limit", f"/wallet/members/{giver.pk}/recharge-limit/"),
        ("correction", f"/wallet/members/{giver.pk}/corrections/new/"),
        ("clearing", f"/wallet/members/{giver.pk}/bonus-clearings/new/"),
        ("clearing-many", "/wallet/bonus-clearings/new/?plan=500%2B100"),
        ("statement", f"/wallet/members/{giver.pk}/statement/"),
        ("entries", f"/wallet/members/{giver.pk}/entries/"),
        ("ledger", "/wallet/ledger/"),
        ("accounts", "/wallet/accounts/"),
        ("compliance", "/wallet/compliance/"),
        ("settings", "/stores/settings/"),
    ):
        screen.open(path)
        screen.page.wait_for_load_state("networkidle")
        screen.picture(f"{name}-{language}-{size[0]}")
        assert screen.violations() == [], name
    assert screen.complaints == []
