"""Bonus money in gift packs: a lot of its own, missed where the account may not take it, taken back unused (R-T12)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

import wallet.selectors
import wallet.services
from core import days
from gifts import services, wording
from gifts.models import Grant, GrantItem, Pack
from gifts.proofs import PROOFS
from gifts.selectors import Part, get_pack_terms, list_grants, list_leaks, worth_of
from tests.factories.ledgers import assert_ledgers_agree, table_rows
from tests.factories.packs import create_pack
from tests.factories.stored_value import TABLES
from wallet.models import Entry, Lot

D = Decimal
SOURCE = "tier-upgrade:1:2:3"
ALL = (*TABLES, "points_entry", "points_account", "gifts_grant", "gifts_grantitem")

pytestmark = pytest.mark.usefixtures("_in_english")


@pytest.fixture
def member(counter):
    return counter.member()


def give(pack, member, where, **options):
    return services.give_pack(pack_id=pack.pk, member_id=member.pk, source=SOURCE, **{**where, **options})


def take_back(where, **options):
    return services.cancel_or_take_back(source=SOURCE, idempotency_key="back", **{**where, **options})


def held(member, at):
    found = wallet.selectors.get_balance(member_id=member.pk, at=at)
    return found.principal, found.bonus


def spend(member, amount, where):
    return wallet.services.debit(
        member_id=member.pk, amount=D(amount), list_amount=D(amount), source="o", idempotency_key="pay", **where
    )


def fields_of(grant):
    rows = GrantItem.objects.filter(grant=grant).order_by("position")
    return [(item.kind, item.quantity, item.cost, item.used, item.state) for item in rows]


def prove():
    assert_ledgers_agree()
    for proof in PROOFS:
        assert proof.check()[1] == [], proof.name


def test_a_pack_gives_points_coupons_and_bonus_money_once(counter, member, where, now):
    pack = create_pack(points=100, bonus="12.50", bonus_days=30, coupons={counter.template().pk: 1})

    grant = give(pack, member, where)

    assert give(pack, member, where).pk == grant.pk
    assert fields_of(grant) == [
        ("points", D("100.000"), D("1.00"), D("0.000"), "given"),
        ("bonus", D("12.500"), D("12.50"), D("0.000"), "given"),
        ("coupon", D("1.000"), D("10.00"), D("0.000"), "given"),
    ]
    entry = Entry.objects.get()
    assert (entry.kind, entry.bonus, entry.source, entry.idempotency_key) == (
        "gift", D("12.50"), SOURCE, f"{SOURCE}:bonus",
    )  # fmt: skip
    assert Lot.objects.get().expires_at == days.end_of(days.local_day(now) + timedelta(days=30))
    assert wording.given_texts(grant)[1] == "¥12.50 bonus"
    assert wording.pack_texts(get_pack_terms(pack).parts)[1] == "¥12.50 bonus valid 30 days"
    prove()


def test_unused_bonus_money_goes_back_with_its_pack_once(member, where, now):
    grant = give(create_pack(bonus="12.50"), member, where)

    assert take_back(where).status == Grant.Status.TAKEN_BACK
    take_back(where)

    assert fields_of(grant) == [("bonus", D("12.500"), D("12.50"), D("0.000"), "taken_back")]
    assert [(entry.kind, entry.bonus) for entry in Entry.objects.order_by("id")] == [
        ("gift", D("12.50")), ("gift_back", D("-12.50")),
    ]  # fmt: skip
    assert held(member, now) == (D("0.00"), D("0.00"))
    assert not list_leaks().exists()
    prove()


def test_spent_bonus_money_is_a_leak_and_the_rest_goes_back(member, where, now):
    grant = give(create_pack(bonus="12.50"), member, where)
    spend(member, "5.20", where)

    assert take_back(where).status == Grant.Status.SETTLED

    assert fields_of(grant) == [("bonus", D("12.500"), D("12.50"), D("5.200"), "used")]
    assert [(leak.kind, leak.used, leak.worth) for leak in list_leaks()] == [("bonus", D("5.200"), D("5.20"))]
    assert worth_of(list_leaks()) == D("5.20")
    assert held(member, now) == (D("0.00"), D("0.00"))
    prove()


def test_bonus_money_that_expired_is_neither_used_nor_taken_back(member, where, now):
    grant = give(create_pack(bonus="10.00", bonus_days=1), member, where)
    later = now + timedelta(days=3)
    list(wallet.services.expire_bonus(days.local_day(later), later))

    assert take_back(where, at=later).status == Grant.Status.TAKEN_BACK

    assert fields_of(grant) == [("bonus", D("10.000"), D("10.00"), D("0.000"), "taken_back")]
    assert [entry.kind for entry in Entry.objects.order_by("id")] == ["gift", "bonus_expiry"]
    prove()


@pytest.mark.parametrize("reason", ["frozen account", "full account"])
def test_bonus_money_that_the_account_may_not_take_is_missed_and_the_rest_is_given(member, where, now, reason):
    pack = create_pack(points=50, bonus="10.00")
    _block(member, where, now, reason)

    grant = give(pack, member, where)

    assert [(kind, state) for kind, _quantity, _cost, _used, state in fields_of(grant)] == [
        ("points", "given"), ("bonus", "missed"),
    ]  # fmt: skip
    assert not Entry.objects.filter(kind="gift").exists()
    assert wording.given_texts(grant) == ["50 bonus points"]
    (row,) = wording.grant_rows(list_grants(member_id=member.pk), used_coupons=())
    assert row.missed == ("¥10 bonus",)
    assert take_back(where).status == Grant.Status.TAKEN_BACK
    prove()


@pytest.mark.parametrize("reason", ["frozen account", "full account"])
def test_who_asks_for_a_gift_is_told_that_the_account_takes_no_bonus_and_nothing_moves(member, where, now, reason):
    pack = create_pack(points=50, bonus="10.00")
    _block(member, where, now, reason)
    before = table_rows(*ALL)

    with pytest.raises(services.PackNotGiven, match=r"is frozen|at most 5000\.00"):
        give(pack, member, where, is_strict=True)

    assert table_rows(*ALL) == before


def _block(member, where, now, reason):
    if reason == "frozen account":
        wallet.services.freeze_account(member_id=member.pk, reason="theft", actor=None, at=now)
    else:
        wallet.services.recharge(
            member_id=member.pk, principal=D("4995.00"), bonus=D(0), source="t", idempotency_key="r", **where
        )


def test_held_back_bonus_money_lasts_from_the_day_on_which_it_is_given(member, where, now):
    grant = give(create_pack(bonus="10.00", bonus_days=30), member, where, pending_until=now + timedelta(days=7))
    assert (held(member, now), wording.promised_texts(grant)) == (
        (D("0.00"), D("0.00")), ["¥10 bonus valid 30 days"],
    )  # fmt: skip
    later = now + timedelta(days=7)

    assert list(services.release_due(days.local_day(later), later)) == [{"changed": 1, "given": 1, "cancelled": 0}]

    assert held(member, later) == (D("0.00"), D("10.00"))
    assert Lot.objects.get().expires_at == days.end_of(days.local_day(later) + timedelta(days=30))
    prove()


def test_the_proof_finds_bonus_money_that_is_not_what_the_pack_says(member, where):
    grant = give(create_pack(bonus="10.00"), member, where)
    GrantItem.objects.filter(grant=grant).update(quantity=D("11.00"))

    (proof,) = [proof for proof in PROOFS if proof.name == "gifts.bonus"]

    assert len(proof.check()[1]) == 1


def test_bonus_money_that_was_corrected_goes_back_as_corrected(member, where, now):
    grant = give(create_pack(bonus="10.00"), member, where)
    wallet.services.correct(
        member_id=member.pk, recharge_id=int(grant.items.get().reference), bucket="bonus", amount=D("5.00"),
        evidence="leaflet", reason="typo", idempotency_key="c", **where,
    )  # fmt: skip

    assert take_back(where).status == Grant.Status.TAKEN_BACK

    assert held(member, now) == (D("0.00"), D("0.00"))
    prove()


def test_bonus_money_in_a_pack_stands_in_one_row_of_whole_fen(db, now):
    for parts in ([Part("bonus", D(1)), Part("bonus", D(2))], [Part("bonus", D("1.005"))]):
        with pytest.raises(services.InvalidPack):
            services.save_pack(pack=Pack(name="x"), parts=parts, actor=None, at=now)

    assert not Pack.objects.exists()


def test_the_form_of_a_pack_takes_bonus_money_and_shows_it_again(client_for, owner):
    browser = client_for(owner)
    typed = {"name": "生日礼", "is_active": "on", "bonus": "12.50", "bonus_days": "30"}

    answer = browser.post(reverse("gifts:pack-create"), typed)

    assert answer.status_code == 302
    pack = Pack.objects.get()
    assert [(part.kind, part.quantity, part.days, part.cost) for part in get_pack_terms(pack).parts] == [
        ("bonus", D("12.500"), 30, D("12.500"))
    ]
    page = browser.get(reverse("gifts:pack-edit", args=[pack.pk])).content.decode()
    assert 'value="12.50"' in page
    assert 'value="30"' in page
    days_only = browser.post(reverse("gifts:pack-create"), {"name": "y", "points": "1", "bonus_days": "30"})
    assert (days_only.status_code, set(days_only.context["form"].errors)) == (422, {"bonus"})
