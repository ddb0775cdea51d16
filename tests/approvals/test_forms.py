"""The second person on the same screen."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from approvals.forms import ApproverFields
from approvals.models import Limit, Request
from approvals.registry import Kind
from stores.models import Staff, Store
from stores.services import PIN_LOCK, PinRefused
from tests.approvals.conftest import PIN, person

Build = Callable[..., ApproverFields]


@pytest.fixture
def form(jar: Kind, store: Store, asker: Staff) -> Build:
    def build(actor: Staff | None = None, **fields: Any) -> ApproverFields:
        data = {"command_key": str(uuid4()), **fields}
        return ApproverFields(data, actor=actor or asker, kind=jar.name, store=store)

    return build


def names(form: ApproverFields) -> list[str]:
    return [label for _value, label in form.fields["approver"].choices]  # type: ignore[attr-defined]  # a choice field


def test_the_people_of_the_store_and_the_chain_are_offered_but_not_the_requester(
    form: Build, boss: Staff, store: Store, other_store: Store
) -> None:
    person("far", "manager", other_store)
    person("money", "finance")
    person("helper", "cashier", store)
    person("gone", "manager", store)
    Staff.objects.filter(username="gone").update(is_active=False)

    assert names(form()) == ["暂不，提交审批", "boss", "money"]


def test_nobody_without_a_pin_is_offered(form: Build, boss: Staff) -> None:
    boss.pin_hash = ""
    boss.save()

    assert names(form()) == ["暂不，提交审批"]


def test_the_only_holder_may_approve_alone(form: Build) -> None:
    assert names(form()) == ["暂不，提交审批", "由我本人批准"]


def test_nothing_is_asked_of_a_person_without_limit(form: Build, store: Store) -> None:
    owner = person("queen", "owner", store)

    asked = form(owner)

    assert asked.offers_approver is False
    assert asked.is_valid()


def test_the_limit_and_an_amount_beyond_it_are_named(form: Build, asker: Staff) -> None:
    asked = form()

    assert asked.limit_text == "10"
    assert asked.needs_approval(10) is False
    assert asked.asked_text == ""
    assert asked.needs_approval(11) is True
    assert asked.asked_text == "11"


def test_who_always_asks_has_no_limit_to_name(form: Build) -> None:
    Limit.objects.create(kind="test.jar", role="manager", maximum=0)

    assert form().limit_text == ""
    assert form().needs_approval(1) is True


def test_neither_filled_is_nobody(form: Build, boss: Staff, now: datetime) -> None:
    asked = form()

    assert asked.is_valid()
    assert asked.verified_approver(at=now) is None


@pytest.mark.parametrize(("fields", "wrong"), [(("approver",), "approver_pin"), (("approver_pin",), "approver")])
def test_person_and_pin_come_together(form: Build, boss: Staff, fields: tuple[str, ...], wrong: str) -> None:
    filled = {"approver": boss.pk, "approver_pin": PIN}

    asked = form(**{name: filled[name] for name in fields})

    assert list(asked.errors) == [wrong]


def test_the_right_pin_gives_the_person(form: Build, boss: Staff, now: datetime) -> None:
    asked = form(approver=boss.pk, approver_pin=PIN)

    assert asked.is_valid()
    assert asked.verified_approver(at=now) == boss


def test_a_wrong_pin_leaves_no_request_and_counts_the_try(form: Build, boss: Staff, now: datetime) -> None:
    asked = form(approver=boss.pk, approver_pin="9999")
    assert asked.is_valid()

    with pytest.raises(PinRefused) as refusal:
        asked.verified_approver(at=now)
    asked.refuse(refusal.value)

    boss.refresh_from_db()
    assert boss.pin_failures == 1
    assert list(asked.errors) == ["approver_pin"]
    assert not Request.objects.exists()


def test_a_locked_pin_refuses_the_right_one_too(form: Build, boss: Staff, now: datetime) -> None:
    boss.pin_locked_until = now + PIN_LOCK
    boss.save()
    asked = form(approver=boss.pk, approver_pin=PIN)
    assert asked.is_valid()

    with pytest.raises(PinRefused):
        asked.verified_approver(at=now)


def test_somebody_who_may_not_is_no_choice(form: Build, store: Store) -> None:
    helper = person("helper", "cashier", store)

    assert list(form(approver=helper.pk, approver_pin=PIN).errors) == ["approver"]


def test_the_pin_is_no_part_of_what_is_kept(form: Build, boss: Staff) -> None:
    asked = form(approver=boss.pk, approver_pin=PIN)
    assert asked.is_valid()

    assert asked.content == {"approver": boss.pk}
