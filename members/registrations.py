"""What members tells the doors of core and jobs at start."""

from django.utils.translation import gettext_lazy as _

from core import audit, facts, settings
from core.settings import Setting
from members.facts import FACTS


def register() -> None:
    """Audit labels, settings and facts."""
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
