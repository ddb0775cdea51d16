"""Tills that use one pass at the same moment: real threads, real transactions."""

import threading
from collections import Counter
from datetime import timedelta
from decimal import Decimal as D  # noqa: N817
from typing import Any

import pytest

import approvals.services
from members.models import Member
from passes import services
from passes.models import Entry, Pass, Refund
from passes.proofs import PROOFS
from tests.factories.catalog import create_product
from tests.factories.members import create_member
from tests.factories.passes import create_plan, sell, use
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)
TILLS = 50


@pytest.fixture
def wash(db):
    return create_product(name="洗车", list_price="40.00", kind="service")


@pytest.fixture
def member(store):
    return create_member(store)


@pytest.fixture
def held(wash, member, store, now):
    """A pass with one use left."""
    made = sell(create_plan(wash, at=now), member, store, at=now)
    use(made, wash, "66.67", uses=2, at=now)
    return made


def last_use(held, wash, now):
    def do(number: int) -> Any:
        return use(held, wash, "33.33", at=now, key=f"u{number}")

    return do


def kinds(outcomes: list[Any]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


def assert_proved() -> None:
    assert [(proof.name, proof.check()[1]) for proof in PROOFS if proof.check()[1]] == []


def test_the_last_use_of_a_pass_is_taken_by_one_of_fifty_tills(held, wash, now):
    outcomes = run_together(TILLS, last_use(held, wash, now))

    assert kinds(outcomes) == {"Entry": 1, "PassNotUsable": TILLS - 1}
    held.refresh_from_db()
    assert (held.remaining, held.unused_value, held.status) == (0, D("0.00"), "used_up")
    assert_proved()


def test_without_the_locks_the_race_is_real(held, wash, now, monkeypatch):
    ready = threading.Barrier(8)
    check = services.using._check

    def slowly(*arguments: Any) -> None:
        check(*arguments)
        ready.wait(10)

    def unlocked(pass_ids: Any) -> dict[int, Pass]:
        return {one.pk: one for one in Pass.objects.select_related("member").filter(pk__in=pass_ids)}

    monkeypatch.setattr("passes.services.using.lock_member", lambda member_id: Member.objects.get(pk=member_id))
    monkeypatch.setattr("passes.services.using.lock_passes", unlocked)
    monkeypatch.setattr("passes.services.using._check", slowly)

    outcomes = run_together(8, last_use(held, wash, now))

    # All saw the last use: only the CHECK of the table stops seven of them, after they have written their entries.
    assert kinds(outcomes) == {"Entry": 1, "IntegrityError": 7}


def test_two_members_who_share_a_pass_cannot_both_take_its_last_use(wash, member, store, now):
    shared = sell(create_plan(wash, is_shareable=True, paid_uses=1, price=D("40.00"), at=now), member, store, at=now)
    people = [member] + [create_member(store) for _number in range(5)]
    for friend in people[1:]:
        services.add_sharer(pass_id=shared.pk, member_id=friend.pk, at=now, actor=None, store=store)

    outcomes = run_together(
        6, lambda number: use(shared, wash, "40.00", at=now, key=f"u{number}", member_id=people[number].pk)
    )

    assert kinds(outcomes) == {"Entry": 1, "PassNotUsable": 5}
    assert_proved()


def test_one_key_from_six_threads_sells_one_pass_and_uses_it_once(wash, member, store, now):
    plan = create_plan(wash, at=now)

    sold = run_together(6, lambda number: sell(plan, member, store, at=now, key="the same"))
    held = Pass.objects.get()
    used = run_together(6, lambda number: use(held, wash, "33.34", at=now, key="the same use"))

    assert {one.pk for one in sold} == {held.pk}
    assert {one.pk for one in used} == {Entry.objects.get(kind="use").pk}
    held.refresh_from_db()
    assert held.remaining == 2
    assert_proved()


def test_use_undo_and_use_at_once_never_lose_or_make_a_use(held, wash, store, now):
    taken = last_use(held, wash, now)(0)

    def work(number: int) -> Any:
        if number % 2:
            return last_use(held, wash, now)(number)
        undoing = services.Undoing(taken.idempotency_key, "undone")
        return services.undo(undoings=[undoing], source="order:1", at=now, store=store, actor=None)[0]

    outcomes = run_together(12, work)

    undone = {one.pk for one in outcomes if isinstance(one, Entry) and one.kind == "undo"}
    used = [one for one in outcomes if isinstance(one, Entry) and one.kind == "use"]
    held.refresh_from_db()
    assert len(undone) == 1
    assert held.remaining == 1 - len(used)
    assert kinds(outcomes)["PassNotUsable"] == 6 - len(used)
    assert_proved()


def test_a_void_of_the_sale_and_a_use_exclude_each_other(wash, member, store, now):
    held = sell(create_plan(wash, at=now), member, store, at=now)

    def work(number: int) -> Any:
        if number:
            return use(held, wash, "33.34", at=now, key="u")
        return services.void_sale(pass_id=held.pk, reason="x", idempotency_key="v", at=now, store=store, actor=None)

    outcomes = run_together(2, work)

    assert [type(one).__name__ for one in outcomes] in (["Entry", "PassNotUsable"], ["NotVoidable", "Entry"])
    assert_proved()


def test_a_refund_and_a_use_exclude_each_other_and_two_refunds_pay_once(held, wash, store, owner, now):
    def work(number: int) -> Any:
        if number == 0:
            return last_use(held, wash, now)(number)
        return approvals.services.submit(
            kind=services.KIND,
            payload=services.payload_of(held.pk, "merchant"),
            subject=f"pass:{held.pk}",
            reason="x",
            actor=owner,
            store=store,
            at=now,
        )

    outcomes = run_together(5, work)

    done = kinds(outcomes)
    assert done in (
        {"Entry": 1, "NotRefundable": 4},
        {"PassNotUsable": 1, "Outcome": 1, "NotRefundable": 3},
    )
    assert Refund.objects.count() == done["Outcome"]
    assert_proved()


def test_the_nightly_job_twice_at_once_ends_a_pass_once(wash, member, store, now):
    plan = create_plan(wash, valid_days=1, at=now)
    for _number in range(5):
        sell(plan, member, store, at=now)
    later = now + timedelta(days=2)

    run_together(3, lambda number: list(services.expire_due(later.date(), later)))

    assert Entry.objects.filter(kind="expire").count() == 5
    assert_proved()
