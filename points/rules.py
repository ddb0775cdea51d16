"""Exact arithmetic of points: worth, earning, multiples and expiry (rules.md 2). Pure, no Django, no clock."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any
from zoneinfo import ZoneInfo

from core.money import allocate_units, from_cents, to_cents

NEVER = "never"
DAYS = "days"
MONTHS = "months"
MONTH_END = "month_end"
QUARTER_END = "quarter_end"
YEAR_END = "year_end"
EXPIRY_METHODS = (NEVER, DAYS, MONTHS, MONTH_END, QUARTER_END, YEAR_END)

HIGHEST = "max"
ADDED = "add"
MULTIPLIED = "multiply"
MULTIPLE_MODES = (HIGHEST, ADDED, MULTIPLIED)


# What happens with points to be taken back that the member does not have any more (R-P11).
DEBT = "debt"
CHARGE = "charge"
ABSORB = "absorb"
DEBT_POLICIES = (DEBT, CHARGE, ABSORB)

# What a return does to a rule whose order minimum the rest no longer reaches (R-P10).
RECLAIM = "reclaim"
KEEP = "keep"

# The caps of R-P5 by their stable codes: what an entry's ``limited_by`` names.
ORDER = "order"
DAY = "day"
MONTH = "month"
LIFETIME = "lifetime"
BUDGET = "budget"
RULE_ORDER = "rule_order"
RULE_DAY = "rule_day"
RULE_MONTH = "rule_month"
RULE_BUDGET = "rule_budget"
CAPS = (ORDER, DAY, MONTH, LIFETIME, BUDGET, RULE_ORDER, RULE_DAY, RULE_MONTH, RULE_BUDGET)


@dataclass(frozen=True)
class RuleTerms:
    """What a version of a rule says about its goods (R-P2, R-P5). Caps are points, None for none.

    ``budget_left`` is what was left of the version's budget when the terms were read.
    """

    rule_id: int
    version_id: int
    name: str
    per_yuan: Decimal
    order_minimum: Decimal = Decimal(0)
    is_payable: bool = True
    expiry_method: str = ""
    expiry_count: int = 0
    cap_per_order: int | None = None
    cap_per_day: int | None = None
    cap_per_month: int | None = None
    budget_left: int | None = None


@dataclass(frozen=True)
class Caps:
    """The shop's caps of points earned, 0 for none: of an order, of a member, and of the programme in a month."""

    per_order: int = 0
    per_day: int = 0
    per_month: int = 0
    lifetime: int = 0
    budget_per_month: int = 0


@dataclass(frozen=True)
class EarnLine:
    """What was really paid for a line (R-P1) and the rule that counts for it, if any.

    ``factor`` is 0 for goods that earn nothing whatever the rule. Services cannot be brought back, so their points are
    never pending (R-P4).
    """

    base: Decimal
    factor: Decimal = Decimal(1)
    rule: RuleTerms | None = None
    is_service: bool = False


@dataclass(frozen=True)
class EarnTerms:
    """What holds for a whole order: the shop's rate, the one multiple, its caps, and what points are worth."""

    per_yuan: Decimal = Decimal(1)
    multiple: Decimal = Decimal(1)
    caps: Caps = Caps()
    face_points: int = 100
    face_fen: int = 100


