"""Registry of facts about members and the compiler of rules over them (architecture.md 2.2).

A fact is an SQL expression over ``members.Member``, never a per-member function: one rule is one statement however
many members there are. The app that owns the data registers the fact; this module knows no app.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Expression, F, Q
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Param:
    """A parameter of a fact, from which the rule form is built (``days`` of a window, ``store`` ...)."""

    name: str
    label: Any
    default: int | str
    minimum: int = 1
    maximum: int = 3660


@dataclass(frozen=True)
class Fact:
    """What can be asked of a member. ``kind`` is ``integer``, ``money``, ``choice``, ``date`` or ``boolean``."""

    code: str
    label: Any
    kind: str
    expression: Callable[[datetime, Params], Expression | F]
    params: tuple[Param, ...] = field(default=())
    choices: Callable[[], list[tuple[str, str]]] | None = None


OPERATORS: dict[str, Any] = {
    "eq": _("is"),
    "ne": _("is not"),
    "gte": _("at least"),
    "gt": _("more than"),
    "lte": _("at most"),
    "lt": _("less than"),
    "in": _("is one of"),
    "empty": _("is empty"),
}
# What can be compared in which way: an order of choices or of yes and no would mean nothing.
_COMPARISONS = {
    "choice": ("eq", "ne", "in", "empty"),
    "boolean": ("eq", "empty"),
    "date": ("gte", "lte", "gt", "lt", "eq", "ne", "empty"),
    "integer": ("gte", "lte", "gt", "lt", "eq", "ne", "in", "empty"),
    "money": ("gte", "lte", "gt", "lt", "eq", "ne", "empty"),
}
JOINTS = ("all", "any", "none")
_DEPTH = 5
_CONDITIONS = 50
_facts: dict[str, Fact] = {}


class InvalidRule(DomainError):
    """The rule names a fact, operator or value that does not exist or does not fit."""


def register(*facts: Fact) -> None:
    """Offer facts, in ``ready()`` of the app that owns the data."""
    for fact in facts:
        _facts[fact.code] = fact


def all_facts() -> dict[str, Fact]:
    """Every registered fact by code."""
    return dict(_facts)


def get_fact(code: str) -> Fact:
    """One fact; InvalidRule if nobody registered it."""
    try:
        return _facts[code]
    except KeyError:
        raise InvalidRule(_("There is no such condition: %(code)s.") % {"code": code}) from None


def operators_for(fact: Fact) -> dict[str, Any]:
    """The comparisons that make sense for a fact's kind, with their labels."""
    return {operator: OPERATORS[operator] for operator in _COMPARISONS[fact.kind]}


def validate(node: Any, *, depth: int = 1) -> None:
    """Check a rule tree: ``{"all"|"any"|"none": [node...]}`` or ``{"fact", "op", "value", "params"}``.

    InvalidRule where it names what does not exist or does not fit. At most 5 groups inside each other and 50
    conditions in a group.
    """
    if not isinstance(node, dict):
        raise InvalidRule(_("The rule is not complete."))
    for joint in JOINTS:
        if joint in node:
            children = node[joint]
            if not isinstance(children, list) or not children:
                raise InvalidRule(_("A group needs at least one condition."))
            if len(children) > _CONDITIONS or depth > _DEPTH:
                raise InvalidRule(_("The rule has too many conditions."))
            for child in children:
                validate(child, depth=depth + 1)
            return
    fact = get_fact(str(node.get("fact", "")))
    _typed(fact, str(node.get("op", "")), node.get("value"))
    _params(fact, node.get("params") or {})


def compile_rule(node: dict[str, Any], now: datetime) -> tuple[dict[str, Any], Q]:
    """Turn a valid rule into annotations and a condition for one ``Member`` query.

    NULL semantics (R-G3): an unknown value satisfies no comparison, also under NOT; only ``empty`` does.
    """
    annotations: dict[str, Any] = {}
    condition = _compile(node, now, annotations, negated=False)
    return annotations, condition


def _compile(node: dict[str, Any], now: datetime, annotations: dict[str, Any], *, negated: bool) -> Q:
    """NOT is carried down to the single comparisons, because only there "unknown" can be kept out of it."""
    for joint in JOINTS:
        if joint in node:
            inner = negated != (joint == "none")
            parts = [_compile(child, now, annotations, negated=inner) for child in node[joint]]
            # De Morgan: a negated "all" is any of the negated parts.
            return reduce(and_ if (joint == "all") != inner else or_, parts)
    return _comparison(node, now, annotations, negated=negated)


def _comparison(node: dict[str, Any], now: datetime, annotations: dict[str, Any], *, negated: bool) -> Q:
    fact = get_fact(node["fact"])
    params = _params(fact, node.get("params") or {})
    alias = f"fact_{len(annotations)}"
    annotations[alias] = fact.expression(now, params)
    operator, value = node["op"], _typed(fact, node["op"], node.get("value"))
    if operator == "empty":
        return Q(**{f"{alias}__isnull": bool(value) != negated})
    # SQL compares NULL to nothing, NOT (NULL > 1) included; a second "is not null" would compute the fact twice.
    holds = Q(**{alias if operator in {"eq", "ne"} else f"{alias}__{operator}": value})
    return ~holds if negated != (operator == "ne") else holds


def _params(fact: Fact, given: Params) -> dict[str, Any]:
    unknown = set(given) - {param.name for param in fact.params}
    if unknown:
        raise InvalidRule(_("The condition %(fact)s takes no such parameter.") % {"fact": fact.label})
    result: dict[str, Any] = {}
    for param in fact.params:
        value = given.get(param.name, param.default)
        if isinstance(param.default, int):
            value = _whole(fact, value)
            if not param.minimum <= value <= param.maximum:
                raise InvalidRule(
                    _("%(label)s must be between %(minimum)s and %(maximum)s.")
                    % {"label": param.label, "minimum": param.minimum, "maximum": param.maximum}
                )
        result[param.name] = value
    return result


def _whole(fact: Fact, value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise InvalidRule(_("%(fact)s needs a whole number.") % {"fact": fact.label}) from None


def _typed(fact: Fact, operator: str, value: Any) -> Any:
    if operator not in operators_for(fact):
        raise InvalidRule(_("%(fact)s cannot be compared like this.") % {"fact": fact.label})
    if operator == "empty":
        return value in (True, "true", "True", "1", 1)
    if operator == "in":
        values = value if isinstance(value, list) else [part.strip() for part in str(value or "").split(",")]
        if not values or len(values) > 200:
            raise InvalidRule(_("%(fact)s needs a value.") % {"fact": fact.label})
        return [_single(fact, part) for part in values]
    return _single(fact, value)


def _single(fact: Fact, value: Any) -> Any:
    if value is None or value == "":
        raise InvalidRule(_("%(fact)s needs a value.") % {"fact": fact.label})
    if fact.kind == "integer":
        return _whole(fact, value)
    if fact.kind == "money":
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise InvalidRule(_("%(fact)s needs an amount.") % {"fact": fact.label}) from None
        if not number.is_finite():
            raise InvalidRule(_("%(fact)s needs an amount.") % {"fact": fact.label})
        return number
    if fact.kind == "boolean":
        return value in (True, "true", "True", "1", 1)
    if fact.kind == "date":
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 (a calendar day has no zone)
        except ValueError:
            raise InvalidRule(_("%(fact)s needs a date like 2026-03-01.") % {"fact": fact.label}) from None
    if fact.choices is not None and str(value) not in {code for code, _label in fact.choices()}:
        raise InvalidRule(_("%(fact)s has no such choice: %(value)s.") % {"fact": fact.label, "value": value})
    return str(value)
