"""A pack: once per occasion, promised or given, taken back as far as it was not used (R-T12, R-K9)."""

from datetime import timedelta
from decimal import Decimal

import pytest

import coupons.selectors
import coupons.services
import points.selectors
import points.services
from coupons.models import Coupon
from gifts import services
from gifts.models import Grant, GrantItem, Pack
from gifts.proofs import PROOFS
from gifts.selectors import Part, count_given, find_package, get_pack_terms, parts_of
from members.models import Member
from tests.factories.ledgers import assert_ledgers_agree, table_rows
from tests.factories.packs import create_pack, pause
from tiers.models import ProgressEntry

D = Decimal
SOURCE = "tier-upgrade:1:2:3"
TABLES = ("points_entry", "points_account", "coupons_coupon", "coupons_event", "gifts_grant", "gifts_grantitem",
          "tiers_progressentry")  # fmt: skip


@pytest.fixture
def member(counter):
    return counter.member()


def give(pack, member, where, source=SOURCE, **options):
    return services.give_pack(pack_id=pack.pk, member_id=member.pk, source=source, **where, **options)


def take_back(where, source=SOURCE, key="back", **options):
    return services.cancel_or_take_back(source=source, idempotency_key=key, **where, **options)


def fields_of(grant):
    return [
        (item.kind, item.label, item.quantity, item.used, item.state)
        for item in GrantItem.objects.filter(grant=grant).order_by("position")
    ]


def balance(member, now):
    return points.selectors.get_balance(member_id=member.pk, at=now).balance


def prove():
    assert_ledgers_agree()
    for proof in PROOFS:
        assert proof.check()[1] == [], proof.name


def full_pack(counter, **options):
    return create_pack(points=100, growth=30, coupons={counter.template().pk: 2}, goods="Mug", **options)


def test_a_pack_gives_everything_once(counter, member, where, now):
    pack = full_pack(counter)

    grant = give(pack, member, where)

    assert fields_of(grant) == [
        ("points", "", D("100.000"), D("0.000"), "given"),
        ("growth", "", D("30.000"), D("0.000"), "given"),
        ("coupon", "满100减10", D("1.000"), D("0.000"), "given"),
        ("coupon", "满100减10", D("1.000"), D("0.000"), "given"),
        ("goods", "Mug", D("1.000"), D("0.000"), "given"),
    ]
    assert (grant.status, balance(member, now)) == ("given", 100)
    assert coupons.selectors.count_open(member_id=member.pk, at=now) == 2
    assert [(entry.metric, entry.amount) for entry in ProgressEntry.objects.all()] == [("growth", D("30.00"))]
    assert services.quantity_of(grant, "growth") == D("30.000")
    prove()


def test_the_same_occasion_again_gives_the_first_grant(counter, member, where):
    pack = full_pack(counter)
    first = give(pack, member, where)
    before = table_rows(*TABLES)

    again = give(pack, member, where)

    assert again == first
    assert table_rows(*TABLES) == before


def test_a_pack_that_is_not_in_use_gives_nothing(member, where):
    pack = create_pack()
    Pack.objects.filter(pk=pack.pk).update(is_active=False)

    assert give(pack, member, where) is None
    with pytest.raises(services.PackNotGiven):
        give(pack, member, where, is_strict=True)

    assert not Grant.objects.exists()


def test_a_coupon_that_ran_out_is_noted_and_the_rest_is_given(counter, member, where, now):
    template = counter.template()
    pack = create_pack(points=100, coupons={template.pk: 2})
    pause(template)

    grant = give(pack, member, where)

    assert fields_of(grant) == [
        ("points", "", D("100.000"), D("0.000"), "given"),
        ("coupon", "满100减10", D("2.000"), D("0.000"), "missed"),
    ]
    assert balance(member, now) == 100
    assert services.quantity_of(grant, "coupon") == 0
    prove()


def test_who_asks_for_a_gift_is_told_that_its_coupon_ran_out(counter, member, where):
    template = counter.template()
    pack = create_pack(coupons={template.pk: 1})
    pause(template)
    before = table_rows(*TABLES)

    with pytest.raises(services.PackNotGiven, match="满100减10"):
        give(pack, member, where, is_strict=True)

    assert table_rows(*TABLES) == before


def test_a_held_back_pack_is_given_by_the_night_as_it_was_promised(counter, member, where, now):
    pack = create_pack(points=100)
    grant = give(pack, member, where, pending_until=now + timedelta(days=7))
    services.save_pack(pack=Pack.objects.get(pk=pack.pk), parts=[Part("points", D(1))], actor=None, at=now)
    assert (grant.status, balance(member, now)) == ("pending", 0)
    day = now.date()

    assert list(services.release_due(day + timedelta(days=6), now + timedelta(days=6))) == []
    later = now + timedelta(days=7)
    assert list(services.release_due(later.date(), later)) == [{"changed": 1, "given": 1, "cancelled": 0}]
    assert list(services.release_due(later.date(), later)) == []

    grant.refresh_from_db()
    assert (grant.status, balance(member, later)) == ("given", 100)
    assert [part.quantity for part in parts_of(grant)] == [D(100)]
    prove()


