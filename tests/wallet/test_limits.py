"""How much may be recharged, how, and by whom (R-W4)."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

from members import identity
from tests.factories.ledgers import table_rows
from tests.factories.stored_value import TABLES, set_value
from wallet import services
from wallet.models import Recharge
from wallet.selectors import is_over_limit
from wallet.services import Payer

pytestmark = pytest.mark.usefixtures("_in_english")
LIN = Payer(name="Lin Yue", id_kind="id_card", id_number="310101199003070011")
COMPANY = Payer(kind="company", name="Harbour Tea Ltd", id_kind="licence", id_number="91310000")


@pytest.fixture
def purse(purse_of, now):
    for code, value in (("limit_named", "1000000"), ("recharge_limit", "0")):
        set_value(f"wallet.{code}", value, now)
    return purse_of()


def refuse(purse, error, principal, **options):
    before = table_rows(*TABLES)
    with pytest.raises(error) as refused:
        purse.recharge(principal, **options)
    assert table_rows(*TABLES) == before
    return str(refused.value)


def test_a_recharge_keeps_payer_document_tender_rates_and_contract(purse, now):
    made = purse.recharge("100.00", payer=LIN, tender="card")

    assert (made.payer_kind, made.payer_name, made.id_kind, made.id_tail) == (
        "individual",
        "Lin Yue",
        "id_card",
        "0011",
    )
    assert (made.tender, made.lpr_1y, made.deposit_rate_1y, made.contract_version) == (
        "card",
        D("3.00"),
        D("1.50"),
        "1",
    )
    assert b"310101" not in bytes(made.id_cipher)
    assert identity.open_text(Recharge.objects.get().id_cipher) == "310101199003070011"


def test_changed_rates_hold_for_later_recharges_only(purse, now):
    purse.recharge("100.00")
    set_value("wallet.lpr_1y", "3.35", now + timedelta(hours=1))
    set_value("wallet.contract_version", "2026-03", now + timedelta(hours=1))

    purse.recharge("100.00", at=now + timedelta(hours=2))

    assert list(Recharge.objects.order_by("id").values_list("lpr_1y", "contract_version")) == [
        (D("3.0000"), "1"),
        (D("3.3500"), "2026-03"),
    ]


def test_a_single_recharge_has_a_limit(purse, now):
    set_value("wallet.recharge_limit", "500.00", now)

    assert "at most 500.00" in refuse(purse, services.RechargeRefused, "500.01")

    assert purse.recharge("500.00").principal == D("500.00")


@pytest.mark.parametrize(("code", "next_one"), [("day", timedelta(days=1)), ("month", timedelta(days=14))])
def test_recharges_of_a_day_and_of_a_month_add_up(purse, now, code, next_one):
    set_value(f"wallet.recharge_{code}_limit", "900.00", now)
    purse.recharge("500.00")

    refuse(purse, services.RechargeRefused, "400.01")

    purse.recharge("400.00")
    purse.recharge("900.00", at=now + next_one)


def test_a_voided_recharge_does_not_count(purse, now, store):
    set_value("wallet.recharge_day_limit", "900.00", now)
    made = purse.recharge("900.00")
    services.void_recharge(
        recharge_id=made.pk, idempotency_key="v", reason="typed twice", at=now, store=store, actor=None
    )

    assert purse.recharge("900.00").principal == D("900.00")


def test_from_ten_thousand_a_day_on_the_payer_shows_a_document(purse):
    purse.recharge("6000.00")

    text = refuse(purse, services.IdentityRequired, "4000.00", payer=Payer(name="Lin Yue"))

    assert "10000.00" in text
    assert purse.recharge("4000.00", payer=LIN).id_tail == "0011"


def test_just_below_ten_thousand_nobody_is_asked(purse):
    assert purse.recharge("9999.99").principal == D("9999.99")


@pytest.mark.parametrize(
    ("payer", "most"),
    [(LIN, D("49999.99")), (Payer(**{**vars(COMPANY), "id_kind": "l", "id_number": "9"}), D("4999.99"))],
)
def test_cash_is_refused_from_fifty_thousand_of_a_person_and_five_thousand_of_a_company(purse, payer, most):
    too_much = str(most + D("0.01"))

    refuse(purse, services.RechargeRefused, too_much, payer=payer, tender="cash")

    assert purse.recharge(str(most), payer=payer, tender="cash").principal == most
    assert purse.recharge(too_much, payer=payer, tender="card").principal == most + D("0.01")


def test_splitting_over_several_cards_adds_up_for_the_same_payer(purse, purse_of):
    purse.recharge("3000.00", payer=COMPANY, tender="cash")
    other = purse_of()

    refuse(other, services.RechargeRefused, "2000.00", payer=COMPANY, tender="cash")

    other.recharge("1999.99", payer=COMPANY, tender="cash")
    other.recharge("3000.00", payer=Payer(kind="company", name="Another Ltd"), tender="cash")


def test_a_refund_may_lift_the_balance_over_the_cap_and_blocks_recharges_until_below(purse_of, now):
    purse = purse_of("5000.00")
    paid = purse.debit("150.00")
    purse.recharge("150.00")

    purse.refund(paid)

    assert purse.balance() == (D("5150.00"), D("0.00"))
    assert is_over_limit(member=purse.member, at=now)
    refuse(purse, services.BalanceLimitExceeded, "0.01")
    purse.debit("160.00")
    assert not is_over_limit(member=purse.member, at=now)
    purse.recharge("10.00")
