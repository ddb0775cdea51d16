"""Which coupons may be used together (R-K6): classes, their limits and pairs, the order's maximum. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from coupons.rules.refusals import Refusal
from coupons.rules.terms import CouponTerms


@dataclass(frozen=True)
class StackClass:
    """A class of coupons: ``order_limit`` of it in one order; an exclusive one only alone."""

    code: str
    name: str = ""
    is_exclusive: bool = False
    order_limit: int = 1


@dataclass(frozen=True)
class Stacking:
    """The shop's matrix. ``pairs`` are the codes of two different classes that go together; one not named does not."""

    per_order: int = 3
    classes: Mapping[str, StackClass] = field(default_factory=dict)
    pairs: frozenset[frozenset[str]] = frozenset()

    def find(self, code: str) -> StackClass:
        """The class of a code; one that is not known takes one coupon and goes with nothing else."""
        return self.classes.get(code) or StackClass(code)


def why_not_with(terms: CouponTerms, others: Collection[CouponTerms], stacking: Stacking) -> Refusal | None:
    """The first reason why a coupon cannot join ``others``: ``not_together`` with whom, or ``order_full``."""
    own = stacking.find(terms.stack_category)
    same_class, same_template = [], []
    for other in others:
        if own.is_exclusive or stacking.find(other.stack_category).is_exclusive:
            return Refusal("not_together", other=other.name)
        if other.stack_category == terms.stack_category:
            same_class.append(other)
        elif frozenset((own.code, other.stack_category)) not in stacking.pairs:
            return Refusal("not_together", other=other.name)
        if other.template_id == terms.template_id:
            same_template.append(other)
    limits = [limit for one in (terms, *same_template) for limit in (one.order_limit, one.room) if limit is not None]
    if same_template and limits and len(same_template) >= min(limits):
        return Refusal("not_together", other=same_template[0].name)
    if len(same_class) >= own.order_limit:
        return Refusal("not_together", other=same_class[0].name)
    if len(others) >= stacking.per_order:
        return Refusal("order_full")
    return None
