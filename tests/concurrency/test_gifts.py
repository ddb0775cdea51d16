"""Many tills at the last package of a plan, one key sent often, and a void against a purchase."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

import coupons.selectors
import coupons.services
import wallet.selectors
import wallet.services
from core.errors import DomainError
from coupons.models import Coupon
from gifts import services
from gifts.models import Grant, RechargePlan
from gifts.proofs import PROOFS
from gifts.selectors import get_terms
from gifts.services import packages
from members.models import Member
from stores.models import Store
from tests.factories.coupons import create_template
from tests.factories.ledgers import assert_ledgers_agree
from tests.factories.members import create_member
from tests.factories.threads import at_once, meet_before

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal
TILLS = 20


@pytest.fixture
def member(store: Store) -> Member:
    return create_member(store)


def make_plan(now: datetime, **fields: Any) -> RechargePlan:
    counts = fields.pop("coupon_counts", {})
    plan = RechargePlan(name="100+5", amount=D("100.00"), bonus=D("5.00"), points=10, **fields)
    return services.save_plan(plan=plan, stores=[], actor=None, at=now, coupon_counts=counts)


def recharge(plan: RechargePlan, member_id: int, store: Store, now: datetime, key: str) -> Grant:
    """As at the till: money and package in one transaction."""
    where: dict[str, Any] = {"at": now, "store": store, "actor": None}
    with transaction.atomic():
        made = wallet.services.recharge(
            member_id=member_id, principal=plan.amount, bonus=plan.bonus, source="till:1",
            idempotency_key=f"{key}:wallet", **where,
        )  # fmt: skip
        return services.give_package(
            terms=get_terms(plan), member_id=member_id, recharge_id=made.pk, idempotency_key=key, **where
        )


def grants(results: list[Any]) -> list[Grant]:
    return [result for result in results if isinstance(result, Grant)]


def prove() -> None:
    assert_ledgers_agree()
    for proof in PROOFS:
        assert proof.check()[1] == [], proof.name


def void_once(grant: Grant, store: Store, now: datetime) -> Grant | None:
    recharge_id = int(grant.source.partition(":")[2])
    where: dict[str, Any] = {"at": now, "store": store, "actor": None}
    key = f"void:{recharge_id}"
    with transaction.atomic():
        done = services.take_back_package(recharge_id=recharge_id, idempotency_key=key, **where)
        wallet.services.void_recharge(recharge_id=recharge_id, idempotency_key=f"{key}:w", reason="typo", **where)
    return done


def test_the_last_package_of_a_limited_plan_goes_to_one_of_twenty_tills(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(now, total_limit=3)
    people = [create_member(store).pk for _ in range(TILLS + 2)]
    for number in range(2):
        recharge(plan, people[TILLS + number], store, now, f"before:{number}")
    monkeypatch.setattr(packages, "_take_one", meet_before(TILLS, packages._take_one))

    results = at_once(
        TILLS, lambda till: recharge(plan, people[till], store, now, f"r:{till}"), services.PlanNotOffered
    )

    assert len(grants(results)) == 1
    assert Grant.objects.count() == 3
    plan.refresh_from_db()
    assert plan.sold_count == 3
    prove()


def test_without_the_conditional_count_a_plan_is_oversold(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(now, total_limit=1)
    people = [create_member(store).pk for _ in range(8)]

    def careless(plan: RechargePlan) -> bool:
        return plan.sold_count < 1

    monkeypatch.setattr(packages, "_take_one", meet_before(8, careless))

    at_once(8, lambda till: recharge(plan, people[till], store, now, f"r:{till}"))

    assert Grant.objects.count() == 8


def test_one_recharge_sent_six_times_at_once_gives_one_package(member: Member, store: Store, now: datetime) -> None:
    plan = make_plan(now, coupon_counts={create_template().pk: 2})

    results = at_once(6, lambda _: recharge(plan, member.pk, store, now, "r:1"))

    assert {grant.pk for grant in results} == {Grant.objects.get().pk}
    assert Coupon.objects.count() == 2
    assert wallet.selectors.get_balance(member_id=member.pk, at=now).bonus == D("5.00")
    prove()


def test_a_member_s_limit_holds_for_parallel_recharges(member: Member, store: Store, now: datetime) -> None:
    plan = make_plan(now, member_limit=1)

    results = at_once(8, lambda till: recharge(plan, member.pk, store, now, f"r:{till}"), services.PlanNotOffered)

    assert len(grants(results)) == 1
    assert wallet.selectors.get_balance(member_id=member.pk, at=now).principal == D("100.00")
    prove()


def test_without_the_member_s_lock_the_limit_is_passed(
    member: Member, store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(now, member_limit=1)
    terms = get_terms(RechargePlan.objects.get(pk=plan.pk))
    RechargePlan.objects.filter(pk=plan.pk).update(points=0)
    terms.plan.points = 0
    monkeypatch.setattr(packages, "lock_member", lambda member_id: Member.objects.get(pk=member_id))
    monkeypatch.setattr(packages, "_take_one", meet_before(8, packages._take_one))

    at_once(
        8,
        lambda till: services.give_package(
            terms=terms, member_id=member.pk, recharge_id=till + 1, idempotency_key=f"r:{till}", at=now, store=store,
            actor=None,
        ),
    )  # fmt: skip

    assert Grant.objects.count() == 8


def test_a_void_and_a_purchase_with_the_gift_coupon_never_both_happen(
    member: Member, store: Store, now: datetime
) -> None:
    plan = make_plan(now, coupon_counts={create_template().pk: 1})
    for attempt in range(6):
        grant = recharge(plan, member.pk, store, now, f"r:{attempt}")
        coupon_id = int(grant.items.get(kind="coupon").reference)

        def buy(coupon_id: int = coupon_id, key: str = f"use:{attempt}") -> Any:
            return coupons.services.redeem(
                coupon_id=coupon_id, member_id=member.pk, amount=D("10.00"), source="t:1", idempotency_key=key,
                at=now, store=store, actor=None,
            )  # fmt: skip

        acts = [lambda grant=grant: void_once(grant, store, now), buy]
        results = at_once(2, lambda index, acts=acts: acts[index](), DomainError)

        refused = [result for result in results if isinstance(result, DomainError)]
        assert len(refused) == 1
        status = coupons.selectors.get_coupon(coupon_id).status
        grant.refresh_from_db()
        assert (status, grant.status) in {("void", "taken_back"), ("redeemed", "given")}
    prove()


def test_a_void_and_a_payment_from_the_recharge_never_both_happen(member: Member, store: Store, now: datetime) -> None:
    plan = make_plan(now)
    for attempt in range(6):
        grant = recharge(plan, member.pk, store, now, f"r:{attempt}")
        before = wallet.selectors.get_balance(member_id=member.pk, at=now).total

        def pay(key: str = f"pay:{attempt}", amount: Decimal = before) -> Any:
            return wallet.services.debit(
                member_id=member.pk, amount=amount, list_amount=amount, source="t:1", idempotency_key=key, at=now,
                store=store, actor=None,
            )  # fmt: skip

        acts = [lambda grant=grant: void_once(grant, store, now), pay]
        results = at_once(2, lambda index, acts=acts: acts[index](), DomainError)

        assert len([result for result in results if isinstance(result, DomainError)]) == 1
        assert wallet.selectors.get_balance(member_id=member.pk, at=now).total == D("0.00")
    prove()


def test_two_voids_at_once_take_the_package_back_once(member: Member, store: Store, now: datetime) -> None:
    plan = make_plan(now, total_limit=5)
    grant = recharge(plan, member.pk, store, now, "r:1")

    results = at_once(4, lambda _: void_once(grant, store, now))

    assert {done.pk for done in results} == {grant.pk}
    plan.refresh_from_db()
    assert plan.sold_count == 0
    prove()
