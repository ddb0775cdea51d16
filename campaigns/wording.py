"""Giveaways and order rewards in plain words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Giveaway, Occasion, OrderReward
from gifts.selectors import Part
from gifts.wording import joined, money, pack_texts


def _given(parts: tuple[Part, ...]) -> str:
    return joined(pack_texts(parts)) or _("nothing")


def giveaway_sentence(giveaway: Giveaway, parts: tuple[Part, ...]) -> str:
    """Who gets what, and how often."""
    names = {"gifts": _given(parts)}
    if giveaway.trigger == Giveaway.Trigger.REGISTERED:
        return _("Who joins gets %(gifts)s.") % names
    return {
        Giveaway.Repeats.ONCE: _("Who visits gets %(gifts)s, once."),
        Giveaway.Repeats.DAILY: _("Who visits gets %(gifts)s, once a day."),
        Giveaway.Repeats.WEEKLY: _("Who visits gets %(gifts)s, once a week."),
        Giveaway.Repeats.MONTHLY: _("Who visits gets %(gifts)s, once a month."),
    }[Giveaway.Repeats(giveaway.repeats)] % names


def reward_sentence(reward: OrderReward, parts: tuple[Part, ...]) -> str:
    """From which amount on what is won, and how often."""
    names = {"amount": money(reward.threshold), "gifts": _given(parts)}
    if reward.member_limit is None:
        return _("An order of %(amount)s or more wins %(gifts)s.") % names
    text = ngettext(
        "An order of %(amount)s or more wins %(gifts)s, %(count)s time per member.",
        "An order of %(amount)s or more wins %(gifts)s, %(count)s times per member.",
        reward.member_limit,
    )
    return text % {**names, "count": reward.member_limit}


def period(row: Occasion) -> str:
    """From when until when; empty for always."""
    names = {
        "first": row.starts_on.isoformat() if row.starts_on else "",
        "last": row.ends_on.isoformat() if row.ends_on else "",
    }
    if row.starts_on and row.ends_on:
        return _("from %(first)s through %(last)s") % names
    if row.starts_on:
        return _("from %(first)s on") % names
    return _("through %(last)s") % names if row.ends_on else ""
