"""Orders earn by the rules in force, within caps and budgets, in lots by when they come free (R-P2 to R-P5)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Brand, Category
from points import selectors, services
from points.models import Account, Budget, Entry, Lot
from points.rules import Caps, EarnLine, EarnTerms
from tests.factories.catalog import create_product
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from tests.factories.points import earn_order, make_rule, set_value, terms_of

TABLES = ("points_account", "points_entry", "points_lot", "points_ruleversion", "points_budget")


@pytest.fixture
def member(store):
    return make_member(store)


def capped(**caps: int) -> EarnTerms:
    return EarnTerms(caps=Caps(**caps))


def find(book, product):
    return book.find(product_id=product.pk, category_id=product.category_id, brand_id=product.brand_id)


def test_the_most_specific_rule_counts_and_a_category_holds_for_all_below_it(db, now):
    food = Category.objects.create(name="Food")
    fruit = Category.objects.create(name="Fruit", parent=food)
    brand = Brand.objects.create(name="Farm")
    apple = create_product(category_id=fruit.pk, brand_id=brand.pk)
    pear = create_product(category_id=fruit.pk, brand_id=brand.pk)
    bread = create_product(category_id=food.pk)
    jam = create_product(brand_id=brand.pk)
    soap = create_product()
    names = {
        make_rule(per_yuan=3, product=apple).rule_id: "product",
        make_rule(per_yuan=2, category=food).rule_id: "food",
        make_rule(per_yuan=1, brand=brand).rule_id: "brand",
    }

    book = selectors.get_rule_book(at=now)
    found = [find(book, product) for product in (apple, pear, bread, jam, soap)]

    assert [one and names[one.rule_id] for one in found] == ["product", "food", "food", "brand", None]
    deeper = make_rule(per_yuan=5, category=fruit)
    assert find(selectors.get_rule_book(at=now), pear).rule_id == deeper.rule_id


def test_only_versions_in_force_at_the_instant_count(db, now):
    product = create_product()
    make_rule(per_yuan=3, product=product, starts_at=now - timedelta(days=2), ends_at=now)
    assert find(selectors.get_rule_book(at=now), product) is None
    assert find(selectors.get_rule_book(at=now - timedelta(seconds=1)), product).per_yuan == 3


def test_without_rules_looking_them_up_takes_one_statement_and_caps_take_none(member, now):
    with CaptureQueriesContext(connection) as captured:
        book = selectors.get_rule_book(at=now)
        selectors.get_room(member_id=member.pk, terms=[], caps=Caps(), at=now)

    assert len(captured) == 1
    assert (book.by_product, book.by_category, book.by_brand) == ({}, {}, {})


def test_an_entry_keeps_what_was_computed_granted_and_which_cap_cut(member, now):
    earning = earn_order(member, "o1", now, "127.50", terms=capped(per_order=100))

    entry = earning.entry
    assert (entry.computed, entry.granted, entry.limited_by, entry.balance_after) == (127, 100, "order", 100)
    assert entry.rule["limits"] == {"order": 100}
    assert earning.reckoning.per_line == (100,)
    assert_ledgers_agree()


def test_the_caps_of_a_day_a_month_and_ever_count_what_was_earned_before(member, now):
    terms = capped(per_day=50, per_month=120, lifetime=150)
    for key, days, granted, limited_by in [
        ("a", 0, 40, ""),
        ("b", 0, 10, "day"),
        ("c", 1, 40, ""),
        ("d", 2, 30, "month"),
        ("e", 20, 30, "lifetime"),
        ("f", 40, 0, "lifetime"),
    ]:
        entry = earn_order(member, key, now + timedelta(days=days), "40.00", terms=terms).entry
        assert (entry.granted, entry.limited_by) == (granted, limited_by), key
    assert Account.objects.get().balance == 150
    assert_ledgers_agree()


def test_a_day_and_a_month_of_a_cap_end_at_midnight_in_the_zone_of_the_shop(member):
    terms = capped(per_day=50, per_month=60)
    last = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)  # one second before April in Shanghai
    earned = [
        (entry.granted, entry.limited_by)
        for key, at in (("a", last), ("b", last), ("c", last + timedelta(seconds=1)), ("d", last + timedelta(hours=9)))
        for entry in [earn_order(member, key, at, "40.00", terms=terms).entry]
    ]

    # At 01:00 in Shanghai it is still March in UTC: the day and the month of the shop count.
    assert earned == [(40, ""), (10, "day"), (40, ""), (10, "day")]


def test_points_taken_back_make_no_room_for_other_orders(member, now):
    terms = capped(per_day=50)
    earn_order(member, "a", now, "50.00", terms=terms)
    services.reverse(idempotency_key_of_original="a", idempotency_key="r", at=now, store=None, actor=None)

    assert earn_order(member, "b", now, "50.00", terms=terms).entry.limited_by == "day"


def test_the_caps_of_a_rule_count_over_its_versions_and_leave_other_goods_alone(member, now):
    version = make_rule(per_yuan=1, product=create_product(), cap_per_day=30)
    line = EarnLine(D("20.00"), rule=terms_of(version))

    first = earn_order(member, "a", now, line).entry
    second = earn_order(member, "b", now, line, "7.00").entry

    assert (first.granted, first.limited_by) == (20, "")
    assert (second.computed, second.granted, second.limited_by) == (27, 17, "rule_day")
    assert second.rule["granted"] == {str(version.rule_id): 10}


def test_a_budget_is_used_up_to_its_last_point_and_never_more(member, now):
    version = make_rule(per_yuan=1, product=create_product(), budget=50)
    terms = capped(budget_per_month=70)
    granted = []
    for key in "abc":
        version.refresh_from_db()
        line = EarnLine(D("30.00"), rule=terms_of(version))
        entry = earn_order(member, key, now, line, "5.00", terms=terms).entry
        granted.append((entry.granted, entry.limited_by))

    version.refresh_from_db()
    assert granted == [(35, ""), (25, "rule_budget"), (5, "rule_budget")]
    assert (version.granted, Budget.objects.get().granted) == (50, 65)
    last = earn_order(member, "d", now, "9.00", terms=terms).entry
    assert (last.granted, last.limited_by, Budget.objects.get().granted) == (5, "budget", 70)
    assert earn_order(member, "e", now + timedelta(days=30), "9.00", terms=terms).entry.granted == 9
    assert_ledgers_agree()


def test_the_same_key_earns_once_and_other_goods_under_it_are_refused(member, now):
    terms = capped(per_day=50)
    first = earn_order(member, "a", now, "60.00", terms=terms)
    before = table_rows(*TABLES)

    again = earn_order(member, "a", now + timedelta(hours=1), "60.00", terms=terms)

    assert (again.entry.pk, again.reckoning.per_line) == (first.entry.pk, (50,))
    with pytest.raises(services.KeyReused):
        earn_order(member, "a", now, "61.00", terms=terms)
    assert table_rows(*TABLES) == before


def test_an_order_with_0_net_earns_0_and_does_not_crash(member, now):
    earning = earn_order(member, "a", now, "0.00", "0.00")

    assert (earning.entry, earning.reckoning.per_line) == (None, (0, 0))
    assert not Entry.objects.exists()


def test_a_closed_membership_gets_nothing(member, now):
    type(member).objects.filter(pk=member.pk).update(status="closed")

    with pytest.raises(services.MemberNotActive):
        earn_order(member, "a", now, "5.00")
    assert not Entry.objects.exists()


def test_pending_points_for_goods_and_points_for_services_make_two_lots_of_one_entry(member, now):
    set_value("points.pending_until_return", True)
    goods, service = EarnLine(D("30.00")), EarnLine(D("12.00"), is_service=True)

    entry = earn_order(member, "a", now, goods, service).entry

    free = datetime(2026, 3, 25, 16, 0, tzinfo=UTC)  # the end of 25 March in Shanghai
    assert list(Lot.objects.order_by("available_from").values_list("granted", "available_from", "is_released")) == [
        (12, now, True),
        (30, free, False),
    ]
    assert entry.points == 42
    balance = selectors.get_balance(member_id=member.pk, at=now)
    assert (balance.balance, balance.spendable, balance.pending) == (42, 12, 30)
    assert selectors.get_balance(member_id=member.pk, at=free).spendable == 42
    assert_ledgers_agree()


def test_points_that_expire_in_days_count_them_from_the_day_they_come_free(member, now):
    set_value("points.pending_until_return", True)
    set_value("points.expiry_method", "days")
    set_value("points.expiry_count", 3)

    earn_order(member, "a", now, "30.00")

    lot = Lot.objects.get()
    assert lot.expires_at - lot.available_from == timedelta(days=4)  # three days on, to the end of the day


def test_a_rule_with_its_own_expiry_makes_its_own_lot(member, now):
    version = make_rule(per_yuan=2, product=create_product(), expiry_method="month_end", expiry_count=0)

    earn_order(member, "a", now, EarnLine(D("10.00"), rule=terms_of(version)), "5.00")

    ends = {lot.granted: lot.expires_at.isoformat() for lot in Lot.objects.all()}
    assert ends == {20: "2026-03-31T16:00:00+00:00", 5: "2027-12-31T16:00:00+00:00"}


def test_a_debt_is_repaid_out_of_what_comes_free_last(member, now):
    earn_order(member, "a", now, "20.00")
    services.spend(member_id=member.pk, points=20, source="o", idempotency_key="s", at=now, store=None, actor=None)
    services.reverse(idempotency_key_of_original="a", idempotency_key="r", at=now, store=None, actor=None)
    set_value("points.pending_until_return", True)

    entry = earn_order(member, "b", now, EarnLine(D("30.00")), EarnLine(D("12.00"), is_service=True)).entry

    assert (entry.points, entry.debt, entry.granted) == (22, -20, 42)
    assert sorted(Lot.objects.filter(entry=entry).values_list("granted", flat=True)) == [10, 12]
    assert_ledgers_agree()


def run_release(at):
    last = {"changed": 0}
    for counts in services.release_due(at.date(), at):
        last = counts
    return last


@pytest.mark.parametrize("times", [0, 1, 5])
def test_pending_points_come_free_whether_or_not_the_job_has_run(member, now, times):
    set_value("points.pending_until_return", True)
    earn_order(member, "a", now, "30.00")
    free = datetime(2026, 3, 25, 16, 0, tzinfo=UTC)
    job_at = free + timedelta(minutes=5)

    changed = [run_release(job_at + timedelta(days=1))["changed"] for _time in range(times)]

    assert changed == [1, 0, 0, 0, 0][:times]
    assert selectors.get_balance(member_id=member.pk, at=job_at).spendable == 30
    for entry in Entry.objects.filter(kind="release"):
        assert (entry.points, entry.debt, entry.computed, entry.occurred_at) == (0, 0, 30, free)
    assert Entry.objects.filter(kind="release").count() == min(times, 1)
    assert_ledgers_agree()


@pytest.mark.parametrize("released", [False, True])
def test_points_are_taken_back_in_both_states_and_a_taken_lot_is_only_marked(member, now, released):
    set_value("points.pending_until_return", True)
    earn_order(member, "a", now, "30.00")
    later = now + timedelta(days=9)
    if released:
        run_release(later)

    entry = services.reverse(idempotency_key_of_original="a", idempotency_key="r", at=now, store=None, actor=None)

    assert (entry.points, entry.debt) == (-30, 0)
    assert run_release(later)["changed"] == (0 if released else 1)
    assert Entry.objects.filter(kind="release").count() == (1 if released else 0)
    assert not Lot.objects.filter(is_released=False).exists()
    assert_ledgers_agree()


def test_a_release_killed_halfway_is_finished_by_the_next(store, now, monkeypatch):
    monkeypatch.setattr("points.services.release.CHUNK", 2)
    set_value("points.pending_until_return", True)
    for number in range(5):
        earn_order(make_member(store), f"o{number}", now, "10.00")
    later = now + timedelta(days=9)

    interrupted = services.release_due(later.date(), later)
    assert next(interrupted)["lots"] == 2
    interrupted.close()

    assert run_release(later)["lots"] == 3
    assert Entry.objects.filter(kind="release").count() == 5
    assert_ledgers_agree()
