"""Coupons given at the till: an offer's code in the box (K01), guessers, and more bonus on a recharge."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from uuid import uuid4

import pytest
import time_machine

import coupons.services
import wallet.selectors
from checkout import services
from checkout.models import Basket, RechargeSale
from checkout.services.errors import InvalidTender
from coupons.models import Coupon, Event, Tries
from coupons.rules import check_digit
from gifts.models import RechargePlan
from gifts.services import save_plan
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.ledgers import table_rows
from tests.factories.till import CASHIER, allow

FRAGMENT = {"HTTP_HX_REQUEST": "true"}
RICE = "6901234567892"


@pytest.fixture
def desk(shop, client_for, now):
    """The cashier's browser, bound to the till, at noon."""
    allow(shop.cashier, *CASHIER)
    client = client_for(shop.cashier)
    client.cookies["django_language"] = "en"
    client.post("/checkout/till/", {"till": shop.till.pk})
    with time_machine.travel(now, tick=False):
        yield client


@pytest.fixture
def offer(shop, now):
    return coupons.services.save_offer(
        offer_id=None,
        template_id=create_template(threshold=D("0.00")).pk,
        name="poster",
        starts_at=now - timedelta(days=1),
        ends_at=None,
        limit=None,
        is_open=True,
        actor=shop.cashier,
        at=now,
    )


def scan(client, text):
    return client.post("/checkout/sale/scans/", {"text": text}, **FRAGMENT)


def test_a_scanned_offer_gives_the_member_of_the_sale_a_coupon_that_counts_at_once(desk, shop, regular, offer):
    scan(desk, RICE)
    scan(desk, regular.number)

    answer = scan(desk, offer.code)
    again = scan(desk, offer.code)

    coupon = Coupon.objects.get(offer=offer)
    assert (answer.status_code, again.status_code) == (200, 200)
    assert (coupon.member_id, Event.objects.get(coupon=coupon).store) == (regular.pk, shop.store)
    assert "is in the account" in answer.content.decode()
    assert "was claimed by this member before" in again.content.decode()
    _basket, quote = services.refresh(basket_id=Basket.objects.get(status="open").pk, at=shop.now)
    assert coupon.pk in quote.coupon_ids
    assert Coupon.objects.filter(offer=offer).count() == 1


def test_an_offer_without_a_member_asks_for_one_and_gives_nothing(desk, offer):
    answer = scan(desk, offer.code)

    assert answer.status_code == 422
    assert "Choose a member first" in answer.content.decode()
    assert not Coupon.objects.filter(offer=offer).exists()


def test_whoever_scans_many_unknown_codes_has_to_wait_even_for_a_good_one(desk, shop, regular, offer):
    scan(desk, regular.number)
    unknown = [digits + check_digit(digits) for digits in (f"{number:019d}" for number in range(12))]
    unknown += [digits + check_digit(digits) for digits in (f"{number:017d}" for number in range(8))]

    answers = {scan(desk, code).status_code for code in unknown}
    blocked = scan(desk, offer.code)

    assert answers == {422}
    assert blocked.status_code == 429
    assert "Too many tries" in blocked.content.decode()
    assert not Coupon.objects.filter(offer=offer).exists()


def test_a_misread_code_costs_no_try(desk, offer):
    wrong = offer.code[:-1] + str((int(offer.code[-1]) + 1) % 10)

    scan(desk, wrong)

    assert not Tries.objects.exists()


class TestRecharge:
    """A coupon for recharges."""

    @pytest.fixture
    def coupon(self, regular):
        template = create_template(kind="recharge", amount=D("20.00"), threshold=D("200.00"), name="充值加赠")
        return issue_coupon(template, regular.pk)

    @pytest.fixture
    def recharge(self, shop, regular):
        def run(amount, coupon, *, plan=None, key=None, member=regular, at=shop.now):
            sale_id = services.recharge_at_till(
                key=key or uuid4(),
                till=shop.till,
                member_id=member.pk,
                amount=D(amount),
                plan_id=plan,
                kind="cash",
                received=D(amount),
                actor=shop.cashier,
                at=at,
                coupon_id=None if coupon is None else coupon.pk,
            )
            return RechargeSale.objects.get(pk=sale_id)

        return run

    def test_it_puts_more_bonus_on_the_same_recharge(self, shop, regular, coupon, recharge, ledgers_agree, now):
        plan = save_plan(
            plan=RechargePlan(name="300+30", amount=D("300.00"), bonus=D("30.00")), stores=[], actor=None, at=now
        )
        before = wallet.selectors.get_balance(member_id=regular.pk, at=now).bonus
        key = uuid4()

        sales = [recharge("300.00", coupon, plan=plan.pk, key=key) for _time in range(2)]

        assert sales[0] == sales[1]
        assert sales[0].bonus == D("50.00")
        assert sales[0].receipt["coupon"] == {"name": "充值加赠", "amount": "20.00"}
        assert wallet.selectors.get_balance(member_id=regular.pk, at=now).bonus - before == D("50.00")
        coupon.refresh_from_db()
        assert coupon.status == "redeemed"
        event = Event.objects.get(coupon=coupon, kind="redeemed")
        assert (event.amount, event.source) == (D("20.00"), f"recharge:{sales[0].recharge_id}")
        ledgers_agree()

    def test_a_void_takes_the_bonus_back_and_returns_the_coupon(
        self, shop, regular, coupon, recharge, ledgers_agree, now
    ):
        before = wallet.selectors.get_balance(member_id=regular.pk, at=now)
        sale = recharge("200.00", coupon)

        services.void_recharge_sale(
            key=uuid4(), sale_id=sale.pk, till=shop.till, reason="typo", actor=shop.cashier, at=now
        )

        assert wallet.selectors.get_balance(member_id=regular.pk, at=now) == before
        coupon.refresh_from_db()
        assert (coupon.status, coupon.uses_left) == ("issued", 1)
        ledgers_agree()

    def test_what_does_not_fit_is_refused_and_moves_nothing(self, shop, regular, coupon, recharge, now):
        other = issue_coupon(create_template(), regular.pk)
        stopped = issue_coupon(
            create_template(kind="recharge", amount=D("5.00"), threshold=D("0.00"), conditions={"stores": [987654321]}),
            regular.pk,
        )
        tables = ("checkout_rechargesale", "wallet_entry", "wallet_recharge", "coupons_event", "coupons_coupon")
        before = table_rows(*tables)

        for amount, wanted in (("199.99", coupon), ("500.00", other), ("500.00", stopped)):
            with pytest.raises(InvalidTender):
                recharge(amount, wanted)
        with pytest.raises(InvalidTender):
            recharge("500.00", coupon, at=now + timedelta(days=40))

        assert table_rows(*tables) == before

    def test_the_screen_offers_it_and_the_receipt_names_it(self, desk, shop, regular, coupon):
        page = desk.get(f"/checkout/recharges/new/?member={regular.pk}").content.decode()
        assert f'value="{coupon.pk}"' in page

        answer = desk.post(
            "/checkout/recharges/new/",
            {
                "command_key": str(uuid4()),
                "member": regular.pk,
                "amount": "200",
                "kind": "cash",
                "coupon": coupon.pk,
            },
        )

        assert answer.status_code == 302
        assert "充值加赠" in desk.get(answer["Location"]).content.decode()
        assert RechargeSale.objects.get().bonus == D("20.00")
