"""What a coupon promises, in plain sentences for forms and lists."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coupons.models import Template


def _amount(amount: Decimal) -> str:
    return f"{settings.CURRENCY_SYMBOL}{amount:,.2f}"


def promise(template: Any) -> str:
    """The discount and from when: "¥10.00 off from ¥100.00"."""
    if template.threshold:
        return _("%(amount)s off from %(threshold)s") % {
            "amount": _amount(template.amount),
            "threshold": _amount(template.threshold),
        }
    return _("%(amount)s off any purchase") % {"amount": _amount(template.amount)}


def validity(template: Template) -> str:
    """When a coupon is valid: fixed dates, or days from its receipt."""
    if template.validity == Template.Validity.FIXED:
        return _("valid from %(first)s through %(last)s") % {
            "first": _iso(template.starts_on),
            "last": _iso(template.through_on),
        }
    days = template.valid_days or 0
    if template.starts_next_day:
        text = ngettext(
            "valid for %(days)s day from the day after receipt",
            "valid for %(days)s days from the day after receipt",
            days,
        )
    else:
        text = ngettext(
            "valid for %(days)s day, the day of receipt included",
            "valid for %(days)s days, the day of receipt included",
            days,
        )
    return text % {"days": days}


def _iso(day: date | None) -> str:
    return "…" if day is None else day.isoformat()


def summary(template: Template) -> list[str]:
    """Everything that the form decides, one sentence each."""
    together = {
        (True, True): _("It can be used together with the tier discount and points."),
        (True, False): _("It can be used together with the tier discount, not with points."),
        (False, True): _("It replaces the tier discount and can be used together with points."),
        (False, False): _("It is used alone: without the tier discount and without points."),
    }[template.stacks_with_tier, template.stacks_with_points]
    sentences = [_("%(promise)s, %(validity)s.") % {"promise": promise(template), "validity": validity(template)}]
    sentences.append(together)
    if template.total_limit is not None:
        sentences.append(_("At most %(count)s coupons are given out.") % {"count": f"{template.total_limit:,}"})
    if template.member_limit is not None:
        sentences.append(_("A member gets at most %(count)s.") % {"count": template.member_limit})
    if not template.is_usable_while_stopped:
        sentences.append(_("While paused or retired, coupons already given out cannot be used."))
    return sentences
