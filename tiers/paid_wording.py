"""Offers of paid tiers said in a sentence, and the columns in which purchases are downloaded."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from core.money import half_up
from core.templatetags.interface import business_date, money
from core.workbook import Column
from tiers.models import Membership, PaidPlan
from tiers.rules.paid import new_term, share_left


def length(months: int) -> str:
    """How long an offer lasts: whole years as years."""
    if months % 12 == 0:
        years = months // 12
        return ngettext("%(years)s year", "%(years)s years", years) % {"years": years}
    return ngettext("%(months)s month", "%(months)s months", months) % {"months": months}


def sentence(plan: PaidPlan, today: date) -> str:
    """What the customer pays and gets, with a purchase of today as the example."""
    term = new_term(today, plan.months)
    return _("Pay %(price)s and be %(tier)s for %(length)s: bought today, it lasts until %(day)s.") % {
        "price": money(plan.price),
        "tier": plan.tier.label,
        "length": length(plan.months),
        "day": business_date(term.last),
    }


def example(plan: PaidPlan, today: date) -> str:
    """What a day costs, and what a refund half-way would pay."""
    total = new_term(today, plan.months).total
    half = total // 2
    return _("A day costs %(each)s. After %(used)s of %(total)s days a refund pays %(refund)s.") % {
        "each": money(half_up(plan.price / total)),
        "used": total - half,
        "total": total,
        "refund": money(share_left(plan.price, half, total)),
    }


def status(bought: Membership, at: datetime) -> tuple[str, str]:
    """The state of a purchase in words, and the badge that fits it."""
    if bought.status != Membership.Status.ACTIVE:
        return str(bought.get_status_display()), "neutral" if bought.status == "converted" else "danger"
    if bought.ends_at <= at:
        return pgettext("paid tier", "ended"), "warning"
    if bought.starts_at > at:
        return pgettext("paid tier", "follows"), "info"
    return pgettext("paid tier", "running"), "success"


EXPORT_COLUMNS = (
    Column(pgettext_lazy("paid tier", "Number"), "integer", 10),
    Column(pgettext_lazy("paid tier", "Offer"), width=24),
    Column(gettext_lazy("Tier"), width=16),
    Column(gettext_lazy("Member number"), width=14),
    Column(gettext_lazy("Member"), width=14),
    Column(gettext_lazy("Phone"), width=14, definition=gettext_lazy("Always masked.")),
    Column(gettext_lazy("Store"), width=20),
    Column(gettext_lazy("Sold at"), "time", 18),
    Column(pgettext_lazy("paid tier", "Price"), "money", 13, is_summed=True),
    Column(
        gettext_lazy("Credited"),
        "money",
        13,
        is_summed=True,
        definition=gettext_lazy("The worth of what was converted into it."),
    ),
    Column(gettext_lazy("First day"), "date", 13),
    Column(gettext_lazy("Last day"), "date", 13),
    Column(gettext_lazy("Status"), width=12),
)


def export_row(bought: Membership, at: datetime) -> Sequence[Any]:
    """One purchase in these columns."""
    return (
        bought.pk,
        bought.name,
        bought.tier.label,
        bought.member.number,
        str(bought.member),
        bought.member.masked_phone,
        bought.store.name,
        bought.bought_at,
        bought.price,
        bought.credit,
        bought.first_day,
        bought.last_day,
        status(bought, at)[0],
    )
