"""What earning needs to know: the rules in force for goods, and what the caps leave a member (R-P2, R-P5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

import catalog.selectors
from core import days
from points import rules
from points.models import Budget, RuleVersion
from points.rules import Caps, Room, RuleTerms

_LIMITS: dict[str, Any] = {
    rules.ORDER: _("limit per order"),
    rules.DAY: _("daily limit"),
    rules.MONTH: _("monthly limit"),
    rules.LIFETIME: _("limit in all"),
    rules.BUDGET: _("points budget of the month"),
    rules.RULE_ORDER: _("limit per order for these goods"),
    rules.RULE_DAY: _("daily limit for these goods"),
    rules.RULE_MONTH: _("monthly limit for these goods"),
    rules.RULE_BUDGET: _("points budget for these goods"),
    "absorbed": _("the rest was written off"),
    "charged": _("the rest was kept off the refund in money"),
}


def explain_limit(code: str) -> str:
    """Why an entry came to fewer points than computed, in words; its code where it has none."""
    return str(_LIMITS.get(code, code))


@dataclass(frozen=True)
class RuleBook:
    """The rules in force at an instant, by what they are about."""

    by_product: Mapping[int, RuleTerms] = field(default_factory=dict)
    by_category: Mapping[int, RuleTerms] = field(default_factory=dict)
    by_brand: Mapping[int, RuleTerms] = field(default_factory=dict)
    parents: Mapping[int, int | None] = field(default_factory=dict)

    def find(self, *, product_id: int, category_id: int | None, brand_id: int | None) -> RuleTerms | None:
        """The most specific rule of a product: its own, its deepest category's, its brand's; None for the shop's.

        A rule of a category holds for everything below it (R-P2).
        """
        found = self.by_product.get(product_id)
        if found is not None:
            return found
        for category in self._path(category_id):
            if category in self.by_category:
                return self.by_category[category]
        return None if brand_id is None else self.by_brand.get(brand_id)

    def _path(self, category_id: int | None) -> Iterator[int]:
        while category_id is not None:
            yield category_id
            category_id = self.parents.get(category_id)


def get_rule_book(*, at: datetime) -> RuleBook:
    """The rules in force at an instant: one statement, two where a category has a rule, none per product."""
    in_force = (
        RuleVersion.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), starts_at__lte=at)
        .select_related("rule")
        .order_by("number")
    )
    book = RuleBook({}, {}, {}, {})
    scopes: tuple[tuple[str, Any], ...] = (
        ("product_id", book.by_product),
        ("category_id", book.by_category),
        ("brand_id", book.by_brand),
    )
    for version in in_force:
        for name, terms in scopes:
            scope_id = getattr(version.rule, name)
            if scope_id is not None:
                terms[scope_id] = _terms(version)
    if not book.by_category:
        return book
    tree = catalog.selectors.get_category_tree()
    parents = {child.pk: above for above, children in tree.children.items() for child in children}
    return RuleBook(book.by_product, book.by_category, book.by_brand, parents)


def _terms(version: RuleVersion) -> RuleTerms:
    return RuleTerms(
        rule_id=version.rule_id,
        version_id=version.pk,
        name=version.rule.name,
        per_yuan=version.per_yuan,
        order_minimum=version.order_minimum,
        is_payable=version.is_payable,
        expiry_method=version.expiry_method,
        expiry_count=version.expiry_count,
        cap_per_order=version.cap_per_order,
        cap_per_day=version.cap_per_day,
        cap_per_month=version.cap_per_month,
        budget_left=version.budget_left,
    )


def budget_month(at: datetime) -> date:
    """The month of the programme's budget that an instant counts to."""
    return days.month_start(days.local_day(at))


def granted_in_month(*, at: datetime) -> int:
    """What was granted of the programme's budget in the month of ``at``; counted from the day that has a budget."""
    return Budget.objects.filter(month=budget_month(at)).values_list("granted", flat=True).first() or 0


