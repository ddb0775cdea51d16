"""What apps above hang on members: kinds of reminders, badges and quick actions of the member page.

Filled in ``ready()``; nothing here knows who registers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core import links
from core.links import Link

if TYPE_CHECKING:
    from members.models import Member

#: Quick actions with this order and above stand in the menu of the member page.
MENU_FROM = 50

Details = Mapping[str, Any]


@dataclass(frozen=True)
class ReminderKind:
    """``describe`` turns the details kept with a reminder into one sentence for staff, in the reader's language."""

    code: str
    label: Any
    describe: Callable[[Details], str]


@dataclass(frozen=True)
class Badge:
    """A small label beside the member's name; ``kind`` is one of the ``{% badge %}`` tag's."""

    text: Any
    kind: str = "neutral"


@dataclass(frozen=True)
class MemberAction:
    """A page that does something to one member; ``is_offered`` says whether it makes sense for this one now."""

    link: Link
    is_offered: Callable[["Member"], bool]


BadgeSource = Callable[["Member", datetime], Badge | None]

_kinds: dict[str, ReminderKind] = {}
_badges: dict[str, BadgeSource] = {}
_actions: dict[str, MemberAction] = {}


def register_reminder_kind(code: str, label: Any, describe: Callable[[Details], str]) -> None:
    """Make a kind of reminder known; ``code`` is stable forever and at most 40 characters long."""
    _kinds[code] = ReminderKind(code, label, describe)


def reminder_kinds() -> dict[str, ReminderKind]:
    """All kinds by code, in order of registration."""
    return dict(_kinds)


def register_member_badge(name: str, source: BadgeSource) -> None:
    """Show something beside the member's name, for example the tier; ``source`` gets the member and the time."""
    _badges[name] = source


def badges_of(member: "Member", at: datetime) -> list[Badge]:
    """The badges of one member, in order of registration."""
    found = (source(member, at) for source in _badges.values())
    return [badge for badge in found if badge is not None]


def register_member_action(link: Link, is_offered: Callable[["Member"], bool] | None = None) -> None:
    """Put a quick action into the member page's header: a URL that takes the member's id as its only argument.

    Order below ``MENU_FROM`` makes it a button, others stand in the menu "More". Without ``is_offered`` it is for every
    member who is neither closed nor merged. Registered under a name that is taken, it takes that one's place: an app
    above may have a fuller way of doing the same.
    """
    links.register(link)
    _actions[link.name] = MemberAction(link, is_offered or (lambda member: member.is_open))


def actions_for(staff: Any, member: "Member") -> list[Link]:
    """What this person may do to this member now, in order."""
    found = [
        action.link
        for action in _actions.values()
        if (not action.link.permission or staff.has_perm(action.link.permission)) and action.is_offered(member)
    ]
    return sorted(found, key=lambda link: link.order)
