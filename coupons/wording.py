"""What a coupon promises, in plain sentences for forms, lists and the customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from coupons.models import StackCategory, Template
from coupons.wording_goods import Names, conditions, goods

Kind = Template.Kind


def amount_text(amount: Decimal | None) -> str:
    """¥10.00."""
    return f"{settings.CURRENCY_SYMBOL}{amount or 0:,.2f}"


def discount_text(factor: Decimal) -> str:
    """A factor as people say it: 8.5折 in Chinese, "15% off" elsewhere; nothing to pay is free."""
    if factor == 0:
        return pgettext("coupon", "free")
    if (get_language() or "").startswith("zh"):
        return f"{(factor * 10).normalize():f}折"
    return _("%(percent)s%% off") % {"percent": f"{((1 - factor) * 100).normalize():f}"}


def template_of(terms: Mapping[str, Any]) -> Template:
    """An unsaved template with the terms that a version keeps, for these sentences; what a version lacks is empty."""
    template = Template()
    for name, value in terms.items():
        if name in _COLUMNS:
            setattr(template, name, _COLUMNS[name].to_python(value))
    return template


_COLUMNS: dict[str, Any] = {
    field.name: field
    for field in Template._meta.concrete_fields
    if not field.is_relation and field.name not in {"id", "version"}
}


def promise(template: Template) -> str:
    """The worth and from when: "¥10.00 off from ¥100.00"."""
    if template.kind == Kind.AMOUNT_OFF:
        off = {"amount": amount_text(template.amount), "threshold": amount_text(template.threshold)}
        if template.threshold:
            return _("%(amount)s off from %(threshold)s") % off
        return _("%(amount)s off any purchase") % off
    worth = _worth(template)
    if not template.threshold:
        return worth
    return _("%(worth)s from %(threshold)s") % {"worth": worth, "threshold": amount_text(template.threshold)}


def _worth(template: Template) -> str:
    pieces = template.pieces or 1
    if template.kind == Kind.PERCENT_OFF:
        text = discount_text(template.factor or Decimal(0))
        if template.cap is None:
            return text
        return _("%(discount)s, at most %(cap)s") % {"discount": text, "cap": amount_text(template.cap)}
    if template.kind == Kind.FIXED_PRICE:
        return ngettext("%(count)s piece for %(price)s", "%(count)s pieces for %(price)s each", pieces) % {
            "count": pieces,
            "price": amount_text(template.price),
        }
    if template.kind == Kind.EXCHANGE:
        return ngettext("%(count)s piece free", "%(count)s pieces free", pieces) % {"count": pieces}
    if template.kind == Kind.NTH_ITEM:
        return _("piece %(number)s %(discount)s") % {
            "number": (template.buy_pieces or 1) + 1,
            "discount": discount_text(template.factor or Decimal(0)),
        }
    if template.kind == Kind.BUY_GET:
        return _("buy %(bought)s, get %(free)s free") % {"bought": template.buy_pieces, "free": pieces}
    if template.kind == Kind.RECHARGE:
        return _("%(amount)s more bonus on a recharge") % {"amount": amount_text(template.amount)}
    if template.kind == Kind.POINTS_MULTIPLE:
        return _("%(multiple)s times the points") % {"multiple": f"{(template.multiple or Decimal(1)).normalize():f}"}
    return ngettext("a free service, %(count)s time", "a free service, %(count)s times", template.uses) % {
        "count": template.uses
    }


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


def summary(
    template: Template, *, store_limits: Mapping[str, int] | None = None, names: Names | None = None
) -> list[str]:
    """Everything that the form decides, one sentence each; the first is the promise. ``store_limits`` by store name."""
    names = names or Names.of(template.scope, template.conditions)
    first = _("%(promise)s, %(validity)s.") % {"promise": promise(template), "validity": validity(template)}
    sentences = [first[:1].upper() + first[1:]]
    if template.kind != Kind.RECHARGE:
        sentences.append(goods(template.scope, names))
    sentences += conditions(template.conditions, names)
    sentences += _together(template)
    sentences += _limits(template, store_limits or {})
    sentences += _ending(template)
    return sentences


def _together(template: Template) -> list[str]:
    if template.kind == Kind.RECHARGE:
        return []
    sentences = [
        {
            (True, True): _("It can be used together with the tier discount and points."),
            (True, False): _("It can be used together with the tier discount, not with points."),
            (False, True): _("It replaces the tier discount and can be used together with points."),
            (False, False): _("It is used alone: without the tier discount and without points."),
        }[template.stacks_with_tier, template.stacks_with_points]
    ]
    if template.base == Template.Base.INITIAL:
        sentences.append(_("It is reckoned from the amount before all coupons."))
    if template.order_limit and template.order_limit > 1:
        sentences.append(_("One order takes up to %(count)s of them.") % {"count": template.order_limit})
    return sentences


def _limits(template: Template, store_limits: Mapping[str, int]) -> list[str]:
    sentences = []
    if template.total_limit is not None:
        sentences.append(_("At most %(count)s coupons are given out.") % {"count": f"{template.total_limit:,}"})
    if template.member_limit is not None:
        sentences.append(_("A member gets at most %(count)s.") % {"count": template.member_limit})
    if template.redeem_limit is not None:
        sentences.append(_("At most %(count)s uses in all.") % {"count": f"{template.redeem_limit:,}"})
    if template.member_day_limit is not None:
        sentences.append(_("A member uses at most %(count)s a day.") % {"count": template.member_day_limit})
    if store_limits:
        stores = listing([f"{name} {limit:,}" for name, limit in store_limits.items()])
        sentences.append(_("Uses per store: %(stores)s.") % {"stores": stores})
    return sentences


def _ending(template: Template) -> list[str]:
    sentences = []
    if not template.returns_on_refund:
        sentences.append(_("It stays used when all goods are returned."))
    elif template.return_grace_days is not None:
        days = template.return_grace_days
        sentences.append(
            ngettext(
                "Given back after its end, it lasts %(days)s more day.",
                "Given back after its end, it lasts %(days)s more days.",
                days,
            )
            % {"days": days}
            if days
            else _("Given back after its end, it stays expired.")
        )
    if template.threshold and template.threshold_break == Template.ThresholdBreak.RECOMPUTE:
        sentences.append(
            _("When returns leave less than %(amount)s, the rest is charged without it.")
            % {"amount": amount_text(template.threshold)}
        )
    if not template.is_usable_while_stopped:
        sentences.append(_("While paused or retired, coupons already given out cannot be used."))
    return sentences


@dataclass(frozen=True)
class Change:
    """One field that differs between two versions, in words."""

    label: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What two versions say differently, field by field in the order of the editor."""
    old, new = _described(before), _described(after)
    return [
        Change(label, old.get(label, pgettext("coupon", "nothing")), new.get(label, pgettext("coupon", "nothing")))
        for label in [*new, *(label for label in old if label not in new)]
        if old.get(label) != new.get(label)
    ]


