"""Paying from stored value above the day's limit: the PIN at the till (R-W10)."""

from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse
from django.utils.translation import override

import wallet.selectors
from audit.models import Record
from checkout.models import Basket, Order
from checkout.services import Tender, confirm_sale
from members import services
from members.models import Pin, PinProof
from tests.factories.till import CASHIER, allow
from wallet.services import PinRequired

PIN, OTHER = "271828", "314159"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def holder(regular, cashier, now):
    """The regular customer with ``PIN`` and 550.00 stored."""
    services.set_pin(member_id=regular.pk, pin=PIN, actor=cashier, at=now)
    return regular


@pytest.fixture
def large(shop, regular) -> Basket:
    """A sale to the regular customer of 289.50."""
    basket: Basket = shop.basket((shop.rice, "5"), member=regular)
    assert basket.quote is not None
    assert basket.quote["figures"]["payable"] == "289.50"
    return basket


@pytest.fixture
def till(shop, client_for, now):
    """Posts of the signed-in cashier at the till, in English, at the shop's noon."""
    allow(shop.cashier, *CASHIER, "members.set_pin")
    client = client_for(shop.cashier)
    client.cookies["django_language"] = "en"
    session = client.session
    session["till"] = shop.till.pk
    session.save()

    def post(name, **data):
        with time_machine.travel(now, tick=False):
            return client.post(reverse(f"checkout:{name}"), data, headers=HTMX)

    return post


def pay(till, basket, wallet_amount="289.50", **more):
    return till(
        "confirmation-create",
        command_key=str(uuid4()),
        basket=str(basket.pk),
        fingerprint=basket.fingerprint,
        wallet=wallet_amount,
        **more,
    )


def stored(member, at) -> Decimal:
    found = wallet.selectors.get_balance(member_id=member.pk, at=at)
    return found.principal + found.bonus


def test_above_the_limit_the_till_asks_for_the_pin_and_sells_with_its_proof(till, large, holder, now, ledgers_agree):
    asked = pay(till, large)

    text = asked.content.decode()
    assert asked.status_code == 422
    assert 'id="pin-dialog"' in text
    assert "Please type your PIN" in text
    # What was typed stands there still.
    assert 'value="289.50"' in text
    assert (Order.objects.count(), stored(holder, now)) == (0, Decimal("550.00"))

    proof = till("pin-proof-create", pin=PIN).json()["proof"]
    sold = pay(till, large, pin_proof=proof)

    assert sold.status_code == 303
    assert (Order.objects.get().payable, stored(holder, now)) == (Decimal("289.50"), Decimal("260.50"))
    assert PinProof.objects.get().used_at == now
    ledgers_agree()


def test_below_the_limit_nothing_is_asked(till, shop, holder):
    basket = shop.basket((shop.rice, "2"), member=holder)

    sold = pay(till, basket, basket.quote["figures"]["payable"])

    assert sold.status_code == 303
    assert Order.objects.count() == 1


def test_a_used_proof_asks_for_the_pin_anew_and_sells_nothing(till, shop, large, holder, now):
    proof = till("pin-proof-create", pin=PIN).json()["proof"]
    pay(till, large, pin_proof=proof)
    again = shop.basket((shop.rice, "4"), member=holder)

    asked = pay(till, again, again.quote["figures"]["payable"], pin_proof=proof)

    assert asked.status_code == 409
    assert "The PIN has to be typed again." in asked.content.decode()
    assert 'id="pin-dialog"' in asked.content.decode()
    assert Order.objects.count() == 1


def test_the_same_command_with_another_proof_returns_the_first_sale(shop, large, holder, now):
    """A lost answer is asked for again, perhaps after the PIN was typed a second time."""
    key = uuid4()

    def confirm(proof):
        return confirm_sale(
            key=key,
            basket_id=large.pk,
            fingerprint=large.fingerprint,
            tenders=[Tender("wallet", Decimal("289.50"))],
            actor=shop.cashier,
            at=now,
            pin_proof=proof,
        )

    with pytest.raises(PinRequired):
        confirm(None)
    proofs = [services.verify_pin(member_id=holder.pk, pin=PIN, at=now) for _twice in range(2)]

    assert confirm(proofs[0]) == confirm(proofs[1])
    assert Order.objects.count() == 1
    assert list(PinProof.objects.filter(used_at=None).values_list("pk", flat=True)) == [proofs[1]]


def test_a_refused_sale_leaves_the_proof_good(till, shop, large, holder, now):
    proof = till("pin-proof-create", pin=PIN).json()["proof"]
    refused = pay(till, large, "200.00", pin_proof=proof)
    assert (refused.status_code, Order.objects.count()) == (422, 0)

    assert pay(till, large, pin_proof=proof).status_code == 303