def get_room(*, member_id: int, terms: Iterable[RuleTerms], caps: Caps, at: datetime) -> Room:
    """What the caps leave a member at ``at``: no statement where there are none, two at most. For looking at; a sale
    reads it under the locks.
    """
    left = caps.budget_per_month - granted_in_month(at=at) if caps.budget_per_month else None
    return build_room(
        member_id=member_id,
        terms=terms,
        caps=caps,
        at=at,
        budget_left=left,
        rule_budgets={},
    )


def build_room(
    *,
    member_id: int,
    terms: Iterable[RuleTerms],
    caps: Caps,
    at: datetime,
    budget_left: int | None,
    rule_budgets: Mapping[int, int],
) -> Room:
    """The room of :func:`get_room` with budgets that the caller has read; ``rule_budgets`` by version come before those
    in the terms.

    Days and months are the shop's. What was earned counts as it was credited: points that were taken back later do not
    make room for other orders (R-P10).
    """
    terms = list(terms)
    capped = [one for one in terms if one.cap_per_day is not None or one.cap_per_month is not None]
    earned: dict[int | None, tuple[int, int, int]] = {}
    if caps.per_day or caps.per_month or caps.lifetime or capped:
        earned = _earned(member_id, at, is_lifetime=bool(caps.lifetime))
    day, month, lifetime = earned.get(None, (0, 0, 0))
    order: dict[str, int | None] = {
        rules.ORDER: caps.per_order or None,
        rules.DAY: caps.per_day - day if caps.per_day else None,
        rules.MONTH: caps.per_month - month if caps.per_month else None,
        rules.LIFETIME: caps.lifetime - lifetime if caps.lifetime else None,
        rules.BUDGET: budget_left,
    }
    by_rule: dict[int, dict[str, int]] = {}
    for one in terms:
        day, month, _lifetime = earned.get(one.rule_id, (0, 0, 0))
        by_rule[one.rule_id] = _limits(
            {
                rules.RULE_ORDER: one.cap_per_order,
                rules.RULE_DAY: None if one.cap_per_day is None else one.cap_per_day - day,
                rules.RULE_MONTH: None if one.cap_per_month is None else one.cap_per_month - month,
                rules.RULE_BUDGET: rule_budgets.get(one.version_id, one.budget_left),
            }
        )
    return Room(_limits(order), by_rule)


def _limits(left: Mapping[str, int | None]) -> dict[str, int]:
    return {code: max(points, 0) for code, points in left.items() if points is not None}


def _earned(member_id: int, at: datetime, *, is_lifetime: bool) -> dict[int | None, tuple[int, int, int]]:
    """What the member has earned on the day, in the month and (where asked for) ever: in all, and by rule."""
    today = days.local_day(at)
    with connection.cursor() as cursor:
        cursor.execute(
            _EARNED,
            {
                "member": member_id,
                "since": None if is_lifetime else days.start_of(days.month_start(today)),
                "day": days.start_of(today),
                "day_end": days.end_of(today),
                "month": days.start_of(days.month_start(today)),
                "month_end": days.end_of(days.month_end(today)),
            },
        )
        rows = cursor.fetchall()
    return {None if rule_id is None else int(rule_id): (day, month, ever) for rule_id, day, month, ever in rows}


_EARNED = """
WITH earned AS (
  SELECT points - debt AS points, rule, occurred_at FROM points_entry
   WHERE account_id = %(member)s AND kind = 'earn'
     AND (%(since)s::timestamptz IS NULL OR occurred_at >= %(since)s)
), parts AS (
  SELECT NULL AS rule_id, points, occurred_at FROM earned
  UNION ALL
  SELECT part.key, part.value::bigint, occurred_at FROM earned, jsonb_each_text(earned.rule -> 'granted') part
)
SELECT rule_id,
       COALESCE(SUM(points) FILTER (WHERE occurred_at >= %(day)s AND occurred_at < %(day_end)s), 0)::bigint,
       COALESCE(SUM(points) FILTER (WHERE occurred_at >= %(month)s AND occurred_at < %(month_end)s), 0)::bigint,
       COALESCE(SUM(points), 0)::bigint
  FROM parts GROUP BY rule_id
"""
