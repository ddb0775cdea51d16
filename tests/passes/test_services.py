"""Selling, using, undoing, extending and ending passes; a refusal moves nothing."""

from datetime import date, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from audit.models import Record
from members.models import Member, Reminder
from members.services import freeze_member
from passes import selectors, services
from passes.models import Entry, Pass
from passes.proofs import PROOFS
from tests.factories.catalog import create_product
from tests.factories.ledgers import table_rows
from tests.factories.members import create_member
from tests.factories.passes import create_plan, sell, use

TABLES = ("passes_pass", "passes_entry")


def state(held):
    held.refresh_from_db()
    return held.remaining, held.unused_value, held.status


def undo(entry, now, key="u"):
    return services.undo(
        undoings=[services.Undoing(entry.idempotency_key, f"{key}:{entry.pk}")],
        source="order:1",
        at=now,
        store=entry.store,
        actor=None,
    )[0]


@pytest.fixture
def agree():
    """Every proof of passes finds nothing."""

    def check():
        assert [(proof.name, proof.check()[1]) for proof in PROOFS if proof.check()[1]] == []

    return check


def test_a_pass_keeps_the_contract_as_it_was_when_it_was_sold(plan, held, wash, now, store, agree):
    assert (held.price, held.paid_uses, held.gift_uses, held.unit_list_price) == (D("100.00"), 3, 0, D("40.00"))
    assert (held.product_ids, held.store_ids, held.contract_version) == ([wash.pk], [], "1")
    assert state(held) == (3, D("100.00"), "active")
    entry = Entry.objects.get()
    assert (entry.kind, entry.uses, entry.value, entry.source) == ("sale", 3, D("100.00"), f"pass-sale:{held.pk}")

    plan.price = D("90.00")
    services.save_plan(plan=plan, products=[create_product()], stores=[store], actor=None, at=now)

    held.refresh_from_db()
    assert (held.price, held.product_ids, held.terms["price"]) == (D("100.00"), [wash.pk], "100.00")
    agree()


