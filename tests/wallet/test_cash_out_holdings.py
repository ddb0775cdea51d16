"""What the law counts when stored value has changed hands: nothing is lost and nothing is counted twice (R-W9)."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import to_cents
from stores.models import SettingValue
from tests.factories.cash_outs import ask
from tests.factories.ledgers import assert_ledgers_agree, make_member
from wallet import services
from wallet.models import Account, CashOut
from wallet.rules import legal
from wallet.rules.holdings import CONSUME, GRANT, LAPSE, MOVE, Movement, replay
from wallet.selectors import reckon_cash_out

ALICE, BOB = 1, 2


def by_law(held, article=legal.ARTICLE_18):
    return legal.sum_by_law(held, article).amount


@pytest.mark.parametrize("left", [(50_000, 5_000), (45_000, 10_000), (55_000, 0)])
def test_a_transfer_takes_its_share_whichever_bucket_paid_before(left):
    """1,000 + 100, 550 consumed: 500 by law, wherever the rest went and however it was booked."""
    found = replay(
        [
            Movement(GRANT, ALICE, 100_000, 10_000),
            Movement(CONSUME, ALICE, 100_000 - left[0], 10_000 - left[1]),
            Movement(MOVE, ALICE, *left, taker_id=BOB),
        ]
    )

    assert (by_law(found[ALICE]), by_law(found[BOB])) == (D("0.00"), D("500.00"))
    assert (found[BOB].principal, found[BOB].bonus, found[BOB].consumed) == (D("500.00"), D("50.00"), D("0.00"))


def test_bonus_that_expired_before_a_transfer_goes_along():
    found = replay(
        [
            Movement(GRANT, ALICE, 100_000, 10_000),
            Movement(LAPSE, ALICE, 0, 10_000),
            Movement(MOVE, ALICE, 100_000, 0, taker_id=BOB),
        ]
    )

    assert (by_law(found[ALICE]), by_law(found[BOB])) == (D("0.00"), D("1000.00"))


def test_goods_returned_after_a_transfer_count_for_the_one_who_bought_them():
    found = replay(
        [
            Movement(GRANT, ALICE, 100_000, 10_000),
            Movement(CONSUME, ALICE, 50_000, 5_000),
            Movement(MOVE, ALICE, 50_000, 5_000, taker_id=BOB),
            Movement(CONSUME, ALICE, -50_000, -5_000),
        ]
    )

    assert (by_law(found[ALICE]), by_law(found[BOB])) == (D("500.00"), D("500.00"))


def test_what_was_corrected_is_what_was_paid():
    found = replay([Movement(GRANT, ALICE, 100_000, 0), Movement(GRANT, ALICE, -90_000, 0)])

    assert found[ALICE].principal == D("100.00")


def test_a_movement_that_does_not_exist_is_an_error():
    with pytest.raises(LookupError):
        replay([Movement("gift", ALICE)])


@given(
    st.integers(1, 1_000_000),
    st.integers(0, 1_000_000),
    st.lists(st.tuples(st.sampled_from([CONSUME, MOVE, LAPSE]), st.sampled_from([ALICE, BOB]), st.integers(1, 99))),
)
def test_whatever_happens_the_sums_by_law_of_all_holders_are_that_of_the_recharge(paid, given_bonus, steps):
    """Art. 18 over all accounts together is P - C x P / (P + B) of the whole recharge, but for the fen rounded up."""
    movements = [Movement(GRANT, ALICE, paid, given_bonus)]
    left = {ALICE: paid + given_bonus, BOB: 0}
    consumed = 0
    for kind, account, percent in steps:
        face = left[account] * percent // 100
        if not face or (kind == LAPSE and account == ALICE):
            continue
        left[account] -= face
        if kind == CONSUME:
            consumed += face
            movements.append(Movement(CONSUME, account, face))
        elif kind == LAPSE:
            movements.append(Movement(LAPSE, account, 0, face))
        else:
            taker = BOB if account == ALICE else ALICE
            left[taker] += face
            movements.append(Movement(MOVE, account, face, taker_id=taker))

    found = replay(movements)

    assert sum(to_cents(held.principal) for held in found.values()) == paid
    assert sum(to_cents(held.bonus) for held in found.values()) == given_bonus
    assert sum(to_cents(held.consumed) for held in found.values()) == consumed
    exact = paid - -(-consumed * paid // (paid + given_bonus))
    together = sum(to_cents(by_law(held)) for held in found.values())
    assert exact <= together <= exact + 2 + 2 * len(steps)


@pytest.mark.django_db
def test_refund_after_transfer_pays_each_their_own_part(store, owner, now):
    """Nasty: refund after transfer."""
    for code in ("wallet.no_pin_limit", "wallet.limit_named", "wallet.transfer_day_limit"):
        SettingValue.objects.create(code=code, value="100000.00", effective_at=now - timedelta(days=900), actor=owner)
    giver, taker = make_member(store), make_member(store)
    where = {"at": now - timedelta(days=50), "store": store, "actor": None}
    services.recharge(
        member_id=giver.pk, principal=D("1000.00"), bonus=D("100.00"), source="r:1", idempotency_key="r", **where
    )
    services.debit(
        member_id=giver.pk, amount=D("550.00"), list_amount=D("550.00"), source="o:1", idempotency_key="d", **where
    )
    services.transfer(
        giver_id=giver.pk, taker_id=taker.pk, amount=D("220.00"), reason="present", idempotency_key="t", **where
    )

    given = ask(giver, "300.00", actor=owner, store=store, at=now)
    taken = ask(taker, "200.00", actor=owner, store=store, at=now)

    assert given.is_done
    assert taken.is_done
    lines = [cash_out.lines.get() for cash_out in CashOut.objects.order_by("id")]
    assert [(line.principal, line.bonus, line.consumed) for line in lines] == [
        (D("800.00"), D("80.00"), D("550.00")),
        (D("200.00"), D("20.00"), D("0.00")),
    ]
    assert sum(Account.objects.values_list("principal", flat=True)) == D("0.00")
    services.refund(idempotency_key_of_original="d", idempotency_key="back", at=now, store=store, actor=None)
    after = reckon_cash_out(
        member_id=giver.pk,
        ground="merchant",
        terminated_on=now.date(),
        had_before=False,
        paid_on=now.date(),
        at=now,
    )
    assert after.legal == D("500.00")
    assert_ledgers_agree()
