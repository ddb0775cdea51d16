"""Limits of coupons in all while many give them out: what waits for what, and what does not (R-K4)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from threading import Barrier, BrokenBarrierError
from threading import Event as Signal
from time import sleep
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, transaction

import audit.services
from audit.models import Command
from coupons import proofs, selectors, services
from coupons.models import Coupon, Template
from coupons.services import limits
from stores.models import Store
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.members import create_member
from tests.factories.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def assert_proved() -> None:
    for proof in proofs.PROOFS:
        assert proof.check()[1] == [], proof.name


def in_turns(store: Store, now: datetime, templates: list[Template]) -> Callable[[int], dict[str, Any]]:
    """Two sales that give two templates in opposite orders; each has given its first before either goes on."""
    members = [create_member(store).pk for _ in range(2)]
    both_began = Barrier(2)

    def sell(number: int) -> dict[str, Any]:
        first, second = templates if number == 0 else reversed(templates)
        issue_coupon(first, members[number], at=now, key=f"sale:{number}:first")
        with suppress(BrokenBarrierError):  # Whoever runs again does so alone.
            both_began.wait(2)
        coupon = issue_coupon(second, members[number], at=now, key=f"sale:{number}:second")
        return {"coupon": coupon.pk}

    return sell


def test_two_sales_that_give_two_limited_templates_crosswise_both_end(store: Store, now: datetime) -> None:
    templates = [create_template(total_limit=2) for _ in range(2)]
    sell = in_turns(store, now, templates)

    results = at_once(
        2,
        lambda number: audit.services.run_command(
            name="sale", key=uuid4(), content={}, actor=None, execute=lambda: sell(number)
        ),
    )

    assert {result["coupon"] for result in results} <= set(Coupon.objects.values_list("pk", flat=True))
    assert Coupon.objects.count() == 4
    assert [template.issued_count for template in Template.objects.order_by("pk")] == [2, 2]
    assert Command.objects.filter(name="sale", result__isnull=False).count() == 2
    assert_proved()


def test_without_running_again_one_of_the_two_sales_is_given_up(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit.services, "ATTEMPTS", 1)
    sell = in_turns(store, now, [create_template(total_limit=2) for _ in range(2)])

    results = at_once(
        2,
        lambda number: audit.services.run_command(
            name="sale", key=uuid4(), content={}, actor=None, execute=lambda: sell(number)
        ),
        OperationalError,
    )

    assert [type(result) for result in results].count(OperationalError) == 1
    assert Coupon.objects.count() == 2
    assert_proved()


def test_two_sales_that_give_two_unlimited_templates_crosswise_do_not_wait_for_each_other(
    store: Store, now: datetime
) -> None:
    templates = [create_template() for _ in range(2)]
    sell = in_turns(store, now, templates)
    both_ended = Barrier(2)

    def whole(number: int) -> dict[str, Any]:
        with transaction.atomic():
            result = sell(number)
            both_ended.wait(10)
            return result

    at_once(2, whole)

    assert [selectors.get_template(template.pk).given_count for template in templates] == [2, 2]
    assert_proved()


def test_another_error_of_the_database_is_not_tried_again(store: Store) -> None:
    calls: list[UUID] = []

    def fail() -> dict[str, Any]:
        calls.append(uuid4())
        raise OperationalError("the disk is full")

    with pytest.raises(OperationalError, match="disk"):
        audit.services.run_command(name="sale", key=uuid4(), content={}, actor=None, execute=fail)

    assert len(calls) == 1


def set_limit(template: Template, limit: int, now: datetime) -> None:
    fresh = Template.objects.get(pk=template.pk)
    fresh.total_limit = limit
    services.save_template(template=fresh, actor=None, at=now)


def give_while_a_limit_is_set(store: Store, now: datetime) -> Template:
    """A sale has given a coupon and is not committed when somebody sets a limit."""
    template, member = create_template(), create_member(store)
    begun = Signal()

    def sell() -> None:
        with transaction.atomic():
            issue_coupon(template, member.pk, at=now, key="sale:1")
            begun.set()
            sleep(0.4)

    def limit() -> None:
        begun.wait(30)
        set_limit(template, 5, now)

    at_once(2, lambda index: (sell, limit)[index]())
    template.refresh_from_db()
    return template


def test_a_limit_that_is_set_while_a_coupon_is_given_misses_no_coupon(store: Store, now: datetime) -> None:
    template = give_while_a_limit_is_set(store, now)

    assert (template.total_limit, template.issued_count) == (5, 1)
    assert_proved()


def test_without_the_hold_the_new_limit_misses_a_coupon(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "keep", lambda template_id: None)

    template = give_while_a_limit_is_set(store, now)

    assert (template.issued_count, Coupon.objects.count()) == (0, 1)


@pytest.mark.parametrize("change", ["limit", "pause"])
def test_a_gift_that_waited_for_a_change_obeys_it(store: Store, now: datetime, change: str) -> None:
    template, member = create_template(), create_member(store)
    issue_coupon(template, member.pk, at=now)
    begun = Signal()

    def alter() -> None:
        with transaction.atomic():
            if change == "limit":
                set_limit(template, 1, now)
            else:
                services.set_template_status(template_id=template.pk, status="paused", actor=None, at=now)
            begun.set()
            sleep(0.4)

    def give() -> Coupon:
        begun.wait(30)
        return issue_coupon(template, member.pk, at=now, key="gift:late")

    results = at_once(2, lambda index: (alter, give)[index](), services.CannotIssue)

    assert isinstance(results[1], services.CannotIssue)
    assert Coupon.objects.count() == 1
    assert_proved()
