"""Stored value over time: statements, as-of figures, the chain's ledger, reminders (R-W15, 0.7)."""

from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

from core import days
from members.models import Member, Reminder
from tests.conftest import make_staff
from tests.factories.ledgers import assert_ledgers_agree
from tests.factories.stored_value import set_value
from wallet import services
from wallet.models import Entry, Lot
from wallet.selectors import (
    LedgerFilter,
    get_balance_as_of,
    get_statement,
    list_ledger,
    list_lots_as_of,
    read_stages,
)


@pytest.fixture
def purse(purse_of):
    return purse_of()


def test_a_statement_ties_opening_to_closing_with_every_movement(purse, now):
    purse.recharge("100.00", "20.00", at=now - timedelta(days=10))
    paid = purse.debit("60.00", at=now - timedelta(days=5))
    purse.refund(paid, "12.00")
    purse.recharge("50.00", at=now + timedelta(days=1))
    today = days.local_day(now)

    statement = get_statement(member_id=purse.pk, since=today - timedelta(days=5), until=today)

    assert (statement.opening.principal, statement.opening.bonus) == (D("100.00"), D("20.00"))
    assert [(line.entry.kind, line.entry.amount, line.balance_after) for line in statement.lines] == [
        ("spend", D("-60.00"), D("60.00")),
        ("refund", D("12.00"), D("72.00")),
    ]
    assert (statement.closing.total, statement.came_in, statement.went_out) == (D("72.00"), D("12.00"), D("60.00"))
    assert [(made.principal, made.bonus) for made, _terms in statement.recharges] == [(D("100.00"), D("20.00"))]


def test_a_statement_names_the_terms_of_the_day_of_each_recharge(purse, now):
    set_value("wallet.contract_terms", "old terms", now)
    purse.recharge("10.00", at=now + timedelta(minutes=1))
    set_value("wallet.contract_terms", "new terms", now + timedelta(days=1))
    purse.recharge("10.00", at=now + timedelta(days=2))

    statement = get_statement(member_id=purse.pk, since=date(2026, 1, 1), until=date(2026, 12, 31))

    assert [terms for _made, terms in statement.recharges] == ["old terms", "new terms"]


def test_an_expiry_that_was_posted_late_stands_on_its_own_day(purse, now):
    purse.recharge("100.00", "20.00", bonus_expires_at=now + timedelta(days=1))
    later = now + timedelta(days=9)
    purse.debit("30.00", at=later)
    list(services.expire_bonus(days.local_day(later), later))

    statement = get_statement(member_id=purse.pk, since=days.local_day(now), until=days.local_day(later))

    assert [(line.entry.kind, line.balance_after) for line in statement.lines] == [
        ("recharge", D("120.00")),
        ("bonus_expiry", D("100.00")),
        ("spend", D("70.00")),
    ]


def test_as_of_figures_equal_what_was_true_then(purse, purse_of, now):
    other = purse_of("10.00")
    snapshots = []

    def snapshot():
        left = {lot.pk: lot.remaining for lot in Lot.objects.filter(account_id=purse.pk, remaining__gt=0)}
        snapshots.append((Entry.objects.latest("id").recorded_at, purse.balance(), left))

    purse.recharge("100.00", "20.00")
    snapshot()
    paid = purse.debit("60.00")
    snapshot()
    purse.refund(paid, "12.00")
    snapshot()
    purse.give(other, "24.00")
    snapshot()

    for recorded_at, balance, left in snapshots:
        found = get_balance_as_of(member_id=purse.pk, recorded_until=recorded_at)
        lots = list_lots_as_of(member_id=purse.pk, recorded_until=recorded_at)
        assert (found.principal, found.bonus) == balance
        assert {lot.lot_id: lot.left for lot in lots} == left
    nothing = get_balance_as_of(member_id=purse.pk, recorded_until=snapshots[0][0] - timedelta(days=900))
    assert nothing.total == D("0.00")


def test_the_ledger_of_the_chain_is_seen_by_store(purse, other_store, cashier, owner, now):
    mine = purse.recharge("100.00", actor=cashier)
    theirs = purse.debit("30.00", store=other_store)
    Member.objects.filter(pk=purse.pk).update(phone_tail="8821")

    def kinds(staff, **criteria):
        return list(list_ledger(staff, LedgerFilter(**criteria)).order_by("id").values_list("kind", flat=True))

    assert kinds(owner) == ["recharge", "spend"]
    assert kinds(cashier) == ["recharge"]
    assert kinds(owner, store_id=theirs.store_id) == ["spend"]
    assert kinds(owner, actor_id=cashier.pk) == ["recharge"]
    assert kinds(owner, least=D("50.00")) == ["recharge"]
    assert kinds(owner, least=D("30.00"), kind="spend") == ["spend"]
    assert kinds(owner, member="8821") == ["recharge", "spend"]
    assert kinds(owner, member="nobody at all") == []
    assert kinds(owner, since=days.local_day(now) + timedelta(days=1)) == []
    assert mine.principal == D("100.00")


def test_bonus_that_ends_is_reminded_of_once_per_stage(purse, now):
    today = days.local_day(now)
    ends = {left: days.end_of(today + timedelta(days=left)) for left in (1, 7, 8, 31)}
    for bonus, left in (("1.00", 1), ("2.00", 7), ("3.00", 7), ("4.00", 8), ("5.00", 31)):
        purse.recharge("1.00", bonus, bonus_expires_at=ends[left])

    for _time in range(2):
        list(services.remind_bonus_expiry(today, now))

    found = [
        (row.details["amount"], row.details["stage"], row.due_on) for row in Reminder.objects.order_by("details__stage")
    ]
    assert found == [("1.00", 1, today), ("5.00", 7, today), ("4.00", 30, today)]
    assert {row.kind for row in Reminder.objects.all()} == {"bonus_expiry"}
    tomorrow = now + timedelta(days=1)
    assert [counts["changed"] for counts in services.remind_bonus_expiry(today + timedelta(days=1), tomorrow)] == [2, 2]


def test_nobody_is_reminded_where_the_setting_is_empty(purse, now):
    purse.recharge("1.00", "2.00", bonus_expires_at=days.end_of(days.local_day(now)))
    set_value("wallet.bonus_reminder_days", "", now)

    list(services.remind_bonus_expiry(days.local_day(now), now))

    assert Reminder.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("30, 7, 1", [1, 7, 30]),
        ("30，7、1", [1, 7, 30]),
        ("", []),
        ("7 7", [7]),
        ("soon", None),
        ("366", None),
        ("-1", None),
    ],
)
def test_days_ahead_are_read_as_people_write_them(text, stages):
    assert read_stages(text) == stages


def test_staff_of_no_store_see_no_entries(purse, store):
    purse.recharge("100.00")
    stranger = make_staff("stranger", "cashier")

    assert list(list_ledger(stranger, LedgerFilter())) == []
    assert_ledgers_agree()
