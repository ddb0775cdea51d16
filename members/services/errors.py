"""Refusals that a person reads."""

from django.utils.translation import gettext as _

from core.errors import DomainError, StateChanged


class InvalidMember(DomainError):
    """A field is not acceptable; ``field`` names the field of :class:`MemberData`, so a form can show it there."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class PhoneTaken(InvalidMember):
    """Another active or frozen member has this phone: ``member_id`` is that member."""

    def __init__(self, member_id: int) -> None:
        super().__init__(_("Another member already has this phone number."), "phone")
        self.member_id = member_id


class WrongStatus(StateChanged):
    """The member's status does not allow this, usually because somebody else was quicker."""


def check_reason(text: str) -> str:
    """The reason without blanks around it; InvalidMember on the field ``reason`` where there is none."""
    text = text.strip()
    if not text:
        raise InvalidMember(_("A reason is needed."), "reason")
    if len(text) > 500:
        raise InvalidMember(_("The reason is too long."), "reason")
    return text