def _described(terms: Mapping[str, Any]) -> dict[str, str]:
    template = template_of(terms)
    names = Names.of(template.scope, template.conditions)
    yes_no = {True: _("yes"), False: _("no")}
    rows = {
        _("Name"): template.name,
        _("Words for the customer"): template.description,
        _("Kind"): str(template.get_kind_display()),
        _("Promise"): promise(template),
        _("Goods"): goods(template.scope, names),
        _("Conditions"): " ".join(conditions(template.conditions, names)),
        _("Coupon class"): _class_name(str(terms.get("stack_category") or "")),
        _("Order of use"): str(template.priority),
        _("Reckoned from"): str(template.get_base_display()),
        _("Together with the tier discount"): yes_no[template.stacks_with_tier],
        _("Together with points"): yes_no[template.stacks_with_points],
        _("Validity"): validity(template),
        _("Per order"): str(template.order_limit or _("no limit")),
        _("Uses per member and day"): str(template.member_day_limit or _("no limit")),
        _("Given back when all goods are returned"): yes_no[template.returns_on_refund],
        _("Days that a returned one lasts"): _("as the shop's setting")
        if template.return_grace_days is None
        else str(template.return_grace_days),
        _("When goods are returned below the amount"): str(template.get_threshold_break_display()),
    }
    return {label: text for label, text in rows.items() if text}


def _class_name(code: str) -> str:
    return StackCategory.objects.filter(code=code).values_list("name", flat=True).first() or code


def listing(parts: list[str]) -> str:
    """Several things one after the other, with the comma of the language."""
    return pgettext("list", ", ").join(parts)
