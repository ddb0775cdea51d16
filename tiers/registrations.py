"""What tiers tells the doors of core and the registries of jobs at start."""

from datetime import datetime, time

from django.utils.translation import gettext_lazy as _

from core import audit, facts, settings
from core.links import Link, register_member_panel, register_navigation
from core.links import register as register_link
from core.settings import Setting
from gifts.growth import Growth, register_growth
from jobs.registry import Job, register_job, register_proof
from members.models import Member
from members.registry import Badge, register_member_badge, register_reminder_kind
from tiers.facts import FACTS
from tiers.proofs import PROOFS
from tiers.selectors import get_benefits
from tiers.services import evaluate_due, giving, notices
from tiers.services.drafts import TRIAL, digest_of
from tiers.wording_night import describe_change, describe_ending
from trials.registry import Kind, register_kind


def _days_problem(days: int) -> object:
    return None if 0 <= days <= 365 else _("Between 0 and 365 days.")


def _stages_problem(text: str) -> object:
    try:
        notices.stages_of(text)
    except ValueError:
        return _("Write days like 30, 7.")
    return None


def _badge(member: Member, at: datetime) -> Badge:
    benefits = get_benefits(member_id=member.pk, at=at)
    return Badge(benefits.tier_name, benefits.colour)


def register() -> None:
    """Audit actions, settings, facts, proofs, the job of the night, pages and the block of the member page."""
    for action, label in (
        ("tier.set_by_hand", _("Tier set by hand")),
        ("tier.version_added", _("Tier rules changed")),
        ("tier.version_called_off", _("Planned tier rules called off")),
        ("tier.renamed", _("Tier renamed")),
        ("tier.created", _("Tier made")),
        ("tier.track_created", _("Card type made")),
        ("tier.track_renamed", _("Tier track renamed")),
        ("tier.retired", _("Tier retired")),
        ("tier.brought_back", _("Retired tier brought back")),
        ("tier.draft_saved", _("Draft of tier rules changed")),
        ("tier.draft_discarded", _("Draft of tier rules thrown away")),
        ("tier.draft_activated", _("Draft of tier rules activated")),
        ("tier.gift_saved", _("Gift of a tier changed")),
        ("tier.exported", _("List of tiers downloaded")),
    ):
        audit.register_action(action, label)
    settings.define(
        Setting(
            "tiers.revoke_within_days",
            int,
            7,
            _("Days in which a refund revokes the upgrade it was earned with"),
            help=_("0: only on the day of the upgrade. Later refunds count at the next evaluation."),
            group=_("Tiers"),
            check=_days_problem,
        )
    )
    settings.define(
        Setting(
            "tiers.gifts_of_skipped_levels",
            bool,
            True,
            _("Who skips levels on the way up gets the gifts of each of them"),
            help=_("Off: only those of the level that was reached."),
            group=_("Tiers"),
        )
    )
    settings.define(
        Setting(
            notices.DAYS,
            str,
            "30,7",
            _("Remind of the end of a tier so many days before"),
            help=_("Separated by commas; empty: never. Only members who still miss something are reminded."),
            group=_("Tiers"),
            check=_stages_problem,
        )
    )
    settings.define(
        Setting(
            notices.TELLS,
            bool,
            True,
            _("Remind staff to tell members that they rose or fell"),
            group=_("Tiers"),
        )
    )
    register_growth(Growth(giving.record_growth, giving.reverse_growth))
    settings.define(
        Setting(
            "tiers.revoke_on_refund",
            str,
            "at_once",
            _("When a refund takes back what an upgrade was earned with"),
            choices=(
                ("at_once", _("The upgrade is revoked at once")),
                ("wait", _("The tier stays until the next evaluation")),
            ),
            group=_("Tiers"),
        )
    )
    facts.register(*FACTS)
    register_job(
        Job(
            "tiers.evaluate",
            _("Evaluate tiers"),
            _(
                "Renews or lowers tiers whose validity is over, ends those bought or given for a time, "
                "and makes up for missed upgrades."
            ),
            evaluate_due,
            time(0, 30),
        )
    )
    register_job(
        Job(
            "tiers.remind",
            _("Remind of tiers"),
            _("Makes reminders for members whose tier ends soon, with what keeps it, and for those who rose or fell."),
            notices.remind_members,
            time(0, 55),
        )
    )
    register_reminder_kind(notices.ENDING, _("Tier ends"), describe_ending)
    register_reminder_kind(notices.UPGRADED, _("Tier reached"), describe_change)
    register_reminder_kind(notices.DOWNGRADED, _("Tier lost"), describe_change)
    register_job(
        Job(
            "tiers.birthday_gifts",
            _("Give birthday gifts of tiers"),
            _("Gives the members who celebrate today what their tiers give on the birthday, once a year."),
            giving.give_birthday_gifts,
            time(0, 50),
        )
    )
    for proof in PROOFS:
        register_proof(proof)
    register_navigation(Link("tiers", "tiers:tier-list", _("Tiers"), "tiers.view_tier", "trophy", "members", 60))
    # The page of jobs points from a job to what it would do now.
    register_link(Link("preview-tiers.evaluate", "tiers:evaluation-preview", _("Before the night"), "tiers.view_tier"))
    register_link(Link("tier", "tiers:tier-detail", _("Tier"), "tiers.view_tier", kwargs=("pk",)))
    register_link(Link("tier-draft", "tiers:draft-detail", _("Draft of tier rules"), "tiers.view_tier", kwargs=("pk",)))
    register_kind(Kind(TRIAL, _("Tier rules"), digest_of, "tiers:draft-detail", "tiers.change_tier"))
    register_member_badge("tier", _badge)
    register_member_panel(
        Link("member-tier", "tiers:member-panel", _("Tier"), "tiers.view_period", order=20, kwargs=("member_id",))
    )