def test_the_contract_of_a_pass_cannot_be_changed_even_in_the_database(held):
    with pytest.raises(ProgrammingError), transaction.atomic():
        Pass.objects.filter(pk=held.pk).update(price=D("1.00"))
    with pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute("DELETE FROM passes_pass WHERE id = %s", [held.pk])
    for broken in ({"remaining": -1}, {"unused_value": D("-0.01")}, {"status": "used_up"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Pass.objects.filter(pk=held.pk).update(**broken)


def test_the_same_key_sells_once_and_other_content_is_refused(plan, member, store, now):
    first = sell(plan, member, store, at=now, key="k")

    assert sell(plan, member, store, at=now, key="k") == first
    with pytest.raises(services.KeyReused):
        sell(plan, create_member(store), store, at=now, key="k")
    assert (Pass.objects.count(), Entry.objects.count()) == (1, 1)


def test_a_frozen_member_neither_buys_nor_uses_a_pass(plan, held, member, wash, store, now):
    freeze_member(member_id=member.pk, reason="x", actor=None, at=now)
    before = table_rows(*TABLES)

    with pytest.raises(services.MemberNotActive):
        sell(plan, member, store, at=now)
    with pytest.raises(services.MemberNotActive):
        use(held, wash, "33.34", at=now)

    assert table_rows(*TABLES) == before


def test_uses_take_their_share_of_the_price_and_the_last_leaves_nothing(held, wash, now, agree):
    for left, value in ((2, "33.34"), (1, "33.33"), (0, "33.33")):
        use(held, wash, value, at=now)
        assert state(held)[0] == left

    assert state(held) == (0, D("0.00"), "used_up")
    with pytest.raises(services.PassNotUsable):
        use(held, wash, "0.00", at=now)
    agree()


@pytest.mark.parametrize("wrong", ["value", "product", "uses", "agreed", "stranger", "store", "ended"])
def test_a_use_that_is_not_right_is_refused_and_nothing_moves(
    held, ending, wash, store, other_store, member, now, wrong
):
    here_only = sell(create_plan(wash, stores=[other_store], at=now), member, other_store, at=now)
    before = table_rows(*TABLES)
    cases = {
        "value": (services.ValueChanged, held, {"value": "33.33"}),
        "product": (services.PassNotUsable, held, {"product": create_product(list_price="40.00")}),
        "uses": (services.PassNotUsable, held, {"uses": 4, "value": "100.00"}),
        "agreed": (services.NotAgreed, held, {"is_agreed": False}),
        "stranger": (services.PassNotUsable, held, {"member_id": create_member(store).pk}),
        "store": (services.PassNotUsable, here_only, {"store": store}),
        "ended": (services.PassNotUsable, ending, {"at": now + timedelta(days=30)}),
    }
    error, which, data = cases[wrong]

    with pytest.raises(error):
        use(which, data.pop("product", wash), data.pop("value", "33.34"), **{"at": now, **data})

    assert table_rows(*TABLES) == before


def test_the_same_key_uses_once_and_another_use_under_it_is_refused(held, wash, now):
    first = use(held, wash, "33.34", at=now, key="k")

    assert use(held, wash, "33.34", at=now, key="k") == first
    with pytest.raises(services.KeyReused):
        use(held, wash, "66.67", uses=2, at=now, key="k")
    assert state(held) == (2, D("66.66"), "active")


def test_use_undo_and_use_again_end_at_nothing(held, wash, now, agree):
    first = use(held, wash, "33.34", at=now)
    use(held, wash, "33.33", at=now)

    undone = undo(first, now)

    assert (undone.uses, undone.value, undone.reverses) == (1, D("33.34"), first)
    assert state(held) == (2, D("66.67"), "active")
    assert undo(first, now) == undone
    use(held, wash, "66.67", uses=2, at=now)
    assert state(held) == (0, D("0.00"), "used_up")
    with pytest.raises(IntegrityError), transaction.atomic():
        undo(first, now, key="again")
    agree()


def test_a_use_that_comes_back_after_the_end_can_be_used_for_the_days_of_grace(ending, wash, now, agree):
    used = use(ending, wash, "33.34", at=now)
    later = now + timedelta(days=40)
    for _counts in services.expire_due(later.date(), later):
        pass
    assert state(ending) == (0, D("0.00"), "expired")

    undo(used, later)

    assert state(ending) == (1, D("33.34"), "active")
    assert ending.last_day == later.date() + timedelta(days=30)
    agree()


def test_undoing_what_was_no_use_is_refused(held, now):
    with pytest.raises(services.UnknownEntry):
        undo(Entry.objects.get(kind="sale"), now)

    assert Entry.objects.count() == 1


def test_an_extension_needs_a_later_day_and_a_reason_and_is_audited(ending, held, now, store, manager, agree):
    def extend(which, day, reason="holiday", key="e"):
        return services.extend(
            pass_id=which.pk,
            last_on=date.fromisoformat(day),
            reason=reason,
            idempotency_key=key,
            at=now,
            store=store,
            actor=manager,
        )

    before = table_rows(*TABLES)
    for which, day, reason in (
        (ending, "2026-04-16", "x"),
        (ending, "2026-03-01", "x"),
        (ending, "2026-06-30", " "),
        (held, "2027-01-01", "x"),
    ):
        with pytest.raises(services.InvalidExtension):
            extend(which, day, reason)
    assert table_rows(*TABLES) == before

    entry = extend(ending, "2026-06-30")

    assert (entry.uses, entry.value, entry.memo) == (0, D("0.00"), "holiday")
    assert extend(ending, "2026-06-30") == entry
    ending.refresh_from_db()
    assert ending.last_day == date(2026, 6, 30)
    record = Record.objects.get(action="pass.extended")
    assert (record.data, record.reason) == ({"before": "2026-04-16", "after": "2026-06-30"}, "holiday")
    agree()


def test_extending_an_ended_pass_brings_back_what_the_end_took(ending, wash, now, store, manager, agree):
    use(ending, wash, "33.34", at=now)
    later = now + timedelta(days=35)
    for _counts in services.expire_due(later.date(), later):
        pass

    services.extend(
        pass_id=ending.pk,
        last_on=later.date() + timedelta(days=10),
        reason="was ill",
        idempotency_key="e",
        at=later,
        store=store,
        actor=manager,
    )

    assert state(ending) == (2, D("66.66"), "active")
    use(ending, wash, "33.33", at=later)
    even_later = later + timedelta(days=20)
    for _counts in services.expire_due(even_later.date(), even_later):
        pass
    assert state(ending) == (0, D("0.00"), "expired")
    assert list(Entry.objects.filter(kind="expire").values_list("uses", "value").order_by("pk")) == [
        (-2, D("-66.66")),
        (-1, D("-33.33")),
    ]
    agree()


def test_the_nightly_job_ends_each_pass_once_and_one_without_end_never(ending, held, month, now, agree):
    def run(day):
        return sum(counts["changed"] for counts in [*services.expire_due(day, now + timedelta(days=90))][-1:])

    assert run(date(2026, 4, 16)) == 0
    assert run(date(2026, 4, 17)) == 2
    assert [run(date(2026, 4, 17)) for _again in range(3)] == [0, 0, 0]

    assert (state(ending), state(month)) == ((0, D("0.00"), "expired"), (0, D("0.00"), "expired"))
    assert state(held) == (3, D("100.00"), "active")
    entry = Entry.objects.get(held=month, kind="expire")
    assert (entry.uses, entry.value, entry.occurred_at) == (0, D("-300.00"), month.expires_at)
    agree()


def test_the_job_works_in_chunks_and_finishes_after_a_kill(wash, member, store, now, monkeypatch, agree):
    monkeypatch.setattr("passes.services.caring.CHUNK", 2)
    plan = create_plan(wash, valid_days=1, at=now)
    for _number in range(5):
        sell(plan, member, store, at=now)
    later = now + timedelta(days=2)

    job = services.expire_due(later.date(), later)
    assert next(job)["changed"] == 2
    job.close()
    for _counts in services.expire_due(later.date(), later):
        pass

    assert Entry.objects.filter(kind="expire").count() == 5
    assert not Pass.objects.filter(status="active").exists()
    agree()


def test_the_last_day_counts_until_midnight_of_the_shop(ending, wash, now):
    last_moment = ending.expires_at - timedelta(microseconds=1)
    assert use(ending, wash, "33.34", at=last_moment).occurred_at == last_moment

    with pytest.raises(services.PassNotUsable):
        use(ending, wash, "33.33", at=ending.expires_at)

    assert state(ending) == (2, D("66.66"), "active")


def test_owners_are_reminded_thirty_seven_and_one_day_before_the_end_once_each(ending, held, now, member):
    def remind(day):
        return sum(counts["changed"] for counts in [*services.remind(date.fromisoformat(day), now)][-1:])

    assert [remind(day) for day in ("2026-03-16", "2026-03-17", "2026-03-18", "2026-04-09", "2026-04-10")] == [
        0,
        1,
        0,
        1,
        0,
    ]
    assert remind("2026-04-15") == 1
    assert remind("2026-04-15") == 0
    reminder = Reminder.objects.order_by("pk")[0]
    assert (reminder.member, reminder.kind) == (member, "pass_ending")
    assert reminder.details == {"name": ending.name, "ends": "2026-04-16", "left": 3}


def test_an_extended_pass_is_reminded_of_again(ending, now, store):
    for _counts in services.remind(date(2026, 4, 15), now):
        pass
    services.extend(
        pass_id=ending.pk,
        last_on=date(2026, 5, 31),
        reason="x",
        idempotency_key="e",
        at=now,
        store=store,
        actor=None,
    )

    for _counts in services.remind(date(2026, 5, 30), now):
        pass

    assert [row.details["ends"] for row in Reminder.objects.order_by("pk")] == ["2026-04-16", "2026-05-31"]


def test_only_a_shareable_pass_is_shared_and_with_somebody_else(held, wash, member, store, now, manager):
    friend = create_member(store)
    shared = sell(create_plan(wash, is_shareable=True, at=now), member, store, at=now)

    def share(which, other):
        services.add_sharer(pass_id=which.pk, member_id=other.pk, at=now, actor=manager, store=store)

    for which, other in ((held, friend), (shared, member)):
        with pytest.raises(services.NotShareable):
            share(which, other)
    share(shared, friend)
    share(shared, friend)

    assert use(shared, wash, "33.34", at=now, member_id=friend.pk).user == friend
    terms = selectors.list_usable_terms(member_id=friend.pk, store=store, at=now)
    assert [(one.pass_id, one.is_shared) for one in terms] == [(shared.pk, True)]
    services.remove_sharer(pass_id=shared.pk, member_id=friend.pk, at=now, actor=manager, store=store)
    with pytest.raises(services.PassNotUsable):
        use(shared, wash, "33.33", at=now, member_id=friend.pk)
    assert Record.objects.filter(action__in=["pass.shared", "pass.unshared"]).count() == 2


def test_nobody_uses_the_pass_of_a_frozen_owner(wash, member, store, now, manager):
    friend = create_member(store)
    shared = sell(create_plan(wash, is_shareable=True, at=now), member, store, at=now)
    services.add_sharer(pass_id=shared.pk, member_id=friend.pk, at=now, actor=manager, store=store)
    Member.objects.filter(pk=member.pk).update(status="frozen")

    with pytest.raises(services.PassNotUsable):
        use(shared, wash, "33.34", at=now, member_id=friend.pk)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": D("0.00")},
        {"paid_uses": 0},
        {"is_unlimited": True, "paid_uses": 0, "valid_days": None},
        {"price": D("120.01")},
        {"starts_on": date(2026, 4, 2), "ends_on": date(2026, 4, 1)},
        {"name": "taken"},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(wash, now, wrong):
    create_plan(wash, name="taken", at=now)

    with pytest.raises(services.InvalidPlan):
        create_plan(wash, **{"is_unlimited": False, "at": now, **wrong})

    assert selectors.list_plans().count() == 1


@pytest.mark.django_db
def test_a_plan_needs_goods_that_are_counted(now):
    with pytest.raises(services.InvalidPlan):
        create_plan(at=now)
    with pytest.raises(services.InvalidPlan):
        create_plan(create_product(is_weighed=True), at=now)


def test_plans_are_offered_in_their_period_and_stores_only(wash, store, other_store, now):
    always = create_plan(wash, name="always", at=now)
    here = create_plan(wash, name="here", stores=[store], at=now, position=1)
    create_plan(wash, name="there", stores=[other_store], at=now)
    create_plan(wash, name="past", ends_on=date(2026, 3, 17), at=now)
    create_plan(wash, name="off", is_active=False, at=now)

    assert selectors.list_plans_for(store=store, at=now) == [always, here]


def test_the_past_is_told_as_it_was_recorded(held, ending, wash, now):
    snapshots = []
    for step in ("33.34", "33.33"):
        snapshots.append((Entry.objects.order_by("-pk")[0].recorded_at, state(held)[:2]))
        use(held, wash, step, at=now)
    last = Entry.objects.order_by("-pk")[0].recorded_at + timedelta(microseconds=1)
    snapshots.append((last, state(held)[:2]))

    for at, expected in snapshots:
        found = selectors.get_standing_as_of(pass_id=held.pk, recorded_until=at + timedelta(microseconds=1))
        assert (found.remaining, found.value) == expected
    assert selectors.total_unused_value() == D("133.33")
    assert selectors.total_unused_value(recorded_until=last) == D("133.33")


def test_a_wrong_sum_is_found_by_the_proof(held):
    Pass.objects.filter(pk=held.pk).update(remaining=2)

    (checked, differences) = PROOFS[0].check()

    assert checked == 1
    assert [(one.subject, one.expected, one.found) for one in differences] == [
        (f"pass:{held.pk}", "(3,100.00)", "(2,100.00)")
    ]
