"""Clearing of bonus and correction of mistakes, both by request (R-W11, invariant 14)."""

from datetime import timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

from approvals import services as approvals
from approvals.services import ReasonMissing
from audit.models import Record
from core import days
from tests.factories.ledgers import assert_ledgers_agree, table_rows
from tests.factories.stored_value import TABLES
from wallet import services
from wallet.models import Entry, Recharge
from wallet.selectors import BonusFilter

pytestmark = pytest.mark.usefixtures("_in_english")


@pytest.fixture
def clear(store, manager, now):
    def do(criteria, **options):
        options = {
            "notice": "Bonus of spring ends on 1 March",
            "notified_on": days.local_day(now),
            "reason": "campaign is over",
            "idempotency_key": "clear",
            "at": now,
            "store": store,
            "actor": manager,
            **options,
        }
        return services.clear_bonus(criteria=criteria, **options)

    return do


def test_clearing_takes_the_bonus_of_one_member_lot_by_lot_and_never_principal(purse_of, clear):
    purse, other = purse_of("100.00", "20.00"), purse_of("100.00", "20.00")
    purse.recharge("50.00", "5.00")

    cleared = clear(BonusFilter(member_id=purse.pk))

    assert (cleared.members, cleared.lots, cleared.bonus) == (1, 2, D("25.00"))
    assert (purse.balance(), other.balance()) == ((D("150.00"), D("0.00")), (D("100.00"), D("20.00")))
    entries = Entry.objects.filter(kind="bonus_clear").order_by("id")
    assert list(entries.values_list("principal", "bonus", "bonus_after", "memo")) == [
        (D("0.00"), D("-20.00"), D("5.00"), "campaign is over"),
        (D("0.00"), D("-5.00"), D("0.00"), "campaign is over"),
    ]
    record = Record.objects.get(action="wallet.bonus_cleared")
    assert record.data["notice"] == "Bonus of spring ends on 1 March"
    assert_ledgers_agree()


def test_clearing_by_plan_and_day_takes_only_what_fits(purse_of, clear, now):
    purse = purse_of()
    old = purse.recharge("100.00", "10.00", plan={"name": "Spring"}, at=now - timedelta(days=40))
    purse.recharge("100.00", "7.00", plan={"name": "Spring"})
    purse.recharge("100.00", "3.00", plan={"name": "Summer"}, at=now - timedelta(days=40))

    cleared = clear(BonusFilter(plan="Spring", given_before=days.local_day(now)))

    assert cleared.bonus == D("10.00")
    assert list(Entry.objects.filter(kind="bonus_clear").values_list("recharge_id", flat=True)) == [old.pk]


def test_clearing_everybody_without_a_choice_is_not_offered():
    with pytest.raises(ValueError, match="everybody"):
        BonusFilter()


@pytest.mark.parametrize(
    "options",
    [
        {"notice": "  "},
        {"notified_on_later": True},
        {"reason": " "},
        {"criteria": BonusFilter(plan="No such plan")},
    ],
)
def test_what_cannot_be_cleared_moves_nothing(purse_of, clear, now, options):
    purse = purse_of("100.00", "20.00")
    if options.pop("notified_on_later", False):
        options["notified_on"] = days.local_day(now) + timedelta(days=1)
    criteria = options.pop("criteria", BonusFilter(member_id=purse.pk))
    before = table_rows(*TABLES)

    with pytest.raises((services.NotClearable, services.ReasonMissing)):
        clear(criteria, **options)

    assert table_rows(*TABLES) == before


def test_goods_paid_with_cleared_bonus_bring_it_back(purse_of, clear):
    purse = purse_of("100.00", "20.00")
    paid = purse.debit("60.00")
    clear(BonusFilter(member_id=purse.pk))

    purse.refund(paid)

    assert purse.balance() == (D("100.00"), D("10.00"))
    assert_ledgers_agree()


@pytest.fixture
def submit(store, manager, now):
    def do(kind, payload, **options):
        options = {"reason": "campaign is over", "actor": manager, "store": store, "at": now, **options}
        return approvals.submit(kind=kind, payload=payload, subject="members:list", **options)

    return do


@pytest.fixture
def clearing(now):
    def payload(**choice):
        notified = {"notice": "told by letter", "notified_on": days.local_day(now).isoformat()}
        return {**BonusFilter(**choice).payload, **notified}

    return payload


