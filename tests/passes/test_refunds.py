"""Refunds of passes: by law or promise, approved by a second person, closed once, paid once."""

from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest

import approvals.services
from approvals.models import Request
from audit.models import Record
from members.services import freeze_member
from passes import services
from passes.models import Entry, Pass, Refund
from passes.proofs import PROOFS
from stores.services import change_setting
from tests.conftest import make_staff
from tests.factories.ledgers import table_rows
from tests.factories.passes import create_plan, sell, use

TABLES = ("passes_pass", "passes_entry", "passes_refund")


@pytest.fixture
def ask(held, store, manager, now):
    def do(ground="merchant", *, which=None, actor=None, approver=None, at=None):
        wanted = which or held
        return approvals.services.submit(
            kind=services.KIND,
            payload=services.payload_of(wanted.pk, ground),
            subject=f"pass:{wanted.pk}",
            reason="moves away",
            actor=actor or manager,
            store=store,
            at=at or now,
            approver=approver,
        )

    return do


def promise(value, owner, now):
    change_setting(code="passes.refund_promise", value=value, effective_at=now, actor=owner, at=now)


def proofs_hold():
    return [proof.name for proof in PROOFS if proof.check()[1]] == []


def test_a_refund_within_the_managers_limit_closes_the_pass_at_once(ask, held, wash, now, manager):
    use(held, wash, "33.34", at=now)

    outcome = ask("merchant")

    assert outcome.is_done
    refund = Refund.objects.get()
    assert outcome.result == f"pass-refund:{refund.pk}"
    assert (refund.article, refund.formula) == ("18", "100.00 - 1 × 100.00 / 3 = 66.67")
    assert (refund.lawful, refund.promised, refund.amount, refund.status) == (D("66.67"), D("66.67"), D("66.67"), "due")
    assert refund.due_on == date(2026, 4, 2)
    entry = Entry.objects.get(kind="refund")
    # Up to the fen: the customer gets the fen that the ledger has already taken.
    assert (entry.uses, entry.value, entry.paid_out) == (-2, D("-66.66"), D("66.67"))
    held.refresh_from_db()
    assert (held.remaining, held.unused_value, held.status) == (0, D("0.00"), "refunded")
    assert Record.objects.get(action="pass.refunded").data["formula"] == refund.formula
    assert proofs_hold()


def test_above_the_limit_a_second_person_has_to_agree(ask, month, manager, owner, store, now):
    outcome = ask("merchant", which=month)

    assert not outcome.is_done
    assert Refund.objects.count() == 0
    month.refresh_from_db()
    assert month.status == "active"
    with pytest.raises(approvals.services.MayNotApprove):
        approvals.services.approve(
            request_id=outcome.request.pk, seen=outcome.request.fingerprint, actor=manager, at=now
        )

    done = approvals.services.approve(
        request_id=outcome.request.pk, seen=outcome.request.fingerprint, actor=owner, at=now
    )

    assert done.is_done
    refund = Refund.objects.get()
    assert (refund.requested_by, refund.approved_by, refund.amount) == (manager, owner, D("290.00"))


def test_a_use_between_asking_and_approving_posts_nothing_and_shows_the_new_figures(
    ask, held, wash, now, cashier, owner
):
    outcome = ask("merchant", actor=cashier)
    use(held, wash, "33.34", at=now)
    before = table_rows(*TABLES)

    answer = approvals.services.approve(
        request_id=outcome.request.pk, seen=outcome.request.fingerprint, actor=owner, at=now
    )

    assert (answer.is_done, answer.is_changed) == (False, True)
    assert table_rows(*TABLES) == before
    assert Request.objects.get().figures["amount"] == "66.67"


@pytest.mark.parametrize(
    ("rule", "ground", "lawful", "amount"),
    [
        ("package", "customer", "20.00", "33.34"),
        ("law", "customer", "20.00", "20.00"),
        ("law", "merchant", "33.34", "33.34"),
    ],
)
def test_what_is_paid_is_the_better_of_law_and_promise(ask, held, wash, owner, now, rule, ground, lawful, amount):
    promise(rule, owner, now)
    use(held, wash, "66.67", uses=2, at=now)

    assert ask(ground).is_done

    refund = Refund.objects.get()
    assert (refund.lawful, refund.amount) == (D(lawful), D(amount))


def test_the_merchant_never_claims_a_shortfall_and_a_refund_of_nothing_leaves_the_pass(
    held, wash, ask, owner, store, now
):
    promise("law", owner, now)
    dear = sell(create_plan(wash, unit_list_price=D("60.00"), at=now), held.member, store, at=now)
    use(dear, wash, "66.67", uses=2, at=now)
    before = table_rows(*TABLES)

    with pytest.raises(services.NotRefundable):
        ask("customer", which=dear)

    assert table_rows(*TABLES) == before


@pytest.mark.parametrize("wrong", ["late", "frozen", "used_up", "ended", "ground"])
def test_a_refund_that_is_not_possible_is_refused(ask, held, ending, wash, member, now, wrong):
    if wrong == "frozen":
        freeze_member(member_id=member.pk, reason="x", actor=None, at=now)
    if wrong == "used_up":
        use(held, wash, "100.00", uses=3, at=now)
    arguments = {
        "late": ("cooling_off", {"at": now + timedelta(days=7)}),
        "ended": ("merchant", {"which": ending, "at": now + timedelta(days=30)}),
        "ground": ("gold", {}),
    }
    ground, data = arguments.get(wrong, ("merchant", {}))
    before = table_rows(*TABLES)

    with pytest.raises(services.NotRefundable):
        ask(ground, **data)

    assert table_rows(*TABLES) == before


def test_within_seven_days_the_price_comes_back_less_what_was_delivered(ask, held, wash, now):
    use(held, wash, "33.34", at=now)

    assert ask("cooling_off", at=now + timedelta(days=6)).is_done
    assert (Refund.objects.get().article, Refund.objects.get().amount) == ("14, 15", D("66.67"))


def test_a_refund_is_paid_once_and_only_in_its_own_way(ask, held, now, manager, store):
    ask("merchant")
    refund = Refund.objects.get()

    def pay(method, reference=""):
        return services.pay_refund(
            refund_id=refund.pk, method=method, reference=reference, actor=manager, at=now, store=store
        )

    for method, reference in (("wallet", ""), ("gold", ""), ("bank", " ")):
        with pytest.raises(services.NotRefundable):
            pay(method, reference)
    assert Refund.objects.get().status == "due"

    pay("bank", "B-77")

    with pytest.raises(services.RefundPaid):
        pay("bank", "B-78")
    paid = Refund.objects.get()
    assert (paid.status, paid.method, paid.reference, paid.paid_by) == ("paid", "bank", "B-77", manager)
    assert Record.objects.filter(action="pass_refund.paid").count() == 1


def test_a_person_of_another_store_may_not_approve(ask, other_store, now):
    stranger = make_staff("other", "manager", other_store)

    with pytest.raises(approvals.services.MayNotApprove):
        ask("merchant", approver=stranger, actor=make_staff("third", "cashier", other_store))

    assert Pass.objects.get().status == "active"
