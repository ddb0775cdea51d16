"""Cards: a loss report blocks the number at once, a replacement gives a new one; value belongs to the member (R-W7).

A card without a name belongs to whoever holds it: nobody can report its loss or ask for another one unless the holder
is registered first. Such cards do not expire in this product, so nothing has to be reactivated.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from members.models import Card, Member
from members.services.errors import InvalidMember, WrongStatus
from members.services.locking import lock_member
from members.services.registration import reserve_numbers
from stores.models import Staff, Store

LOSSES = (Card.EndReason.LOST, Card.EndReason.STOLEN)


class NotOfUnnamed(InvalidMember):
    """An unnamed card was lost: there is nobody whose card it is."""

    def __init__(self) -> None:
        super().__init__(_("This card has no name. Register the holder first."), "reason")


@transaction.atomic
def block_card(*, member_id: int, reason: str, actor: Staff | None, at: datetime, store: Store | None = None) -> None:
    """Take a loss report (``lost`` or ``stolen``): from now on the number is refused, the member is found otherwise.

    NotOfUnnamed for an unnamed card, WrongStatus where the member is closed or the number is blocked already. Stored
    value counts as lost while the present card is blocked (``wallet.selectors``).
    """
    if reason not in LOSSES:
        raise InvalidMember(_("There is no such choice."), "reason")
    member = _lock_holder(member_id, reason)
    card = _present_card(member)
    if card.ended_at is not None:
        raise WrongStatus(_("The loss of this card is reported already."))
    _end(card, reason, at)
    audit.record(
        "card.blocked", actor=actor, subject=f"member:{member_id}", at=at, store=store, number=card.number, cause=reason
    )


@transaction.atomic
def unblock_card(*, member_id: int, actor: Staff | None, at: datetime, store: Store | None = None) -> None:
    """The card was found: its number counts again. WrongStatus where no loss is reported."""
    member = _lock_holder(member_id, "")
    card = _present_card(member)
    if card.ended_at is None:
        raise WrongStatus(_("No loss of this card is reported."))
    card.ended_at, card.end_reason = None, ""
    card.save(update_fields=["ended_at", "end_reason"])
    audit.record("card.unblocked", actor=actor, subject=f"member:{member_id}", at=at, store=store, number=card.number)


@transaction.atomic
def replace_card(
    *,
    member_id: int,
    reason: str,
    actor: Staff | None,
    at: datetime,
    store: Store | None = None,
    number: str = "",
) -> str:
    """Give the member a new number, which is returned; the old one is refused from now on, nothing else changes.

    ``number`` is the one that the form showed: WrongStatus where somebody replaced it since. A reported loss keeps
    the reason that was reported. NotOfUnnamed for a lost unnamed card; a damaged one in the hand may be exchanged.
    """
    if reason not in Card.EndReason.values:
        raise InvalidMember(_("There is no such choice."), "reason")
    member = _lock_holder(member_id, reason)
    if number and number != member.number:
        raise WrongStatus(_("This card was replaced by somebody else just now."))
    old = _present_card(member)
    if old.ended_at is None:
        _end(old, reason, at)
    member.number = reserve_numbers(1)[0]
    member.save(update_fields=["number"])
    Card.objects.create(member=member, number=member.number, issued_at=at)
    audit.record(
        "card.replaced",
        actor=actor,
        subject=f"member:{member_id}",
        at=at,
        store=store,
        before=old.number,
        after=member.number,
        cause=old.end_reason,
    )
    return member.number


def _lock_holder(member_id: int, reason: str) -> Member:
    member = lock_member(member_id)
    if not member.is_open:
        raise WrongStatus(_("This member is closed and cannot be changed."))
    if not member.is_named and reason in LOSSES:
        raise NotOfUnnamed
    return member


def _present_card(member: Member) -> Card:
    card = Card.objects.filter(member=member, number=member.number).first()
    return card or Card(member=member, number=member.number, issued_at=member.registered_at)


def _end(card: Card, reason: str, at: datetime) -> None:
    card.ended_at, card.end_reason = max(at, card.issued_at), reason
    card.save()
