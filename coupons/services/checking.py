"""What is wrong with the terms of a template, field by field: the editor shows it beside the field."""

import re
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from core.money import ZERO
from coupons.models import Template

Kind = Template.Kind

#: Which columns each kind uses; the others are emptied.
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    Kind.AMOUNT_OFF: ("amount",),
    Kind.PERCENT_OFF: ("factor", "cap"),
    Kind.FIXED_PRICE: ("price", "pieces"),
    Kind.EXCHANGE: ("pieces",),
    Kind.NTH_ITEM: ("buy_pieces", "factor"),
    Kind.BUY_GET: ("buy_pieces", "pieces"),
    Kind.RECHARGE: ("amount",),
    Kind.POINTS_MULTIPLE: ("multiple",),
    Kind.VOUCHER: ("uses",),
}
OF_KINDS: Final = ("amount", "factor", "cap", "price", "pieces", "buy_pieces", "multiple")
SCOPE: Final = ("products", "categories", "brands", "not_products", "not_categories", "not_brands")
CONDITIONS: Final = (
    "stores",
    "channels",
    "weekdays",
    "from_time",
    "to_time",
    "tiers",
    "tags",
    "first_order",
    "birthday_days",
)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def tidy(template: Template) -> None:
    """Empty what the kind and the validity do not use, and what asks nothing, so that equal terms are written alike."""
    used = FIELDS.get(template.kind, ())
    for name in OF_KINDS:
        if name not in used:
            setattr(template, name, None)
    if template.kind != Kind.VOUCHER:
        template.uses = 1
    if template.kind == Kind.RECHARGE:
        template.scope = {}
    template.scope = {name: sorted(template.scope[name]) for name in SCOPE if template.scope.get(name)}
    given = template.conditions
    template.conditions = {name: given[name] for name in CONDITIONS if given.get(name) not in (None, "", [], False)}
    if template.validity == Template.Validity.DAYS:
        template.starts_on = template.through_on = None
    else:
        template.valid_days, template.starts_next_day = None, False


def find_problems(template: Template) -> list[tuple[str, str]]:
    """Pairs of a field and what is wrong with it, in the order of the editor; nothing for terms that hold."""
    return [*_of_kind(template), *_of_use(template), *_of_validity(template), *_of_limits(template)]


def _of_kind(template: Template) -> list[tuple[str, str]]:
    if template.kind not in Kind.values:
        return [("kind", _("Choose a kind."))]
    checks: dict[str, tuple[bool, str]] = {
        "amount": (_above(template.amount), _("The amount must be more than zero.")),
        "factor": (_share(template.factor), _("The part to pay must be from 0 to less than all of it.")),
        "cap": (template.cap is None or template.cap > ZERO, _("The most it takes off must be more than zero.")),
        "price": (
            template.price is not None and template.price >= ZERO,
            _("Say the price; 0 gives the goods for nothing."),
        ),
        "pieces": (_count(template.pieces), _("Say how many pieces.")),
        "buy_pieces": (_count(template.buy_pieces), _("Say how many pieces must be bought.")),
        "multiple": (
            template.multiple is not None and template.multiple > 1,
            _("The multiple must be more than 1."),
        ),
        "uses": (_count(template.uses), _("Say how often the voucher can be used.")),
    }
    found = [(name, checks[name][1]) for name in FIELDS[template.kind] if not checks[name][0]]
    if template.threshold < ZERO:
        found.append(("threshold", _("The threshold cannot be negative.")))
    return found


def _above(amount: Decimal | None) -> bool:
    return amount is not None and amount > ZERO


def _share(factor: Decimal | None) -> bool:
    return factor is not None and 0 <= factor < 1


def _count(pieces: int | None) -> bool:
    return pieces is not None and pieces >= 1


def _of_use(template: Template) -> list[tuple[str, str]]:
    scope: dict[str, Any] = template.scope
    found = [
        (f"not_{name}", _("The same cannot be both included and excluded."))
        for name in SCOPE[:3]
        if set(scope.get(name) or ()) & set(scope.get(f"not_{name}") or ())
    ]
    conditions: dict[str, Any] = template.conditions
    first, last = conditions.get("from_time"), conditions.get("to_time")
    for name, text in (("from_time", first), ("to_time", last)):
        if text and not _TIME.fullmatch(str(text)):
            found.append((name, _("Enter a time such as 14:30.")))
    if bool(first) != bool(last):
        found.append(("to_time" if first else "from_time", _("Say both the first and the last time.")))
    elif first and first == last:
        found.append(("to_time", _("The time of day must not be empty.")))
    return found


def _of_validity(template: Template) -> list[tuple[str, str]]:
    if template.validity == Template.Validity.DAYS:
        return [] if template.valid_days else [("valid_days", _("Say for how many days the coupon is valid."))]
    missing = [name for name in ("starts_on", "through_on") if getattr(template, name) is None]
    if missing:
        return [(name, _("Fill this in for fixed dates.")) for name in missing]
    if template.starts_on and template.through_on and template.through_on < template.starts_on:
        return [("through_on", _("The last day is before the first."))]
    return []


def _of_limits(template: Template) -> list[tuple[str, str]]:
    names = ("total_limit", "member_limit", "redeem_limit", "member_day_limit", "order_limit")
    return [(name, _("At least 1, or empty.")) for name in names if getattr(template, name) == 0]
