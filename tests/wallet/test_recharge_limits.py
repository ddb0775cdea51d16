"""Cards that are recharged once, never or for a time, and recharges that are paused (M14)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from audit.models import Record
from tests.factories.ledgers import table_rows
from tests.factories.stored_value import TABLES, set_value
from wallet import services
from wallet.models import Recharge

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_in_english", "_no_pin")]


def limit(purse, recharging="any", until=None, *, at=None):
    services.limit_recharges(
        member_id=purse.pk, recharging=recharging, until=until, reason="gift card", actor=None, at=at or purse.now
    )


def test_while_recharges_are_paused_every_one_is_refused_and_nothing_is_posted(purse_of, now):
    purse = purse_of("100.00", "10.00")
    set_value("wallet.recharges_paused", True, now)
    before = table_rows(*TABLES)

    with pytest.raises(services.RechargeRefused, match="paused"):
        purse.recharge("50.00")

    assert table_rows(*TABLES) == before
    purse.debit("110.00")
    assert purse.balance() == (Decimal("0.00"), Decimal("0.00"))


def test_a_card_that_cannot_be_recharged_refuses_with_the_reason(purse_of):
    purse = purse_of()
    limit(purse, "never")
    before = table_rows(*TABLES)

    with pytest.raises(services.RechargeRefused, match="cannot be recharged"):
        purse.recharge("50.00")

    assert table_rows(*TABLES) == before


def test_a_one_time_card_is_recharged_once_and_a_voided_recharge_does_not_count(purse_of, store, now):
    purse = purse_of()
    limit(purse, "once")
    first = purse.recharge("100.00")
    services.void_recharge(
        recharge_id=first.pk, idempotency_key="v", reason="wrong card", at=now, store=store, actor=None
    )
    purse.recharge("80.00")
    before = table_rows(*TABLES)

    with pytest.raises(services.RechargeRefused, match="only once"):
        purse.recharge("50.00")

    assert table_rows(*TABLES) == before
    assert purse.balance() == (Decimal("80.00"), Decimal("0.00"))


def test_a_limited_time_card_is_recharged_through_its_last_day_and_its_principal_never_expires(purse_of, now):
    purse = purse_of()
    limit(purse, until=date(2026, 3, 18))
    # 23:59 of the last day in the shop's zone, then midnight.
    purse.recharge("100.00", at=now + timedelta(hours=11, minutes=59))
    before = table_rows(*TABLES)

    with pytest.raises(services.RechargeRefused, match="until 2026-03-18"):
        purse.recharge("50.00", at=now + timedelta(hours=12))

    assert table_rows(*TABLES) == before
    purse.debit("100.00", at=now + timedelta(days=400))


def test_a_limit_is_recorded_with_before_and_after_and_can_be_lifted(purse_of):
    purse = purse_of()
    limit(purse, "never", date(2026, 6, 1))
    limit(purse, "never", date(2026, 6, 1))
    limit(purse)

    purse.recharge("50.00")

    records = Record.objects.filter(action="wallet.recharges_limited").order_by("id")
    assert [(one.data["before"], one.data["after"]) for one in records] == [
        (["any", None], ["never", "2026-06-01"]),
        (["never", "2026-06-01"], ["any", None]),
    ]


def test_a_manager_limits_a_card_on_screen_and_the_member_page_says_so(purse_of, manager, client_for):
    purse = purse_of("100.00")
    browser = client_for(manager)
    url = reverse("wallet:recharge-limit-edit", args=[purse.pk])

    key = browser.get(url).context["form"]["command_key"].value()
    answer = browser.post(url, {"command_key": key, "recharging": "once", "until": "2026-6-1", "reason": "gift card"})

    assert answer.status_code == 302
    panel = browser.get(reverse("wallet:member-panel", args=[purse.pk]))
    assert "只可充值一次" in panel.text
    assert "2026-06-01" in panel.text
    with pytest.raises(services.RechargeRefused):
        purse.recharge("50.00")
    assert Recharge.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"recharging": "sometimes"}, "recharging"), ({"until": "soon"}, "until"), ({"reason": " "}, "reason")],
)
def test_nonsense_is_said_beside_its_field_and_changes_nothing(purse_of, manager, client_for, fields, field):
    purse = purse_of("100.00")
    browser = client_for(manager)
    url = reverse("wallet:recharge-limit-edit", args=[purse.pk])
    key = browser.get(url).context["form"]["command_key"].value()

    answer = browser.post(
        url, {"command_key": key, "recharging": "never", "until": "", "reason": "gift card", **fields}
    )

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Record.objects.filter(action="wallet.recharges_limited").exists()


def test_a_cashier_may_not_limit_recharges(purse_of, cashier, client_for):
    purse = purse_of("100.00")

    assert client_for(cashier).post(reverse("wallet:recharge-limit-edit", args=[purse.pk])).status_code == 403
