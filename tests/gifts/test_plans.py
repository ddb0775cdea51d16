"""Recharge plans: who may change them, where and when they are offered, and which one a free amount gets."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from audit.models import Record
from gifts import services
from gifts.models import RechargePlan
from gifts.selectors import best_offer, get_terms, list_offers, list_plans, list_plans_for
from tests.factories.ledgers import make_member

D = Decimal
TODAY = date(2026, 3, 18)


@pytest.fixture
def save(owner, now):
    def do(name, amount, bonus="0.00", *, stores=(), **fields):
        plan = RechargePlan(name=name, amount=D(amount), bonus=D(bonus), **fields)
        return services.save_plan(plan=plan, stores=stores, actor=owner, at=now)

    return do


def test_saving_keeps_both_versions_in_the_audit_trail(save, store, owner, now):
    plan = save("500+50", "500.00", "50.00", points=100)
    plan.bonus = D("60.00")
    services.save_plan(plan=plan, stores=[store], actor=owner, at=now)

    created, changed = Record.objects.order_by("id")
    assert (created.action, created.actor, created.data["before"]) == ("recharge_plan.created", owner, None)
    assert (changed.action, changed.subject) == ("recharge_plan.changed", f"recharge_plan:{plan.pk}")
    assert (changed.data["before"]["bonus"], changed.data["after"]["bonus"]) == ("50.00", "60.00")
    assert (changed.data["before"]["stores"], changed.data["after"]["stores"]) == ([], ["S01"])


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "0.00"},
        {"amount": "10.00", "bonus": "-1.00"},
        {"amount": "10.00", "bonus": "10.01"},
        {"amount": "10.00", "starts_on": TODAY, "ends_on": TODAY - timedelta(days=1)},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(save, fields):
    with pytest.raises(services.InvalidPlan):
        save("odd", **fields)

    assert not RechargePlan.objects.exists()
    assert not Record.objects.exists()


@pytest.mark.usefixtures("_in_english")
def test_a_name_stands_once(save):
    save("500+50", "500.00")

    with pytest.raises(services.InvalidPlan, match="name"):
        save("500+50", "600.00")

    assert RechargePlan.objects.count() == Record.objects.count() == 1


def test_the_database_refuses_what_the_service_would(save):
    save("500+50", "500.00")

    for change in ({"amount": 0}, {"bonus": -1}, {"starts_on": "2026-02-02", "ends_on": "2026-02-01"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RechargePlan.objects.update(**change)


def test_plans_are_offered_on_their_days_in_their_stores(save, store, other_store, now):
    save("always", "100.00", position=2)
    save("first day", "200.00", starts_on=TODAY, ends_on=TODAY, position=1)
    save("over", "300.00", ends_on=TODAY - timedelta(days=1))
    save("later", "300.00", starts_on=TODAY + timedelta(days=1))
    save("off", "300.00", is_active=False)
    save("here", "300.00", stores=[store], position=3)
    save("both", "300.00", stores=[store, other_store], position=4)

    assert [plan.name for plan in list_plans_for(store=store, at=now)] == ["first day", "always", "here", "both"]
    assert [plan.name for plan in list_plans_for(store=other_store, at=now)] == ["first day", "always", "both"]
    assert [plan.name for plan in list_plans()][-1] == "off"


@pytest.mark.parametrize(
    ("amount", "name"),
    [("99.99", None), ("100.00", "100+5"), ("499.99", "300+40"), ("500.00", "500+40 and points"), ("5000.00", "long")],
)
def test_a_free_amount_gets_the_best_single_plan_that_it_reaches(save, store, now, amount, name):
    member = make_member(store)
    save("100+5", "100.00", "5.00")
    save("300+40", "300.00", "40.00")
    save("500+40 and points", "500.00", "40.00", points=10)
    save("1000+200", "1000.00", "200.00", bonus_days=30)
    save("long", "1000.00", "200.00")

    offer = best_offer(list_offers(store=store, member_id=member.pk, at=now), D(amount))

    assert (offer and offer.plan.name) == name


def test_the_bonus_lasts_through_the_last_of_its_days(save, now):
    assert save("ever", "100.00").bonus_expires_at(now) is None
    assert save("month", "100.00", bonus_days=30).bonus_expires_at(now).isoformat() == "2026-04-18T00:00:00+08:00"


def test_a_snapshot_holds_what_was_agreed(save):
    plan = save("500+50", "500.00", "50.00", points=100, bonus_days=90)

    assert get_terms(plan).snapshot() == {
        "plan": plan.pk,
        "version": 1,
        "name": "500+50",
        "amount": "500.00",
        "bonus": "50.00",
        "bonus_days": 90,
        "points": 100,
        "growth": 0,
        "coupons": [],
        "goods": [],
    }