def test_clearing_waits_for_a_second_person_and_then_takes_what_was_shown(purse_of, submit, clearing, owner, now):
    purse = purse_of("100.00", "20.00")
    outcome = submit("wallet.bonus_clear", clearing(member_id=purse.pk))
    assert (outcome.is_done, purse.balance()) == (False, (D("100.00"), D("20.00")))

    done = approvals.approve(request_id=outcome.request.pk, actor=owner, at=now, seen=outcome.request.fingerprint)

    assert (done.is_done, done.result) == (True, f"member:{purse.pk}")
    assert purse.balance() == (D("100.00"), D("0.00"))
    assert Record.objects.get(action="wallet.bonus_cleared").approver == owner


def test_a_clearing_of_changed_figures_is_not_executed(purse_of, submit, clearing, owner, now):
    purse = purse_of("100.00", "20.00")
    outcome = submit("wallet.bonus_clear", clearing(member_id=purse.pk))
    purse.debit("60.00")

    answer = approvals.approve(request_id=outcome.request.pk, actor=owner, at=now, seen=outcome.request.fingerprint)

    assert (answer.is_changed, purse.balance()) == (True, (D("50.00"), D("10.00")))


def correction(purse, recharge, amount, bucket="principal"):
    return {
        "member": purse.pk,
        "recharge": recharge.pk,
        "bucket": bucket,
        "amount": amount,
        "evidence": "receipt 17 of 18 March",
    }


def test_a_correction_down_takes_from_the_recharge_it_names(purse_of, submit, owner, now):
    purse = purse_of()
    purse.recharge("50.00")
    wrong = purse.recharge("300.00")
    outcome = submit("wallet.correction", correction(purse, wrong, "-270.00"))
    assert purse.balance() == (D("350.00"), D("0.00"))

    approvals.approve(request_id=outcome.request.pk, actor=owner, at=now, seen=outcome.request.fingerprint)

    assert purse.balance() == (D("80.00"), D("0.00"))
    entry = Entry.objects.get(kind="correction")
    assert (entry.principal, entry.bonus, entry.recharge_id) == (D("-270.00"), D("0.00"), wrong.pk)
    record = Record.objects.get(action="wallet.corrected")
    assert (record.approver, record.data["evidence"]) == (owner, "receipt 17 of 18 March")
    assert_ledgers_agree()


@pytest.mark.parametrize(("bucket", "after"), [("principal", ("130.00", "20.00")), ("bonus", ("100.00", "50.00"))])
def test_a_correction_up_is_a_lot_of_the_recharge_it_names(purse_of, submit, owner, now, bucket, after):
    purse = purse_of()
    made = purse.recharge("100.00", "20.00", bonus_expires_at=now + timedelta(days=9))

    outcome = submit("wallet.correction", correction(purse, made, "30.00", bucket), approver=owner)

    assert outcome.is_done
    assert purse.balance() == (D(after[0]), D(after[1]))
    lot = Entry.objects.get(kind="correction").lots.get()
    assert (lot.recharge_id, lot.expires_at) == (made.pk, made.bonus_expires_at if bucket == "bonus" else None)
    assert_ledgers_agree()


@pytest.mark.parametrize("amount", ["-40.01", "0.00"])
def test_a_correction_of_more_than_is_left_or_of_nothing_is_refused(purse_of, submit, amount):
    purse = purse_of("100.00")
    purse.debit("60.00")
    before = table_rows(*TABLES)

    with pytest.raises((services.InsufficientBalance, services.NotCorrectable)):
        submit("wallet.correction", correction(purse, Recharge.objects.get(), amount))

    assert table_rows(*TABLES) == before


def test_a_correction_of_a_recharge_of_somebody_else_is_refused(purse_of, submit):
    purse, other = purse_of("100.00"), purse_of("100.00")
    theirs = Recharge.objects.get(account_id=other.pk)

    with pytest.raises(services.NotCorrectable):
        submit("wallet.correction", correction(purse, theirs, "1.00"))


def test_a_correction_needs_a_reason(purse_of, submit):
    purse = purse_of("100.00")

    with pytest.raises(ReasonMissing):
        submit("wallet.correction", correction(purse, Recharge.objects.get(), "1.00"), reason=" ")


def test_a_correction_once_per_key(purse_of, store, manager, now):
    purse = purse_of("100.00")
    made = Recharge.objects.get()

    def correct(amount):
        return services.correct(
            member_id=purse.pk,
            recharge_id=made.pk,
            bucket="principal",
            amount=D(amount),
            evidence="receipt",
            reason="typed wrong",
            idempotency_key="c",
            at=now,
            store=store,
            actor=manager,
        )

    assert correct("-10.00").pk == correct("-10.00").pk
    with pytest.raises(services.KeyReused):
        correct("-11.00")
    assert purse.balance() == (D("90.00"), D("0.00"))