def test_a_held_back_pack_can_be_cancelled_and_costs_nobody_anything(member, where, now):
    pack = create_pack(points=100)
    give(pack, member, where, pending_until=now + timedelta(days=7))

    grant = take_back(where)

    later = now + timedelta(days=8)
    assert list(services.release_due(later.date(), later)) == []
    assert (grant.status, balance(member, later)) == ("cancelled", 0)
    assert take_back(where, key="again") == grant


def test_a_member_who_left_does_not_get_what_was_held_back(member, where, now):
    give(create_pack(points=100), member, where, pending_until=now + timedelta(days=1))
    Member.objects.filter(pk=member.pk).update(status=Member.Status.CLOSED)
    later = now + timedelta(days=2)

    assert list(services.release_due(later.date(), later)) == [{"changed": 1, "given": 0, "cancelled": 1}]

    assert Grant.objects.get().status == "cancelled"


def test_an_unused_pack_goes_back_as_if_it_had_never_been(counter, member, where, now):
    pack = create_pack(points=100, growth=30, coupons={counter.template().pk: 2})
    give(pack, member, where)

    grant = take_back(where)

    assert grant.status == "taken_back"
    assert {state for *_rest, state in fields_of(grant)} == {"taken_back"}
    assert (balance(member, now), coupons.selectors.count_open(member_id=member.pk, at=now)) == (0, 0)
    assert sum(entry.amount for entry in ProgressEntry.objects.all()) == 0
    prove()


def test_what_was_used_is_listed_as_a_leak_and_blocks_nothing(counter, member, where, now):
    give(full_pack(counter), member, where)
    points.services.spend(member_id=member.pk, points=40, source="t:1", idempotency_key="t:s", **where)
    used = Coupon.objects.order_by("pk").first()
    coupons.services.redeem(
        coupon_id=used.pk, member_id=member.pk, amount=D("10.00"), source="t:1", idempotency_key="t:u", **where
    )

    grant = take_back(where)

    assert grant.status == "settled"
    assert fields_of(grant) == [
        ("points", "", D("100.000"), D("40.000"), "used"),
        ("growth", "", D("30.000"), D("0.000"), "taken_back"),
        ("coupon", "满100减10", D("1.000"), D("1.000"), "used"),
        ("coupon", "满100减10", D("1.000"), D("0.000"), "taken_back"),
        ("goods", "Mug", D("1.000"), D("1.000"), "kept"),
    ]
    assert points.selectors.get_balance(member_id=member.pk, at=now).debt == 0
    prove()


def test_goods_that_come_back_are_no_leak(member, where):
    give(create_pack(goods="Mug"), member, where)

    grant = take_back(where, goods_returned=True)

    assert (grant.status, fields_of(grant)[0][-1]) == ("taken_back", "taken_back")


def test_taking_back_what_was_never_given_does_nothing(where):
    assert take_back(where, source="order-reward:9") is None


def test_a_pack_that_gives_nothing_or_nonsense_is_refused(counter, now):
    for parts in (
        [],
        [Part("points", D(1)), Part("points", D(2))],
        [Part("coupon", D("0.5"), template_id=counter.template().pk)],
        [Part("coupon", D(1), template_id=999_999)],
    ):
        with pytest.raises(services.InvalidPack):
            services.save_pack(pack=Pack(name="x"), parts=parts, actor=None, at=now)

    assert not Pack.objects.exists()


def test_a_name_is_taken_once(db):
    create_pack(name="升级礼")

    with pytest.raises(services.InvalidPack):
        create_pack(name="升级礼")

    assert Pack.objects.count() == 1


def test_a_change_raises_the_version_and_the_list_counts(counter, member, where, now):
    pack = create_pack(points=100)
    give(pack, member, where)
    give(pack, member, where, source="b:1", pending_until=now + timedelta(days=1))
    give(pack, member, where, source="c:1")
    take_back(where, source="c:1")

    services.save_pack(pack=pack, parts=[Part("goods", D(1), "Mug")], actor=None, at=now)

    given = count_given()[pack.pk]
    assert (pack.version, given.given, given.pending, given.taken_back) == (2, 1, 1, 1)
    assert [part.name for part in get_pack_terms(pack).parts] == ["Mug"]
    assert find_package(SOURCE).grant.plan_snapshot["version"] == 1