def test_five_wrong_pins_lock_and_say_so_without_counting_down(till, large, holder, now):
    answers = [till("pin-proof-create", pin=OTHER) for _try in range(6)]

    assert [answer.status_code for answer in answers] == [422] * 6
    assert {answer.json()["message"] for answer in answers[:5]} == {"The PIN is not right."}
    assert answers[5].json()["message"].startswith("Too many wrong PINs.")
    assert till("pin-proof-create", pin=PIN).status_code == 422
    assert (PinProof.objects.count(), Record.objects.filter(action="member.pin_failed").count()) == (0, 5)
    assert all("no-store" in answer.headers["cache-control"] for answer in answers)


def test_a_member_without_pin_sets_it_at_the_first_use_above_the_limit(till, large, regular, now):
    asked = pay(till, large).content.decode()
    assert "Please choose a PIN" in asked
    assert 'name="pin_again"' in asked

    for pin, again, message in (
        ("123456", "123456", "This PIN is too easy to guess."),
        (PIN, OTHER, "The two PINs differ. Type the same one twice."),
        (PIN, "", "This field is required."),
    ):
        refused = till("pin-create", pin=pin, pin_again=again)
        assert (refused.status_code, refused.json()["message"], Pin.objects.count()) == (422, message, 0)
    proof = till("pin-create", pin=PIN, pin_again=PIN).json()["proof"]

    assert pay(till, large, pin_proof=proof).status_code == 303
    assert Pin.objects.count() == 1


def test_a_pin_that_exists_is_not_overwritten_at_the_till(till, large, holder):
    refused = till("pin-create", pin=OTHER, pin_again=OTHER)

    assert refused.status_code == 409
    assert PinProof.objects.count() == 0


def test_without_the_right_nobody_sets_a_pin_at_the_till(till, large, shop):
    shop.cashier.groups.clear()
    shop.cashier.user_permissions.set(shop.cashier.user_permissions.exclude(codename="set_pin"))

    assert till("pin-create", pin=PIN, pin_again=PIN).status_code == 403
    assert "Ask somebody who may set one." in pay(till, large).content.decode()
    assert Pin.objects.count() == 0


def test_a_walk_in_has_no_pin_to_prove(till, shop):
    shop.basket((shop.rice, "1"))

    for name in ("pin-proof-create", "pin-create"):
        assert till(name, pin=PIN, pin_again=PIN).status_code == 404


def test_a_proof_of_another_member_does_not_pay(till, shop, large, holder, now, store, cashier):
    other = services.create_member(
        data=services.MemberData(name="李雷"), source="counter", store=store, actor=cashier, at=now
    )
    services.set_pin(member_id=other.pk, pin=OTHER, actor=cashier, at=now)
    proof = services.verify_pin(member_id=other.pk, pin=OTHER, at=now)

    assert pay(till, large, pin_proof=str(proof)).status_code == 409
    assert pay(till, large, pin_proof="no uuid").status_code == 422
    assert (Order.objects.count(), stored(holder, now)) == (0, Decimal("550.00"))


@pytest.mark.parametrize(
    ("act", "text"),
    [
        (lambda one: services.block_card(**one, reason="lost"), "This card was reported lost."),
        (
            lambda one: services.replace_card(**one, reason="damaged"),
            "This card was replaced: only the new one counts.",
        ),
    ],
)
def test_an_old_card_number_is_refused_at_the_till_with_the_reason(till, shop, regular, now, act, text):
    old = regular.number
    act({"member_id": regular.pk, "actor": shop.cashier, "at": now})

    refused = till("scan-create", text=old)

    assert refused.status_code == 422
    with override("en"):
        assert text in refused.content.decode()
    assert not Basket.objects.exclude(member=None).exists()
    assert till("scan-create", text="13800138821").status_code == 200
    assert Basket.objects.get().member == regular


def test_an_old_card_number_is_refused_where_a_member_to_recharge_is_looked_up(till, shop, regular, now, client_for):
    old = regular.number
    services.replace_card(member_id=regular.pk, reason="damaged", actor=shop.cashier, at=now)
    client = client_for(shop.cashier)
    session = client.session
    session["till"] = shop.till.pk
    session.save()
    client.cookies["django_language"] = "en"

    text = client.get(reverse("checkout:recharge-create"), {"q": old}).content.decode()

    assert "This card was replaced: only the new one counts." in text


def test_a_pass_is_no_way_of_paying_that_can_be_typed(till, shop):
    basket = shop.basket((shop.rice, "1"))

    refused = till(
        "confirmation-create",
        **{"command_key": str(uuid4()), "basket": str(basket.pk), "fingerprint": basket.fingerprint, "pass": "59.90"},
    )

    assert (refused.status_code, Order.objects.count()) == (422, 0)
