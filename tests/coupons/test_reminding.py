"""Coupons that end soon: one reminder per member and day however many, each coupon told of once."""

from datetime import date, timedelta

import pytest

from coupons import services
from coupons.models import Batch, Coupon
from jobs.models import Run
from jobs.services import run_job
from members.models import Reminder
from members.registry import reminder_kinds
from tests.factories.coupons import create_template, issue_coupon
from tests.factories.ledgers import make_member
from tests.factories.stored_value import set_value

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 18)


@pytest.fixture
def give(now):
    """A coupon whose last day is so many days after today."""

    def build(member, days, name="满100减10", at=now):
        return issue_coupon(create_template(name=name, valid_days=days + 1), member.pk, at=at)

    return build


def remind(day=TODAY, at=None, now=None):
    return sum(counts["members"] for counts in services.remind_expiry(day, at or now))


def test_one_reminder_names_all_that_end_within_the_days_of_the_setting(give, member, other_member, now):
    give(member, 1)
    give(member, 1)
    give(member, 3, "新客券")
    give(member, 4)
    give(other_member, 4)

    assert remind(now=now) == 1
    assert remind(now=now) == 0

    reminder = Reminder.objects.get()
    assert (reminder.member_id, reminder.kind, reminder.due_on) == (member.pk, services.REMINDER, TODAY)
    assert reminder.details == {
        "ends": [
            {"day": "2026-03-19", "name": "满100减10", "count": 2},
            {"day": "2026-03-21", "name": "新客券", "count": 1},
        ]
    }
    words = reminder_kinds()[services.REMINDER].describe(reminder.details)
    assert "新客券" in words
    assert "2026-03-21" in words


def test_a_coupon_is_told_of_once_and_a_later_one_on_its_own_day(give, member, now):
    give(member, 3)
    give(member, 4)

    made = [remind(TODAY + timedelta(days=days), now + timedelta(days=days)) for days in range(5)]

    assert made == [1, 1, 0, 0, 0]


def test_used_void_and_over_coupons_and_closed_members_are_left_alone(give, member, other_member, now, store):
    used, void = give(member, 1), give(member, 1)
    services.redeem(
        coupon_id=used.pk,
        member_id=member.pk,
        amount=used.template.amount,
        source="test:1",
        idempotency_key="r",
        at=now,
        store=None,
        actor=None,
    )
    services.void(coupon_id=void.pk, reason="x", idempotency_key="v", at=now, store=None, actor=None)
    give(other_member, 1, at=now - timedelta(days=10))
    closed = make_member(store)
    give(closed, 1)
    closed.status = "closed"
    closed.save()

    assert remind(now=now) == 0
    assert not Reminder.objects.exists()


def test_many_members_take_few_statements(store, now, django_assert_max_num_queries, monkeypatch):
    template = create_template(valid_days=2)
    for _number in range(30):
        issue_coupon(template, make_member(store).pk, at=now)
    monkeypatch.setattr(services.reminding, "CHUNK", 10)

    with django_assert_max_num_queries(30):
        assert remind(now=now) == 30


def test_no_days_mean_no_reminders(give, member, now):
    give(member, 1)
    set_value(services.REMINDER_DAYS, 0, now)

    assert remind(now=now) == 0


def test_the_nightly_jobs_are_registered_and_run(give, member, now):
    give(member, 1)

    for name in ("coupons.remind_expiry", "coupons.forget_tries"):
        run_job(name=name, day=TODAY, actor=None, at=now)

    assert set(Run.objects.values_list("status", flat=True)) == {"succeeded"}
    assert Reminder.objects.count() == 1


def test_nobody_is_told_of_a_coupon_that_is_stopped(give, member, other_member, now):
    stopped = give(member, 1).template
    stopped.is_usable_while_stopped = False
    services.save_template(template=stopped, actor=None, at=now)
    services.set_template_status(template_id=stopped.pk, status="paused", actor=None, at=now)
    of_batch = give(other_member, 1)
    batch = Batch.objects.create(template=of_batch.template, name="b", status="voided", created_at=now)
    Coupon.objects.filter(pk=of_batch.pk).update(batch=batch)

    assert remind(now=now) == 0
    assert not Reminder.objects.exists()