@dataclass(frozen=True)
class Room:
    """What the caps leave for an order, by code: of the order whole, and of each rule by its id."""

    order: Mapping[str, int] = field(default_factory=dict)
    by_rule: Mapping[int, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reckoning:
    """Points of an order. ``computed`` is before the caps, ``granted`` after; ``limited_by`` names the cap that cut.

    ``per_line`` sums to ``granted``; ``rules`` are the rules that held, line by line; ``by_rule`` what each rule gave.
    ``snapshot`` is JSON from which :func:`recompute` tells what is left to have earned when goods come back (R-P10).
    """

    computed: int
    granted: int
    limited_by: str
    per_line: tuple[int, ...]
    rules: tuple[RuleTerms | None, ...]
    by_rule: Mapping[int, int]
    snapshot: dict[str, Any]


def value_of(points: int, num: int, den: int) -> Decimal:
    """What points are worth: ``den`` points are ``num`` fen, rounded down to the fen (R-P8)."""
    return from_cents(points * num // den)


def points_for(value: Decimal, num: int, den: int) -> int:
    """The fewest points that are worth ``value`` (R-P8, rounded up)."""
    return -(-to_cents(value) * den // num)


def returned_points(used: int, worth: Decimal, worth_done: Decimal) -> int:
    """How many of the ``used`` points have come back once ``worth_done`` of their ``worth`` was returned (R-P12).

    Rounded down on the whole, never part by part, so that the last part brings all. ValueError for a part above the
    whole.
    """
    if not 0 <= worth_done <= worth or worth <= 0:
        raise ValueError("what was returned is a part of what the points were worth")
    return used * to_cents(worth_done) // to_cents(worth)


def reckon(lines: Sequence[EarnLine], terms: EarnTerms, room: Room | None = None) -> Reckoning:
    """Points of an order: one floor over the exact sum of base x rate x multiple, never one per line (R-P2).

    A rule holds from its order minimum on, counted over the bases of its own lines; below, the shop's rate counts. Each
    cap of a rule cuts what the rule gives, those of the order cut the whole (R-P5); the tightest names itself. The
    whole is split over the rules and then over each rule's lines by largest remainder, so that no rule gets more than
    its caps leave. A negative base is a ValueError.
    """
    room = room or Room()
    held = _rules_that_hold(lines)
    return _reckon(lines, terms, room, held)


def _rules_that_hold(lines: Sequence[EarnLine]) -> frozenset[int]:
    sums: dict[int, Decimal] = {}
    minimums: dict[int, Decimal] = {}
    for line in lines:
        if line.rule is not None:
            sums[line.rule.rule_id] = sums.get(line.rule.rule_id, Decimal(0)) + line.base
            minimums[line.rule.rule_id] = line.rule.order_minimum
    return frozenset(rule_id for rule_id, total in sums.items() if total >= minimums[rule_id])


def _reckon(lines: Sequence[EarnLine], terms: EarnTerms, room: Room, held: frozenset[int]) -> Reckoning:
    rules = tuple(line.rule if line.rule is not None and line.rule.rule_id in held else None for line in lines)
    multiple = Fraction(terms.multiple)
    exact = [
        Fraction(line.base)
        * Fraction(line.factor)
        * Fraction(terms.per_yuan if rule is None else rule.per_yuan)
        * multiple
        for line, rule in zip(lines, rules, strict=True)
    ]
    if any(share < 0 for share in exact):
        raise ValueError("a base must not be negative")
    computed = floor(sum(exact, Fraction(0)))
    groups: dict[int | None, list[int]] = {}
    for index, rule in enumerate(rules):
        groups.setdefault(None if rule is None else rule.rule_id, []).append(index)
    allowed, limited_by = _within_rules(groups, exact, room)
    granted = floor(sum(allowed, Fraction(0)))
    if granted == computed:
        limited_by = ""
    tightest = min(room.order, key=lambda code: room.order[code], default="")
    if tightest and room.order[tightest] < granted:
        granted, limited_by = max(room.order[tightest], 0), tightest
    by_group = dict(zip(groups, _split(granted, allowed), strict=True))
    per_line = [0] * len(lines)
    for rule_id, indexes in groups.items():
        for index, points in zip(indexes, _split(by_group[rule_id], [exact[i] for i in indexes]), strict=True):
            per_line[index] = points
    by_rule = {rule_id: points for rule_id, points in by_group.items() if rule_id is not None}
    return Reckoning(
        computed=computed,
        granted=granted,
        limited_by=limited_by,
        per_line=tuple(per_line),
        rules=rules,
        by_rule=by_rule,
        snapshot=_snapshot(lines, terms, room, held, by_rule),
    )


def _within_rules(
    groups: Mapping[int | None, Sequence[int]], exact: Sequence[Fraction], room: Room
) -> tuple[list[Fraction], str]:
    """What each group of lines may give, and the rule's cap that cut the most."""
    allowed, deepest, limited_by = [], Fraction(0), ""
    for rule_id, indexes in groups.items():
        whole = sum((exact[index] for index in indexes), Fraction(0))
        limits = {} if rule_id is None else room.by_rule.get(rule_id, {})
        tightest = min(limits, key=lambda code: limits[code], default="")
        within = min(whole, Fraction(max(limits[tightest], 0))) if tightest else whole
        if whole - within > deepest:
            deepest, limited_by = whole - within, tightest
        allowed.append(within)
    return allowed, limited_by


def _split(points: int, shares: Sequence[Fraction]) -> list[int]:
    scale = lcm(*(share.denominator for share in shares))
    return allocate_units(points, [int(share * scale) for share in shares])


def _snapshot(
    lines: Sequence[EarnLine], terms: EarnTerms, room: Room, held: frozenset[int], by_rule: Mapping[int, int]
) -> dict[str, Any]:
    rules = {line.rule.rule_id: line.rule for line in lines if line.rule is not None}
    return {
        "per_yuan": str(terms.per_yuan),
        "multiple": str(terms.multiple),
        "face": [terms.face_points, terms.face_fen],
        "lines": [
            {
                "base": str(line.base),
                "factor": str(line.factor),
                "rule": None if line.rule is None else line.rule.rule_id,
            }
            for line in lines
        ],
        "rules": {
            str(rule_id): {
                "version": rule.version_id,
                "name": rule.name,
                "per_yuan": str(rule.per_yuan),
                "minimum": str(rule.order_minimum),
                "held": rule_id in held,
                "limits": dict(room.by_rule.get(rule_id, {})),
            }
            for rule_id, rule in rules.items()
        },
        "limits": dict(room.order),
        "granted": {str(rule_id): points for rule_id, points in by_rule.items() if points},
    }


def recompute(snapshot: Mapping[str, Any], bases: Sequence[Decimal], *, keeps_thresholds: bool = False) -> int:
    """What an order would have earned with only ``bases`` left of its lines: ``f`` of R-P10, by its own snapshot.

    Rates, multiple and what the caps left are those of the sale; nothing is read anew. A rule's order minimum that the
    rest no longer reaches is lost, unless ``keeps_thresholds``. No bases at all mean that nothing remains. ValueError
    where they are not one for each line.
    """
    if not any(bases):
        return 0
    if "lines" not in snapshot:  # kept before rules had scopes: one rate for all
        whole = sum((Fraction(base) for base in bases), Fraction(0))
        return floor(whole * Fraction(snapshot["per_yuan"]) * Fraction(snapshot["multiple"]))
    rules = {
        int(rule_id): RuleTerms(
            rule_id=int(rule_id),
            version_id=kept["version"],
            name=kept["name"],
            per_yuan=Decimal(kept["per_yuan"]),
            order_minimum=Decimal(kept["minimum"]),
        )
        for rule_id, kept in snapshot["rules"].items()
    }
    lines = [
        EarnLine(base, Decimal(kept["factor"]), None if kept["rule"] is None else rules[kept["rule"]])
        for kept, base in zip(snapshot["lines"], bases, strict=True)
    ]
    terms = EarnTerms(per_yuan=Decimal(snapshot["per_yuan"]), multiple=Decimal(snapshot["multiple"]))
    at_sale = frozenset(int(rule_id) for rule_id, kept in snapshot["rules"].items() if kept["held"])
    held = at_sale if keeps_thresholds else _rules_that_hold(lines) & at_sale
    return _reckon(lines, terms, room_of(snapshot), held).granted


def room_of(snapshot: Mapping[str, Any]) -> Room:
    """What the caps had left at the sale that a snapshot was taken of."""
    by_rule = {int(rule_id): kept["limits"] for rule_id, kept in snapshot["rules"].items()}
    return Room(order=snapshot["limits"], by_rule=by_rule)


def combine_multiples(mode: str, tier: Decimal, campaigns: Iterable[Decimal], cap: Decimal) -> Decimal:
    """One multiple out of the tier's and the campaigns' (R-P3): the highest, all extras added, or all multiplied.

    Never above ``cap``. A tier of 5 on a member day of 2 gives 5, 6 or 10. LookupError for an unknown mode.
    """
    multiples = [tier, *campaigns]
    if mode == HIGHEST:
        combined = max(multiples)
    elif mode == ADDED:
        combined = 1 + sum((multiple - 1 for multiple in multiples), Decimal(0))
    elif mode == MULTIPLIED:
        combined = Decimal(1)
        for multiple in multiples:
            combined *= multiple
    else:
        raise LookupError(f"unknown mode {mode!r}")
    return min(combined, cap)


def lot_expiry(method: str, count: int, at: datetime, zone: ZoneInfo) -> datetime | None:
    """The exclusive instant at which points credited at ``at`` stop being spendable, None for never (R-P14).

    The last day is counted in ``zone`` and is valid to its end: ``count`` days on; the same day ``count`` months on
    (31 January + 1 month = the last of February); or the end of the month, quarter or year that lies ``count`` of them
    ahead (0 = the present one). LookupError for an unknown method.
    """
    if method == NEVER:
        return None
    day = at.astimezone(zone).date()
    if method == DAYS:
        last = day + timedelta(days=count)
    elif method == MONTHS:
        last = _in_month(day.year, day.month + count, day.day)
    elif method == MONTH_END:
        last = _in_month(day.year, day.month + count, 31)
    elif method == QUARTER_END:
        last = _in_month(day.year, ceil(Fraction(day.month, 3)) * 3 + 3 * count, 31)
    elif method == YEAR_END:
        last = date(day.year + count, 12, 31)
    else:
        raise LookupError(f"unknown expiry method {method!r}")
    return datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone)


def _in_month(year: int, month: int, day: int) -> date:
    """The day of a month counted on from January of ``year``, clamped to the month's last day."""
    ahead, index = divmod(month - 1, 12)
    last = calendar.monthrange(year + ahead, index + 1)[1]
    return date(year + ahead, index + 1, min(day, last))
