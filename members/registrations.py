"""What members tells the doors of core and jobs at start."""

from datetime import time

from django.utils.translation import gettext_lazy as _

from core import audit, facts, settings
from core.links import Link, register_navigation
from core.links import register as register_link
from core.settings import Setting
from jobs.registry import Job, register_job
from members import services
from members.facts import FACTS
from members.models import describe_birthday
from members.registry import Details, register_member_action, register_member_badge, register_reminder_kind

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
