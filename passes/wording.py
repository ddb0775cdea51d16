"""Pass plans said in sentences, with figures that people can check."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.money import ceil
from core.templatetags.interface import money
from passes import rules
from passes.models import Plan


def sentence(plan: Plan, goods: list[str]) -> str:
    """What the customer pays and gets, in one sentence."""
    figures = {
        "price": money(plan.price),
        "goods": ", ".join(goods[:4]) + (" …" if len(goods) > 4 else ""),
        "uses": plan.total_uses,
        "paid": plan.paid_uses,
        "gift": plan.gift_uses,
        "days": plan.valid_days,
    }
    if plan.is_unlimited:
        return _("Pay %(price)s and have %(goods)s as often as you want for %(days)s days.") % figures
    if plan.gift_uses:
        text = _("Pay %(price)s and have %(goods)s %(uses)s times: %(paid)s paid and %(gift)s free.") % figures
    else:
        text = _("Pay %(price)s and have %(goods)s %(uses)s times.") % figures
    end = _("It lasts %(days)s days.") % figures if plan.valid_days else _("It never ends.")
    return f"{text} {end}"


def example(plan: Plan) -> str:
    """What a use is worth, and what a refund half-way would pay on either ground."""
    if plan.is_unlimited:
        days = plan.valid_days or 1
        return _("A day is worth %(value)s; who stops early gets the days that are left.") % {
            "value": money(rules.use_values(plan.price, days)[0])
        }
    values = rules.use_values(plan.price, plan.total_uses)
    used = plan.total_uses // 2
    package = money(ceil(plan.price * (plan.total_uses - used) / plan.total_uses))
    listed = money(max(plan.price - used * plan.unit_list_price, Decimal(0)))
    worth = _("A use is worth %(value)s instead of %(single)s.") % {
        "value": money(values[0]),
        "single": money(plan.unit_list_price),
    }
    if not used:
        return worth
    return f"{worth} " + ngettext(
        "After %(used)s use a refund pays %(package)s at the package price, or %(listed)s at the single price.",
        "After %(used)s uses a refund pays %(package)s at the package price, or %(listed)s at the single price.",
        used,
    ) % {"used": used, "package": package, "listed": listed}


def saving(plan: Plan) -> Decimal | None:
    """What the pass saves against single uses; None for a pass by days."""
    return None if plan.is_unlimited else plan.unit_list_price * plan.total_uses - plan.price
