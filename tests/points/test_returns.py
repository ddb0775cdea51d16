"""Goods come back: what the rest would not have earned goes back, and nobody is refused a refund (R-P10 to R-P12)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D  # noqa: N817

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import days
from points import rules, services
from points.models import Account, Entry, Lot
from points.rules import EarnLine, EarnTerms
from points.selectors import get_balance, get_rules
from tests.factories.catalog import create_product
from tests.factories.ledgers import assert_ledgers_agree, make_member, table_rows
from tests.factories.points import earn_order, make_rule, set_value, terms_of

CONFIG = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TABLES = ("points_account", "points_entry", "points_lot", "points_lotuse")


@pytest.fixture
def member(store):
    yield make_member(store)
    assert_ledgers_agree()


def give_back(original, key, bases, at, **options):
    return services.claw_back_for_return(
        idempotency_key_of_original=original,
        remaining_bases=[D(base) for base in bases],
        idempotency_key=key,
        at=at,
        store=None,
        actor=None,
        **options,
    )


def spend(member, points, key, at):
    return services.spend(
        member_id=member.pk, points=points, source="o", idempotency_key=key, at=at, store=None, actor=None
    )


def sums():
    account = Account.objects.get()
    return account.balance, account.debt


def test_ten_refunds_of_9_99_take_back_all_ten_points(member, now):
    earn_order(member, "o", now, "100.00", terms=EarnTerms(per_yuan=D("0.1")))

    taken = [give_back("o", f"r{number}", [D("100.00") - D("9.99") * number], now).points for number in range(1, 11)]

    assert (taken, sums()) == ([1] * 10, (0, 0))
    assert give_back("o", "r11", (), now).entry is None


def test_the_worked_example_returned_piece_by_piece_takes_28_29_28_42_0(member, now):
    earn_order(member, "o", now, "84.99", "42.50", "0.01")
    rest, taken = [D("84.99"), D("42.50"), D("0.01")], []
    for number, (index, part) in enumerate([(0, "28.33"), (0, "28.33"), (0, "28.33"), (1, "42.50"), (2, "0.01")]):
        rest[index] -= D(part)
        taken.append(give_back("o", f"r{number}", rest, now).points)

    assert (taken, sums()) == ([28, 29, 28, 42, 0], (0, 0))


def bring_back(key, worth_done, at, worth="5.00"):
    return services.return_spent_for_return(
        idempotency_key_of_original="s",
        worth=D(worth),
        worth_done=D(worth_done),
        idempotency_key=key,
        at=at,
        store=None,
        actor=None,
    )


def test_the_worked_example_returned_piece_by_piece_gives_back_111_111_111_167_0(member, now):
    services.earn(member_id=member.pk, points=500, source="o", idempotency_key="e", at=now, store=None, actor=None)
    spend(member, 500, "s", now)

    entries = [
        bring_back(f"r{number}", done, now) for number, done in enumerate(["1.11", "2.22", "3.33", "5.00", "5.00"])
    ]

    assert [entry.points if entry else 0 for entry in entries] == [111, 111, 111, 167, 0]
    assert [entry.reverses_id is not None for entry in entries[:4]] == [False, False, False, True]
    assert (sums(), Lot.objects.get().remaining) == ((500, 0), 500)


def test_the_same_return_of_used_points_twice_is_one_and_another_under_its_key_is_refused(member, now):
    services.earn(member_id=member.pk, points=500, source="o", idempotency_key="e", at=now, store=None, actor=None)
    spend(member, 500, "s", now)
    first = bring_back("r", "1.11", now)

    assert bring_back("r", "1.11", now) == first
    with pytest.raises(services.KeyReused):
        bring_back("r", "2.22", now)
    with pytest.raises(ValueError, match="part of"):
        bring_back("r2", "5.01", now)
    assert sums() == (111, 0)


@CONFIG
@given(used=st.integers(1, 2_000), cents=st.integers(1, 3_000), cuts=st.lists(st.integers(0, 3_000), max_size=6))
def test_any_returns_that_cover_the_order_give_back_exactly_what_was_used(used, cents, cuts):
    done, back = 0, 0
    for cut in [*cuts, cents]:
        done = min(done + cut, cents)
        points = rules.returned_points(used, D(cents) / 100, D(done) / 100) - back
        assert points >= 0
        back += points
    assert back == used


@pytest.mark.parametrize(("policy", "points"), [("reclaim", 270), ("keep", 150)])
def test_a_threshold_lost_by_a_partial_return_is_reclaimed_or_kept_by_the_setting(member, now, policy, points):
    set_value("points.threshold_lost", policy)
    wine = terms_of(make_rule(per_yuan=3, product=create_product(), order_minimum="100.00"))
    earn_order(member, "o", now, EarnLine(D("60.00"), rule=wine), EarnLine(D("50.00"), rule=wine))

    assert give_back("o", "r", ["60.00", "0.00"], now).points == points
    assert give_back("o", "r2", (), now).points == 330 - points


def test_changed_rules_and_settings_change_nothing_about_an_order_of_before(member, now):
    product = create_product()
    version = make_rule(per_yuan=2, product=product, ends_at=now + timedelta(days=1))
    earn_order(member, "o", now, EarnLine(D("60.00"), rule=terms_of(version)), "10.00")
    make_rule(per_yuan=9, product=create_product(), starts_at=now + timedelta(days=1))
    set_value("points.per_yuan", "7", now + timedelta(days=1))

    assert give_back("o", "r", ["30.00", "10.00"], now + timedelta(days=3)).points == 60


def test_the_same_return_twice_is_one_and_another_under_its_key_is_refused(member, now):
    earn_order(member, "o", now, "50.00", "30.00")
    first = give_back("o", "r", ["50.00", "0.00"], now)
    before = table_rows(*TABLES)

    assert give_back("o", "r", ["50.00", "0.00"], now) == first
    with pytest.raises(services.KeyReused):
        give_back("o", "r", ["10.00", "0.00"], now)
    assert table_rows(*TABLES) == before


def test_a_claw_back_equal_to_exactly_what_remains_makes_no_debt(member, now):
    earn_order(member, "o", now, "50.00", "30.00")
    spend(member, 30, "s", now)

    taken = give_back("o", "r", ["30.00", "0.00"], now)

    assert (taken.points, taken.entry.points, taken.entry.debt, sums()) == (50, -50, 0, (0, 0))


def test_used_points_become_a_debt_by_default(member, now):
    earn_order(member, "o", now, "50.00")
    spend(member, 45, "s", now)

    taken = give_back("o", "r", (), now, cash=D("50.00"))

    assert (taken.entry.debt, taken.entry.limited_by, taken.charge, sums()) == (45, "", D("0.00"), (0, 45))


def test_with_absorb_the_shop_writes_used_points_off_and_says_so(member, now):
    set_value("points.debt_policy", "absorb")
    earn_order(member, "o", now, "50.00", "30.00")
    spend(member, 70, "s", now)

    first = give_back("o", "r1", ["30.00", "0.00"], now).entry
    second = give_back("o", "r2", (), now).entry

    assert (first.points, first.debt, first.computed, first.limited_by) == (-10, 0, -50, "absorbed")
    assert first.rule["written_off"] == 40
    assert (second.points, second.computed, second.rule["written_off"], sums()) == (0, -30, 30, (0, 0))


@pytest.mark.parametrize(("cash", "charge", "debt"), [("50.00", "0.45", 0), ("0.20", "0.20", 25), ("0.00", "0.00", 45)])
def test_with_charge_their_worth_comes_off_the_cash_at_most_and_the_rest_is_owed(member, now, cash, charge, debt):
    set_value("points.debt_policy", "charge")
    set_value("points.charge_terms_accepted", True)
    earn_order(member, "o", now, "50.00")
    spend(member, 45, "s", now)

    taken = give_back("o", "r", (), now, cash=D(cash))

    assert (taken.charge, taken.entry.debt, sums()) == (D(charge), debt, (0, debt))
    assert taken.entry.limited_by == ("charged" if D(charge) else "")
    assert give_back("o", "r", (), now, cash=D(cash)) == taken


def test_charge_without_terms_that_customers_accepted_is_debt(member, now):
    set_value("points.debt_policy", "charge")
    earn_order(member, "o", now, "50.00")
    spend(member, 45, "s", now)

    assert (give_back("o", "r", (), now, cash=D("50.00")).charge, sums()) == (D("0.00"), (0, 45))
    assert get_rules(at=now).policy == "debt"


def test_points_are_charged_at_their_worth_at_the_sale_when_the_face_value_changes_before_the_refund(member, now):
    set_value("points.debt_policy", "charge")
    set_value("points.charge_terms_accepted", True)
    earn_order(member, "o", now, "50.00")
    spend(member, 50, "s", now)
    later = now + timedelta(days=2)
    set_value("points.face_fen", 500, later - timedelta(hours=1))

    assert give_back("o", "r", (), later, cash=D("50.00")).charge == D("0.50")


def test_a_face_value_that_changes_between_sale_and_refund_leaves_the_points_that_come_back_alone(member, now):
    earn_order(member, "o", now, "50.00")
    spend(member, 40, "s", now)
    set_value("points.face_points", 7, now)

    back = services.reverse(idempotency_key_of_original="s", idempotency_key="r", at=now, store=None, actor=None)

    assert (back.points, sums()) == (40, (50, 0))


def test_the_worth_of_points_changes_from_a_later_day_and_never_at_once(owner, now):
    from stores.services import InvalidSetting, change_setting

    for moment in (now, now + timedelta(hours=11)):
        with pytest.raises(InvalidSetting):
            change_setting(code="points.face_fen", value=200, effective_at=moment, actor=owner, at=now)
    change_setting(
        code="points.face_fen",
        value=200,
        effective_at=days.end_of(days.local_day(now)),
        actor=owner,
        at=now,
    )

    assert get_rules(at=now + timedelta(hours=11)).face_fen == 100
    assert get_rules(at=now + timedelta(hours=13)).face_fen == 200


def test_a_lot_that_ends_at_midnight_is_not_burned_by_an_order_that_commits_just_after(member, now):
    midnight = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    where = {"source": "o", "store": None, "actor": None, "member_id": member.pk}
    services.earn(points=100, idempotency_key="e", at=now, expires_at=midnight, **where)
    quoted = get_balance(member_id=member.pk, at=midnight - timedelta(milliseconds=100))
    before = table_rows(*TABLES)

    with pytest.raises(services.InsufficientPoints, match="0"):
        spend(member, 100, "s", midnight + timedelta(milliseconds=100))

    assert (quoted.spendable, quoted.last_day.isoformat()) == (100, "2026-03-31")
    assert table_rows(*TABLES) == before
    spend(member, 100, "s2", midnight - timedelta(milliseconds=100))


def test_a_lot_half_used_and_refunded_after_its_expiry_owes_nothing_for_what_expired(member, now):
    where = {"source": "o", "store": None, "actor": None}
    end = now + timedelta(days=2)
    services.earn(member_id=member.pk, points=100, idempotency_key="e", at=now, expires_at=end, **where)
    spend(member, 50, "s", now)
    later = now + timedelta(days=4)
    list(services.expire_due(days.local_day(later), later))

    taken = services.reverse(idempotency_key_of_original="e", idempotency_key="r", at=later, store=None, actor=None)

    assert (taken.points, taken.debt, taken.computed, sums()) == (0, 50, -100, (0, 50))


def test_what_the_shop_cleared_of_an_order_is_not_owed_once_more(member, now):
    earn_order(member, "o", now, "50.00")
    lot = Lot.objects.get()
    standing = services.posting.lock_account(member.pk, "clear")
    services.posting.post(
        standing,
        services.posting.Context("batch:1", "clear", now, None, None),
        kind=Entry.Kind.CLEAR,
        points=-50,
        computed=-50,
        uses=[(lot.pk, -50)],
        memo="spring",
    )

    taken = give_back("o", "r", (), now)

    assert (taken.points, taken.entry.points, sums()) == (50, 0, (0, 0))


@pytest.mark.parametrize("earned", [0, 30])
def test_burn_and_earn_in_one_order_and_a_full_refund_restore_every_lot(member, now, earned):
    services.earn(
        member_id=member.pk, points=80, source="o", idempotency_key="e", at=now, store=None, actor=None,
        expires_at=now + timedelta(days=3),
    )  # fmt: skip
    before = table_rows("points_account"), list(Lot.objects.values_list("pk", "remaining", "expires_at"))
    spend(member, 60, "s", now)
    earn_order(member, "o", now, str(earned))

    services.reverse(idempotency_key_of_original="s", idempotency_key="r", at=now, store=None, actor=None)
    if earned:
        give_back("o", "c", (), now)

    lots = Lot.objects.filter(remaining__gt=0)
    assert (table_rows("points_account"), list(lots.values_list("pk", "remaining", "expires_at"))) == before


@pytest.mark.django_db
@CONFIG
@given(
    bases=st.lists(st.integers(0, 20_000), min_size=1, max_size=4),
    cuts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20_000)), max_size=6),
    used=st.integers(0, 300),
    policy=st.sampled_from(["debt", "absorb"]),
)
def test_any_returns_that_cover_the_order_take_exactly_what_it_earned(store, bases, cuts, used, policy):
    member, now = make_member(store), datetime(2026, 3, 18, 4, 0, tzinfo=UTC)
    set_value("points.debt_policy", policy)
    key = f"{member.pk}"
    earned = earn_order(member, key, now, *[D(cents) / 100 for cents in bases]).reckoning.granted
    if 0 < used <= earned:
        spend(member, used, f"{key}:s", now)
    rest, taken = list(bases), 0
    for number, (index, cents) in enumerate([*cuts, *[(index, 20_000) for index in range(len(bases))]]):
        if not earned:
            break
        rest[index % len(rest)] = max(rest[index % len(rest)] - cents, 0)
        taken += give_back(key, f"{key}:{number}", [D(left) / 100 for left in rest], now).points

    assert taken == earned
    account = Account.objects.filter(pk=member.pk).first()
    if account is not None:
        owed = used if 0 < used <= earned else 0
        assert (account.balance, account.debt) == (0, owed if policy == "debt" else 0)
    assert_ledgers_agree()
