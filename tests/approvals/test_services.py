"""Four eyes: who may do what alone, and what happens to what was asked for (rules.md 0.8)."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.http import Http404

from approvals import selectors, services
from approvals.models import Limit, Request
from approvals.registry import Kind
from approvals.services import AlreadyDecided, MayNotApprove, Outcome, ReasonMissing
from audit.models import Record
from audit.services import run_command
from stores.models import Staff, Store
from tests.approvals.conftest import person
from tests.factories.jar import FULL, JarEmpty, jar_kind, marbles, put

Ask = Callable[..., Outcome]


def approve(asked: Outcome, actor: Staff, at: datetime) -> Outcome:
    asked.request.refresh_from_db()
    return services.approve(request_id=asked.request.pk, actor=actor, at=at, seen=asked.request.fingerprint)


def actions() -> list[str]:
    return list(Record.objects.filter(subject__startswith="approval:").order_by("pk").values_list("action", flat=True))


def test_within_the_limit_it_is_done_at_once_and_kept(ask: Ask, store: Store) -> None:
    done = ask(10)

    assert (done.is_done, done.request.status) == (True, "within_limit")
    assert done.result == f"jar:approval:{done.request.pk}"
    assert marbles(store) == FULL - 10


def test_beyond_the_limit_it_waits_and_nothing_moves(ask: Ask, store: Store) -> None:
    asked = ask(11)

    assert (asked.is_done, asked.is_changed, asked.request.status) == (False, False, "pending")
    assert asked.request.figures == {"before": "100", "after": "89"}
    assert marbles(store) == FULL
    assert actions() == ["approval.requested"]


@pytest.mark.parametrize(
    ("maximum", "count", "status"),
    [
        (Decimal(0), 1, "pending"),
        (None, 100, "within_limit"),
        (Decimal(50), 50, "within_limit"),
        (Decimal(50), 51, "pending"),
    ],
)
def test_nothing_as_limit_always_asks_and_empty_never_does(
    ask: Ask, maximum: Decimal | None, count: int, status: str
) -> None:
    Limit.objects.create(kind="test.jar", role="manager", maximum=maximum)

    assert ask(count).request.status == status


@pytest.mark.parametrize(
    ("marketer", "limit"),
    [(Decimal(5), Decimal(10)), (Decimal(80), Decimal(80)), (None, None), (Decimal(0), Decimal(10))],
)
def test_a_person_with_several_roles_has_the_widest_limit(
    jar: Kind, asker: Staff, marketer: Decimal | None, limit: Decimal | None
) -> None:
    asker.groups.add(Group.objects.get(name="marketer"))
    Limit.objects.create(kind="test.jar", role="marketer", maximum=marketer)

    assert selectors.limit_of(asker, jar) == limit


def test_a_role_that_nobody_thought_of_always_asks(jar: Kind, store: Store) -> None:
    assert selectors.limit_of(person("night", "night shift", store), jar) == 0


def test_a_second_person_on_the_same_screen_executes_it_at_once(
    ask: Ask, asker: Staff, boss: Staff, store: Store
) -> None:
    done = ask(40, approver=boss)

    assert (done.is_done, done.request.status, done.request.decided_by) == (True, "approved", boss)
    assert done.request.is_self_approved is False
    assert marbles(store) == FULL - 40
    assert Store.objects.get(pk=store.pk).phone == "asker/boss"
    assert actions() == ["approval.requested", "approval.approved"]
    assert [record.actor for record in Record.objects.filter(action__startswith="approval.").order_by("pk")] == [
        asker,
        boss,
    ]


def test_the_requester_never_approves_while_somebody_else_can(
    ask: Ask, asker: Staff, boss: Staff, store: Store, now: datetime
) -> None:
    with pytest.raises(MayNotApprove), transaction.atomic():
        ask(40, approver=asker)
    asked = ask(40)

    with pytest.raises(MayNotApprove):
        approve(asked, asker, now)

    assert list(Request.objects.values_list("status", flat=True)) == ["pending"]
    assert marbles(store) == FULL


def test_the_requester_cannot_refuse_either_while_somebody_else_can(
    ask: Ask, asker: Staff, boss: Staff, now: datetime
) -> None:
    asked = ask(40)

    with pytest.raises(MayNotApprove):
        services.refuse(request_id=asked.request.pk, actor=asker, at=now, note="no")


def test_only_the_only_holder_approves_alone_and_it_is_flagged(
    ask: Ask, asker: Staff, store: Store, now: datetime
) -> None:
    done = approve(ask(40), asker, now)

    assert (done.is_done, done.request.is_self_approved) == (True, True)
    assert Record.objects.get(action="approval.approved").data["self_approved"] is True
    assert marbles(store) == FULL - 40


def test_a_second_holder_in_another_store_does_not_count(
    ask: Ask, asker: Staff, other_store: Store, now: datetime
) -> None:
    person("far", "manager", other_store)

    assert approve(ask(40), asker, now).request.is_self_approved is True


def test_a_holder_who_has_left_does_not_count(ask: Ask, asker: Staff, boss: Staff, now: datetime) -> None:
    boss.is_active = False
    boss.save()

    assert approve(ask(40), asker, now).request.is_self_approved is True


def test_the_database_refuses_a_requester_who_approved_unflagged(ask: Ask, asker: Staff, now: datetime) -> None:
    asked = ask(40)

    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=asked.request.pk).update(status="approved", decided_by=asker, decided_at=now)


def test_the_database_refuses_a_decision_of_nobody(ask: Ask) -> None:
    asked = ask(40)

    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=asked.request.pk).update(status="refused")


def test_somebody_of_another_store_may_not_approve(ask: Ask, other_store: Store, store: Store, now: datetime) -> None:
    far = person("far", "manager", other_store)
    asked = ask(40)

    with pytest.raises(MayNotApprove):
        approve(asked, far, now)

    assert marbles(store) == FULL


def test_finance_approves_for_every_store(ask: Ask, store: Store, now: datetime) -> None:
    approve(ask(40), person("money", "finance"), now)

    assert marbles(store) == FULL - 40


def test_somebody_without_the_right_may_not_approve(ask: Ask, store: Store, now: datetime) -> None:
    helper = person("helper", "cashier", store)

    with pytest.raises(MayNotApprove), transaction.atomic():
        ask(40, approver=helper)

    assert not Request.objects.exists()
    assert marbles(store) == FULL


def test_what_no_store_is_named_for_may_be_approved_by_every_holder(
    ask: Ask, other_store: Store, store: Store, now: datetime
) -> None:
    far = person("far", "manager", other_store)

    assert approve(ask(40, store=None), far, now).is_done is True


def test_a_request_reserves_nothing(ask: Ask, boss: Staff, store: Store, now: datetime) -> None:
    ask(40)
    ask(60, approver=boss)

    assert marbles(store) == FULL - 60


def test_changed_since_asked_posts_nothing_and_shows_the_new_figures(
    ask: Ask, boss: Staff, store: Store, now: datetime
) -> None:
    asked = ask(40)
    put(store, 70)

    answer = approve(asked, boss, now)

    assert (answer.is_done, answer.is_changed) == (False, True)
    assert answer.seen is not None
    assert answer.seen.figures == {"before": "100", "after": "60"}
    assert answer.request.figures == {"before": "70", "after": "30"}
    assert (marbles(store), answer.request.status) == (70, "pending")
    assert actions() == ["approval.requested", "approval.changed"]


def test_the_new_figures_can_be_approved(ask: Ask, boss: Staff, store: Store, now: datetime) -> None:
    asked = ask(40)
    put(store, 70)
    approve(asked, boss, now)

    assert approve(asked, boss, now).is_done is True
    assert marbles(store) == 30


def test_figures_that_a_colleague_brought_up_to_date_are_asked_again(
    ask: Ask, boss: Staff, store: Store, now: datetime
) -> None:
    asked = ask(40)
    old = asked.request.fingerprint
    put(store, 70)
    approve(asked, person("money", "finance"), now)

    answer = services.approve(request_id=asked.request.pk, actor=boss, at=now, seen=old)

    assert (answer.is_done, answer.is_changed, marbles(store)) == (False, True, 70)


def test_what_cannot_be_done_any_more_stays_open_and_says_why(
    ask: Ask, boss: Staff, store: Store, now: datetime
) -> None:
    asked = ask(40)
    put(store, 39)

    with pytest.raises(JarEmpty), transaction.atomic():
        approve(asked, boss, now)

    asked.request.refresh_from_db()
    assert (asked.request.status, marbles(store)) == ("pending", 39)


def test_what_cannot_be_done_is_not_even_asked_for(ask: Ask) -> None:
    with pytest.raises(JarEmpty), transaction.atomic():
        ask(101)

    assert not Request.objects.exists()


def test_a_reason_is_needed_to_ask_and_to_refuse(ask: Ask, boss: Staff, now: datetime) -> None:
    with pytest.raises(ReasonMissing), transaction.atomic():
        ask(40, reason="  ")
    asked = ask(40)

    with pytest.raises(ReasonMissing):
        services.refuse(request_id=asked.request.pk, actor=boss, at=now, note=" ")

    assert list(Request.objects.values_list("status", flat=True)) == ["pending"]


def test_refusing_and_withdrawing_tell_the_kind(
    ask: Ask, asker: Staff, boss: Staff, store: Store, now: datetime
) -> None:
    told: list[tuple[int, str]] = []
    with jar_kind(refused=lambda payload, actor, at: told.append((payload["count"], actor.username))):
        first, second = ask(40), ask(50)
        services.refuse(request_id=first.request.pk, actor=boss, at=now, note="too many")
        services.withdraw(request_id=second.request.pk, actor=asker, at=now)

    first.request.refresh_from_db()
    second.request.refresh_from_db()
    assert told == [(40, "boss"), (50, "asker")]
    assert (first.request.status, first.request.note, first.request.decided_by) == ("refused", "too many", boss)
    assert (second.request.status, second.request.decided_by) == ("withdrawn", asker)
    assert marbles(store) == FULL
    assert actions()[-2:] == ["approval.refused", "approval.withdrawn"]


def test_only_the_requester_withdraws(ask: Ask, boss: Staff, now: datetime) -> None:
    asked = ask(40)

    with pytest.raises(MayNotApprove):
        services.withdraw(request_id=asked.request.pk, actor=boss, at=now)


def test_a_decision_is_final(ask: Ask, asker: Staff, boss: Staff, store: Store, now: datetime) -> None:
    asked = ask(40, approver=boss)

    with pytest.raises(AlreadyDecided), transaction.atomic():
        approve(asked, boss, now)
    with pytest.raises(AlreadyDecided), transaction.atomic():
        services.refuse(request_id=asked.request.pk, actor=boss, at=now, note="no")
    with pytest.raises(AlreadyDecided), transaction.atomic():
        services.withdraw(request_id=asked.request.pk, actor=asker, at=now)

    assert marbles(store) == FULL - 40


def test_the_same_command_key_twice_makes_one_request(ask: Ask, asker: Staff) -> None:
    key = uuid4()

    results = [
        run_command(name="jar.take", key=key, content={"count": 40}, actor=asker, execute=lambda: ask(40).content)
        for _ in range(2)
    ]

    assert results[0] == results[1]
    assert Request.objects.count() == 1


def test_another_store_s_request_is_not_found(ask: Ask, other_store: Store, store: Store) -> None:
    asked = ask(40)
    far, helper = person("far", "manager", other_store), person("helper", "cashier", store)

    for stranger in (far, helper):
        with pytest.raises(Http404):
            selectors.get_request_for(stranger, asked.request.pk)
        assert list(selectors.list_requests(stranger, selectors.RequestFilter())) == []


@pytest.mark.parametrize("role", ["manager", "finance", "auditor", "owner"])
def test_who_may_decide_or_sees_the_chain_sees_it(ask: Ask, store: Store, role: str) -> None:
    asked = ask(40)

    assert selectors.get_request_for(person("other", role, store), asked.request.pk) == asked.request


def test_waiting_for_me_is_what_i_may_decide(ask: Ask, asker: Staff, boss: Staff, other_store: Store) -> None:
    first = ask(40)
    ask(41, store=other_store)
    ask(42, approver=boss)
    auditor = person("reader", "auditor")

    assert list(selectors.list_waiting(boss)) == [first.request]
    assert list(selectors.list_waiting(asker)) == []
    assert list(selectors.list_waiting(auditor)) == []
    assert selectors.count_own_waiting(asker) == 2


def test_one_s_own_request_waits_for_oneself_where_nobody_else_may(ask: Ask, asker: Staff) -> None:
    asked = ask(40)

    assert list(selectors.list_waiting(asker)) == [asked.request]


def test_changed_limits_are_audited_and_unchanged_ones_are_not(jar: Kind, owner: Staff, now: datetime) -> None:
    changed = services.change_limits(
        limits={
            ("test.jar", "manager"): Decimal(10),
            ("test.jar", "finance"): Decimal(500),
            ("test.jar", "owner"): None,
        },
        actor=owner,
        at=now,
    )

    assert changed == [("test.jar", "finance")]
    record = Record.objects.get(action="limit.changed")
    assert (record.subject, record.actor) == ("approval-limit:test.jar", owner)
    assert record.data == {"role": "finance", "before": "0", "after": "500"}
    assert selectors.limit_table()["test.jar", "finance"] == Decimal(500)


def test_a_limit_may_not_be_negative(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Limit.objects.create(kind="test.jar", role="manager", maximum=Decimal(-1))
