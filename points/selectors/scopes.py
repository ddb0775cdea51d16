"""Rules as people see them: their versions and status, what changed between two, and which rules overlap."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from catalog.models import Product
from catalog.selectors import CategoryTree, get_category_tree
from points.models import Rule, RuleVersion
from points.rules import RuleTerms
from points.selectors.earning import RuleBook

COMPARED = (
    "per_yuan",
    "is_payable",
    "order_minimum",
    "expiry_method",
    "expiry_count",
    "cap_per_order",
    "cap_per_day",
    "cap_per_month",
    "budget",
)
STATUSES = ("active", "scheduled", "draft", "retired")


@dataclass(frozen=True)
class RuleState:
    """A rule with its versions, newest first, as they stand at an instant."""

    rule: Rule
    at: datetime
    versions: tuple[RuleVersion, ...]

    def _first(self, status: str) -> RuleVersion | None:
        return next((version for version in self.versions if version.status_at(self.at) == status), None)

    @property
    def active(self) -> RuleVersion | None:
        """The version in force."""
        return self._first("active")

    @property
    def scheduled(self) -> RuleVersion | None:
        """The version that waits for its start."""
        return self._first("scheduled")

    @property
    def draft(self) -> RuleVersion | None:
        """The version that is being written."""
        return self._first("draft")

    @property
    def status(self) -> str:
        """The rule's own: the most alive of its versions."""
        found = {version.status_at(self.at) for version in self.versions}
        return next((status for status in STATUSES if status in found), "draft")

    @property
    def shown(self) -> RuleVersion:
        """The version that says best what the rule is about now."""
        return self.active or self.scheduled or self.draft or self.versions[0]


@dataclass(frozen=True)
class Overlap:
    """Another rule for some of the same goods, and whether ours or that one counts for them."""

    rule: Rule
    wins: bool


def _with_versions() -> Any:
    versions = RuleVersion.objects.select_related("created_by").order_by("-number")
    return Rule.objects.select_related("category", "brand", "product").prefetch_related(
        Prefetch("versions", queryset=versions)
    )


def list_rule_states(*, at: datetime, status: str = "") -> list[RuleState]:
    """Every rule by name, those of one status where it is given; two statements."""
    states = [RuleState(rule, at, tuple(rule.versions.all())) for rule in _with_versions().order_by("name")]
    return [state for state in states if not status or state.status == status]


def get_rule_state(rule_id: int, *, at: datetime) -> RuleState:
    """One rule; Rule.DoesNotExist. Two statements."""
    rule = _with_versions().get(pk=rule_id)
    return RuleState(rule, at, tuple(rule.versions.all()))


def differences(newer: RuleVersion, older: RuleVersion | None) -> list[tuple[str, Any, Any]]:
    """Field, value before and value after of what differs between two versions."""
    if older is None:
        return []
    pairs = [(name, getattr(older, name), getattr(newer, name)) for name in COMPARED]
    return [(name, before, after) for name, before, after in pairs if before != after]


def list_overlaps(rule: Rule, *, at: datetime) -> list[Overlap]:
    """Rules in force or scheduled that are about some of the same goods (R-P2): product before the deeper category
    before brand. A category and a brand overlap where a product is in both. At most five statements.
    """
    others = [
        state.rule
        for state in list_rule_states(at=at)
        if state.rule.pk != rule.pk and (state.active is not None or state.scheduled is not None)
    ]
    if not others:
        return []
    tree = get_category_tree()
    pairs = _brands_in_categories([rule, *others])
    found = []
    for other in others:
        first, second = sorted((rule, other), key=_rank)
        if _share_goods(first, second, tree, pairs):
            found.append(Overlap(other, _beats(rule, other, tree)))
    return found


def _rank(rule: Rule) -> int:
    return 0 if rule.product_id else 1 if rule.category_id else 2


def _brands_in_categories(rules: Iterable[Rule]) -> set[tuple[int, int]]:
    """Category and brand of every product of a brand that has a rule."""
    brands = {rule.brand_id for rule in rules if rule.brand_id}
    if not brands:
        return set()
    rows = Product.objects.filter(brand_id__in=brands, category_id__isnull=False, is_active=True)
    return set(rows.values_list("category_id", "brand_id").distinct())


def _share_goods(first: Rule, second: Rule, tree: CategoryTree, pairs: set[tuple[int, int]]) -> bool:
    """``first`` is the narrower kind of scope."""
    if first.product is not None:
        if second.product_id:
            return False
        if second.category_id:
            return first.product.category_id in tree.below(second.category_id)
        return first.product.brand_id is not None and first.product.brand_id == second.brand_id
    if first.category_id and second.category_id:
        return second.category_id in tree.below(first.category_id) or first.category_id in tree.below(
            second.category_id
        )
    if first.category_id:
        below = set(tree.below(first.category_id))
        return any(category in below and brand == second.brand_id for category, brand in pairs)
    return False


def _beats(rule: Rule, other: Rule, tree: CategoryTree) -> bool:
    if _rank(rule) != _rank(other):
        return _rank(rule) < _rank(other)
    return bool(rule.category_id and other.category_id) and rule.category_id in tree.below(other.category_id or 0)


def with_rule(book: RuleBook, terms: RuleTerms, rule: Rule) -> RuleBook:
    """The rules in force as they would be with ``terms`` for the scope of ``rule``; one statement."""
    tree = get_category_tree()
    parents = {child.pk: above for above, children in tree.children.items() for child in children}
    by_product, by_category, by_brand = dict(book.by_product), dict(book.by_category), dict(book.by_brand)
    if rule.product_id:
        by_product[rule.product_id] = terms
    if rule.category_id:
        by_category[rule.category_id] = terms
    if rule.brand_id:
        by_brand[rule.brand_id] = terms
    return RuleBook(by_product, by_category, by_brand, parents)
