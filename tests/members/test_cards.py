"""Cards: loss reports, replacements, and what an old number answers (R-W7)."""

import pytest
from django.db import IntegrityError, transaction
from django.utils.translation import override

from audit.models import Record
from members import selectors, services
from members.models import Card, Member
from members.selectors import MemberFilter
from members.services import InvalidMember, NotOfUnnamed, WrongStatus
from tests.factories.members import create_member


@pytest.fixture
def member(store) -> Member:
    return create_member(store, name="王小明", phone="13800138000")


@pytest.fixture
def bearer(store) -> Member:
    """An unnamed card."""
    return create_member(store, name="", phone="", is_named=False)


def block(member, cashier, now, reason="lost"):
    services.block_card(member_id=member.pk, reason=reason, actor=cashier, at=now)


def replace(member, cashier, now, reason="damaged", **more) -> str:
    return services.replace_card(member_id=member.pk, reason=reason, actor=cashier, at=now, **more)


def refusal(number) -> str:
    card = selectors.find_ended_card(number)
    assert card is not None
    with override("en"):
        return card.refusal


@pytest.mark.parametrize("reason", ["lost", "stolen"])
def test_a_card_that_was_reported_lost_is_refused_and_the_member_is_found_otherwise(member, cashier, now, reason):
    assert selectors.find_members(member.number) == [member]

    block(member, cashier, now, reason)

    assert selectors.find_members(member.number) == []
    assert refusal(member.number) == "This card was reported lost."
    assert selectors.find_members("13800138000") == [member]
    card = Card.objects.get()
    assert (card.number, card.issued_at, card.ended_at, card.end_reason) == (
        member.number,
        member.registered_at,
        now,
        reason,
    )
    assert Record.objects.get(action="card.blocked").data == {"number": member.number, "cause": reason}


def test_a_loss_is_reported_once_and_needs_a_cause(member, cashier, now):
    with pytest.raises(InvalidMember):
        block(member, cashier, now, "damaged")
    assert Card.objects.count() == 0

    block(member, cashier, now)
    with pytest.raises(WrongStatus):
        block(member, cashier, now)

    assert Record.objects.filter(action="card.blocked").count() == 1


def test_a_card_that_was_found_counts_again(member, cashier, now):
    block(member, cashier, now)

    services.unblock_card(member_id=member.pk, actor=cashier, at=now)

    assert selectors.find_members(member.number) == [member]
    assert selectors.find_ended_card(member.number) is None
    with pytest.raises(WrongStatus):
        services.unblock_card(member_id=member.pk, actor=cashier, at=now)


@pytest.mark.parametrize("reason", ["damaged", "lost", "stolen", "replaced"])
def test_a_replacement_gives_a_new_number_and_refuses_the_old_one(member, cashier, now, reason):
    old = member.number

    new = replace(member, cashier, now, reason)

    member.refresh_from_db()
    assert (member.number, new == old) == (new, False)
    assert selectors.find_members(new) == [member]
    assert selectors.find_members(old) == []
    assert refusal(old) == "This card was replaced: only the new one counts."
    assert [(card.number, card.end_reason) for card in selectors.list_cards(member)] == [(new, ""), (old, reason)]
    assert Record.objects.get(action="card.replaced").data == {"before": old, "after": new, "cause": reason}


def test_a_reported_loss_keeps_its_reason_when_the_card_is_replaced(member, cashier, now):
    old = member.number
    block(member, cashier, now, "stolen")

    replace(member, cashier, now, "replaced")

    assert Card.objects.get(number=old).end_reason == "stolen"
    assert refusal(old) == "This card was replaced: only the new one counts."


def test_many_replacements_stand_in_the_history(member, cashier, now):
    numbers = [member.number, *(replace(member, cashier, now) for _round in range(3))]

    member.refresh_from_db()
    assert [card.number for card in selectors.list_cards(member)] == numbers[::-1]
    assert [refusal(number) for number in numbers[:-1]] == ["This card was replaced: only the new one counts."] * 3


def test_a_card_that_was_replaced_meanwhile_is_not_replaced_again(member, cashier, now):
    shown = member.number
    new = replace(member, cashier, now, number=shown)

    with pytest.raises(WrongStatus):
        replace(member, cashier, now, number=shown)

    member.refresh_from_db()
    assert member.number == new


def test_an_anonymous_card_that_was_lost_is_not_replaced_unless_registered(bearer, cashier, now):
    """Nasty test of the wallet rules: anonymous card lost."""
    for reason in ("lost", "stolen"):
        with pytest.raises(NotOfUnnamed):
            block(bearer, cashier, now, reason)
        with pytest.raises(NotOfUnnamed):
            replace(bearer, cashier, now, reason)
    assert Card.objects.count() == 0
    assert selectors.find_members(bearer.number) == [bearer]

    services.update_member(
        member_id=bearer.pk, data=services.MemberData(name="李雷", phone="13900139000"), actor=cashier, at=now
    )
    block(bearer, cashier, now)

    assert selectors.find_members(bearer.number) == []


def test_a_damaged_anonymous_card_is_exchanged(bearer, cashier, now):
    new = replace(bearer, cashier, now, "damaged")

    assert selectors.find_members(new) == [bearer]


def test_a_closed_member_has_no_card_to_act_on(member, cashier, now):
    Member.objects.update(status="closed")

    for act in (block, replace):
        with pytest.raises(WrongStatus):
            act(member, cashier, now)
    assert Card.objects.count() == 0


def test_lists_find_members_by_the_cards_they_had(member, store, cashier, now):
    create_member(store)
    old = member.number
    new = replace(member, cashier, now)

    for number in (old, new):
        assert list(selectors.list_members(MemberFilter(search=number))) == [member]


def test_the_first_card_stands_in_no_table(member):
    (card,) = selectors.list_cards(member)

    assert (card.number, card.issued_at) == (member.number, member.registered_at)
    assert card.ended_at is None
    assert Card.objects.count() == 0
    assert selectors.find_ended_card(member.number) is None
    assert selectors.find_ended_card("no number") is None


def test_the_database_keeps_one_card_in_use_and_a_reason_for_every_end(member, cashier, now):
    replace(member, cashier, now)

    with pytest.raises(IntegrityError), transaction.atomic():
        Card.objects.create(member=member, number="6999999999", issued_at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Card.objects.filter(ended_at=None).update(ended_at=now)
