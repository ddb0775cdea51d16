"""Bonus that is given without a recharge: a lot of its own, worth nothing to the law, taken back while unused."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from core import days
from reports.periods import Period
from reports.selectors.liability import liability_at
from reports.selectors.roll_forward import LEDGERS, present_balance, roll_forward
from tests.factories.cash_outs import ask, cash_out_of
from tests.factories.ledgers import assert_ledgers_agree, table_rows
from tests.factories.stored_value import TABLES, set_value
from wallet import services
from wallet.models import CashOut, Entry, Lot, Recharge
from wallet.rules import legal
from wallet.selectors import get_statement, get_totals, get_used_of_gift, has_standing_recharge, reckon_cash_out

D = Decimal


def grant(purse, amount="10.00", *, lasts=30, key="g", **options):
    ends_at = None if lasts is None else days.end_of(days.local_day(purse.now) + timedelta(days=lasts))
    where = {"at": purse.now, "store": purse.store, "actor": None, "source": "tier-upgrade:1:2:3", **options}
    return services.grant_bonus(member_id=purse.pk, amount=D(amount), expires_at=ends_at, idempotency_key=key, **where)


def take_back(purse, gift, key="b", **options):
    where = {"at": purse.now, "store": purse.store, "actor": None, **options}
    return services.take_back_bonus(recharge_id=gift.pk, idempotency_key=key, **where)


def test_a_gift_of_bonus_is_a_lot_of_its_own_with_its_end(purse_of, now):
    purse = purse_of("100.00", "20.00")

    gift = grant(purse, "10.00")

    entry = Entry.objects.latest("id")
    assert (entry.kind, entry.principal, entry.bonus, entry.principal_after, entry.bonus_after) == (
        "gift", D("0.00"), D("10.00"), D("100.00"), D("30.00"),
    )  # fmt: skip
    lot = Lot.objects.get(recharge=gift)
    assert (lot.bucket, lot.granted, lot.remaining) == ("bonus", D("10.00"), D("10.00"))
    assert lot.expires_at == days.end_of(days.local_day(now) + timedelta(days=30))
    assert (gift.is_gift, gift.principal, gift.store) == (True, D("0.00"), purse.store)
    assert (get_totals(member_id=purse.pk).recharged, get_totals(member_id=purse.pk).bonus_given) == (
        D("100.00"), D("30.00"),
    )  # fmt: skip
    assert_ledgers_agree()


def test_the_same_key_gives_one_gift_and_refuses_another_amount(purse_of):
    purse = purse_of()
    first = grant(purse, "10.00")
    before = table_rows(*TABLES)

    assert grant(purse, "10.00") == first
    with pytest.raises(services.KeyReused):
        grant(purse, "11.00")

    assert table_rows(*TABLES) == before
    assert purse.balance() == (D("0.00"), D("10.00"))


def test_what_the_night_gives_is_owed_where_the_member_registered(purse_of):
    purse = purse_of()

    gift = grant(purse, store=None)

    assert gift.store == purse.member.store
    assert Entry.objects.get(recharge=gift).store is None
    (owed,) = [row for row in liability_at(days.local_day(timezone.now()), None).rows if row.code == "bonus"]
    assert (owed.outstanding, owed.by_store) == (D("10.00"), {purse.member.store_id: D("10.00")})


@pytest.mark.usefixtures("_in_english")
def test_a_frozen_account_and_a_full_one_take_no_gift_and_nothing_moves(purse_of, now):
    full, frozen = purse_of("4995.00"), purse_of("1.00")
    services.freeze_account(member_id=frozen.pk, reason="theft", actor=None, at=now)
    before = table_rows(*TABLES)

    with pytest.raises(services.BalanceLimitExceeded, match=r"would be 5005\.00; at most 5000\.00"):
        grant(full, "10.00")
    with pytest.raises(services.AccountBlocked):
        grant(frozen, "10.00")

    assert table_rows(*TABLES) == before
    grant(full, "5.00")
    assert full.balance() == (D("4995.00"), D("5.00"))


def test_a_gift_is_no_recharge_of_a_card_that_is_recharged_once(purse_of, now):
    purse = purse_of()
    services.limit_recharges(member_id=purse.pk, recharging="once", until=None, reason="gift card", actor=None, at=now)
    grant(purse)

    assert not has_standing_recharge(member_id=purse.pk)
    purse.recharge("100.00")

    assert purse.balance() == (D("100.00"), D("10.00"))


def test_an_unused_gift_goes_back_whole_and_once_per_key(purse_of):
    purse = purse_of("100.00", "20.00")
    gift = grant(purse)

    entry = take_back(purse, gift)

    assert (entry.kind, entry.principal, entry.bonus) == ("gift_back", D("0.00"), D("-10.00"))
    assert take_back(purse, gift).pk == entry.pk
    assert take_back(purse, gift, key="again") is None
    assert get_used_of_gift(gift.pk) == D("0.00")
    assert purse.balance() == (D("100.00"), D("20.00"))
    assert_ledgers_agree()


def test_of_a_partly_spent_gift_the_rest_goes_back_though_the_account_is_frozen(purse_of, now):
    purse = purse_of()
    gift = grant(purse)
    paid = purse.debit("3.45")
    purse.refund(paid, "1.00")
    services.freeze_account(member_id=purse.pk, reason="theft", actor=None, at=now)

    assert get_used_of_gift(gift.pk) == D("2.45")
    assert take_back(purse, gift).bonus == D("-7.55")

    assert purse.balance() == (D("0.00"), D("0.00"))
    purse.refund(paid)
    assert (get_used_of_gift(gift.pk), purse.balance()) == (D("0.00"), (D("0.00"), D("2.45")))
    assert_ledgers_agree()


def test_a_gift_that_was_passed_on_is_used_until_it_comes_back(purse_of):
    giver, taker = purse_of(), purse_of()
    gift = grant(giver)

    giver.give(taker, "4.00")
    assert get_used_of_gift(gift.pk) == D("4.00")
    taker.give(giver, "1.50")
    assert get_used_of_gift(gift.pk) == D("2.50")

    assert take_back(giver, gift).bonus == D("-7.50")
    assert (giver.balance(), taker.balance()) == ((D("0.00"), D("0.00")), (D("0.00"), D("2.50")))
    assert_ledgers_agree()


def test_a_gift_ends_with_its_last_day_and_is_not_taken_back_after_it(purse_of, now):
    purse = purse_of()
    gift = grant(purse, lasts=1)
    last = days.end_of(days.local_day(now) + timedelta(days=1))

    assert purse.balance(last) == (D("0.00"), D("10.00"))
    assert take_back(purse, gift, at=last) is None
    assert list(services.expire_bonus(days.local_day(last), last)) == [{"changed": 1, "lots": 1}]

    assert purse.balance(last) == (D("0.00"), D("0.00"))
    assert get_used_of_gift(gift.pk) == D("0.00")
    assert take_back(purse, gift, key="later", at=last) is None
    assert_ledgers_agree()


def test_only_gifts_are_taken_back_and_never_principal(purse_of, now):
    purse = purse_of()
    paid = purse.recharge("100.00", "20.00")
    gift = grant(purse)
    before = table_rows(*TABLES)

    with pytest.raises(services.UnknownEntry):
        take_back(purse, paid)
    with pytest.raises(services.NotVoidable):
        services.void_recharge(
            recharge_id=gift.pk, idempotency_key="v", reason="x", at=now, store=purse.store, actor=None
        )
    with pytest.raises(services.NotCorrectable):
        services.correct(
            member_id=purse.pk, recharge_id=gift.pk, bucket="principal", amount=D("5.00"), evidence="slip",
            reason="typo", idempotency_key="c", at=now, store=purse.store, actor=None,
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Recharge.objects.create(
            account_id=purse.pk, principal=D(1), bonus=D(1), is_gift=True, paid_at=now, store=purse.store,
            source="x", idempotency_key="x",
        )  # fmt: skip

    assert table_rows(*TABLES) == before


def test_a_refund_in_money_pays_nothing_for_a_gift_and_closes_it(purse_of, owner, now):
    purse = purse_of()
    purse.recharge("100.00", "20.00", at=now - timedelta(days=30))
    gift = grant(purse, "10.00")
    where = {"member_id": purse.pk, "terminated_on": days.local_day(now), "paid_on": days.local_day(now), "at": now}

    for ground in legal.GROUNDS:
        found = reckon_cash_out(ground=ground, had_before=False, **where)
        (line,) = [line for line in found.lines if line.recharge == gift]
        assert (line.legal, line.promised, line.interest, line.left_bonus) == (D(0), D(0), D(0), D("10.00")), ground
        assert (found.legal, found.bonus, found.is_unused) == (D("100.00"), D("30.00"), False)
        assert found.voidable == []
    made = cash_out_of(ask(purse.member, "100.00", actor=owner, store=purse.store, at=now))

    assert (made.status, made.paid, made.closed_bonus) == (CashOut.Status.DUE, D("100.00"), D("30.00"))
    assert get_used_of_gift(gift.pk) == D("0.00")
    assert take_back(purse, gift) is None
    assert_ledgers_agree()


@pytest.mark.usefixtures("_in_english")
def test_a_gift_of_this_week_does_not_open_the_cooling_off_of_an_old_recharge(purse_of, owner, now):
    purse = purse_of()
    purse.recharge("100.00", at=now - timedelta(days=30))
    grant(purse)
    before = table_rows(*TABLES, "wallet_cashout")

    with pytest.raises(services.InvalidClaim, match="No recharge was paid within 7 days"):
        ask(purse.member, "100.00", actor=owner, store=purse.store, at=now, ground=CashOut.Ground.COOLING_OFF)

    assert table_rows(*TABLES, "wallet_cashout") == before


def test_an_old_gift_does_not_make_a_recharge_of_today_a_used_one(purse_of, now):
    purse = purse_of()
    grant(purse, lasts=None, at=now - timedelta(days=30))
    purse.recharge("100.00")

    found = reckon_cash_out(
        ground=legal.CUSTOMER, had_before=False, member_id=purse.pk, terminated_on=days.local_day(now),
        paid_on=days.local_day(now), at=now,
    )  # fmt: skip

    assert (found.legal, found.is_unused) == (D("100.00"), True)


def test_the_books_and_the_statement_show_gifts_apart_from_recharges(purse_of, now):
    purse = purse_of("100.00", "20.00")
    gift = grant(purse, "10.00")
    purse.debit("125.00")
    take_back(purse, gift)
    today = days.local_day(timezone.now())

    report = roll_forward(LEDGERS["bonus"], Period(today, today), None)

    assert report.total.moved == {"recharged": D("20.00"), "given": D("5.00"), "spent": D("-25.00")}
    assert report.total.closing == present_balance(LEDGERS["bonus"]) == report.store_sum == D("0.00")
    assert roll_forward(LEDGERS["principal"], Period(today, today), None).total.moved.get("given", D(0)) == D(0)
    statement = get_statement(member_id=purse.pk, since=days.local_day(now), until=days.local_day(now))
    assert [(line.entry.kind, line.entry.bonus) for line in statement.lines] == [
        ("recharge", D("20.00")), ("gift", D("10.00")), ("spend", D("-25.00")), ("gift_back", D("-5.00")),
    ]  # fmt: skip
    assert [bool(terms) for made, terms in statement.recharges if made.is_gift] == [False]


def test_bonus_first_pays_with_the_gift_that_ends_soonest(purse_of, now):
    set_value("wallet.spending_order", "bonus_first", now - timedelta(days=1))
    purse = purse_of("100.00", "20.00")
    gift = grant(purse, "10.00", lasts=2)

    purse.debit("12.00")

    assert [lot.remaining for lot in Lot.objects.filter(recharge=gift)] == [D("0.00")]
    assert purse.balance() == (D("100.00"), D("18.00"))


def test_the_pages_of_a_member_name_a_gift_and_show_its_end(purse_of, client_for, owner, now):
    purse = purse_of("100.00", "20.00")
    grant(purse, "10.00")
    browser = client_for(owner)
    browser.cookies["django_language"] = "en"
    ended = days.last_day(days.end_of(days.local_day(now) + timedelta(days=30)))

    with time_machine.travel(now, tick=False):
        panel = browser.get(reverse("wallet:member-panel", args=[purse.pk])).content.decode()
        statement = browser.get(reverse("wallet:statement", args=[purse.pk])).content.decode()
        ledger = browser.get(reverse("wallet:ledger-list"), {"kind": "gift"}).content.decode()
        refund = browser.get(reverse("wallet:cash-out-create", args=[purse.pk]))

    assert ">gift<" in panel
    assert f"{ended:%Y-%m-%d}" in panel or ended.isoformat() in panel
    assert "Bonus given without a recharge." in statement
    assert "bonus given" in ledger
    assert refund.status_code == 200
