"""What members tells the doors of core and jobs at start."""

from datetime import time
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import audit, facts, settings
from core.links import Link, register_navigation
from core.links import register as register_link
from core.settings import Setting
from jobs.registry import Job, register_job
from members import services
from members.facts import FACTS
from members.models import Member, describe_birthday
from members.registry import Details, register_member_action, register_member_badge, register_reminder_kind
from members.selectors import has_pin

__all__ = ["register", "register_member_action", "register_member_badge", "register_reminder_kind"]


def _solar_birthday(details: Details) -> str:
    return _birthday("solar", details)


def _lunar_birthday(details: Details) -> str:
    return _birthday("lunar", details)


def _birthday(calendar: str, details: Details) -> str:
    return describe_birthday(
        calendar, details.get("year"), details.get("month"), details.get("day"), bool(details.get("is_leap"))
    )


def register() -> None:
    """Audit labels, settings, facts, the nightly job and the pages of the side navigation."""
    for action, label in (
        ("member.created", _("Member registered")),
        ("member.changed", _("Member changed")),
        ("member.frozen", _("Member frozen")),
        ("member.unfrozen", _("Member unfrozen")),
        ("phone.revealed", _("Full phone number seen")),
        ("member.exported", _("Member list downloaded")),
        ("member.pin_set", _("Member PIN set")),
        ("member.pin_changed", _("Member PIN changed")),
        ("member.pin_reset", _("Member PIN removed")),
        ("member.pin_failed", _("Wrong member PIN")),
        ("card.blocked", _("Card reported lost")),
        ("card.unblocked", _("Loss report of a card lifted")),
        ("card.replaced", _("Card replaced")),
    ):
        audit.register_action(action, label)
    settings.define(
        Setting(
            "members.birthday_reminder_days",
            int,
            3,
            _("Remind of birthdays so many days ahead"),
            _("Staff of the store where the member registered see the reminder."),
            _("Members"),
            check=lambda value: None if 0 <= value <= 60 else _("Between 0 and 60 days."),
        ),
        Setting(
            "members.leap_month_birthdays",
            str,
            "ordinary",
            _("Birthdays in a lunar leap month are kept in"),
            _("Years without that leap month always use the ordinary month."),
            _("Members"),
            choices=(("ordinary", _("the ordinary month")), ("leap", _("the leap month where there is one"))),
        ),
    )
    facts.register(*FACTS)
    register_reminder_kind("solar_birthday", _("birthday"), _solar_birthday)
    register_reminder_kind("lunar_birthday", _("lunar birthday"), _lunar_birthday)
    register_job(
        Job(
            "members.remind_birthdays",
            _("Remind of birthdays"),
            _("Makes a reminder for the store of registration of every member whose birthday is near."),
            services.remind_birthdays,
            time(0, 20),
        )
    )
    register_link(Link("member", "members:member-detail", _("Member"), "members.view_member", kwargs=("pk",)))
    register_navigation(
        Link("members", "members:member-list", _("Members"), "members.view_member", "user-group", "members", 10)
    )
    register_navigation(
        Link("reminders", "members:reminder-list", _("Reminders"), "members.view_reminder", "bell-alert", "members", 20)
    )
    _register_actions()


def _register_actions() -> None:
    def action(name: str, url: str, label: Any, right: str, icon: str, order: int, is_offered: Any = None) -> None:
        link = Link(f"member-{name}", f"members:{url}", label, f"members.{right}", icon, order=order)
        register_member_action(link, is_offered)

    action("edit", "member-edit", _("Change"), "change_member", "pencil-square", 10)
    action("unfreeze", "freeze-delete", _("Unfreeze"), "freeze_member", "lock-open", 20, _is_frozen)
    action("freeze", "freeze-create", _("Freeze"), "freeze_member", "lock-closed", 60, _is_active)
    action("pin", "pin-edit", pgettext_lazy("member", "PIN"), "set_pin", "key", 70)
    action("pin-reset", "pin-delete", _("Remove the PIN"), "reset_pin", "backspace", 75, _has_pin)
    action("cards", "card-list", _("Card"), "view_card", "identification", 80)


def _is_frozen(member: Member) -> bool:
    return member.status == Member.Status.FROZEN


def _is_active(member: Member) -> bool:
    return member.status == Member.Status.ACTIVE


def _has_pin(member: Member) -> bool:
    return member.is_open and has_pin(member.pk)
