"""What is done to recharge plans."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

import coupons.selectors
from core import audit
from core.errors import DomainError
from gifts.models import PlanCoupon, PlanItem, RechargePlan
from gifts.selectors import get_terms
from stores.models import Staff, Store


class InvalidPlan(DomainError):
    """The plan contradicts itself or another one."""


@dataclass(frozen=True)
class Gift:
    """Something to hand over: a product of the catalogue, or a text for what has no article number."""

    quantity: Decimal
    product_id: int | None = None
    text: str = ""


#: What a form can change; ``sold_count`` belongs to the packages, ``version`` to this service.
_FIELDS = (
    "name",
    "amount",
    "bonus",
    "points",
    "growth",
    "bonus_days",
    "member_limit",
    "daily_limit",
    "total_limit",
    "is_first_only",
    "starts_on",
    "ends_on",
    "position",
    "is_active",
)


@transaction.atomic
def save_plan(
    *,
    plan: RechargePlan,
    stores: Iterable[Store],
    actor: Staff | None,
    at: datetime,
    coupon_counts: Mapping[int, int] | None = None,
    gifts: Sequence[Gift] = (),
) -> RechargePlan:
    """Create or change a plan with all that it gives and the stores that offer it (none: every store).

    ``coupon_counts`` is how many coupons of which template. An audit row keeps both versions; a change raises
    ``version``. InvalidPlan where something makes no sense, the name is taken, or more were sold than the new limit.
    """
    stored = None if plan.pk is None else RechargePlan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    _check(plan, 0 if stored is None else stored.sold_count)
    counts = coupon_counts or {}
    _check_parts(counts, gifts)
    before = None if stored is None else _facts(stored)
    try:
        with transaction.atomic():
            if stored is None:
                plan.save()
            else:
                plan.version, plan.sold_count = stored.version + 1, stored.sold_count
                plan.save(update_fields=[*_FIELDS, "version"])
    except IntegrityError as error:
        raise InvalidPlan(_("Another plan has this name.")) from error
    plan.stores.set(stores)
    _replace_parts(plan, counts, gifts)
    audit.record(
        "recharge_plan.created" if before is None else "recharge_plan.changed",
        actor=actor,
        subject=f"recharge_plan:{plan.pk}",
        at=at,
        before=before,
        after=_facts(plan),
    )
    return plan


def _replace_parts(plan: RechargePlan, counts: Mapping[int, int], gifts: Sequence[Gift]) -> None:
    PlanCoupon.objects.filter(plan=plan).delete()
    PlanItem.objects.filter(plan=plan).delete()
    PlanCoupon.objects.bulk_create(
        [PlanCoupon(plan=plan, template_id=template_id, count=count) for template_id, count in sorted(counts.items())]
    )
    PlanItem.objects.bulk_create(
        [PlanItem(plan=plan, product_id=gift.product_id, text=gift.text, quantity=gift.quantity) for gift in gifts]
    )


def _check(plan: RechargePlan, sold: int) -> None:
    if plan.amount <= 0 or plan.bonus < 0:
        raise InvalidPlan(_("The amount to pay must be above 0 and the bonus not below."))
    if plan.bonus > plan.amount:
        raise InvalidPlan(_("The bonus is larger than the amount to pay."))
    if plan.starts_on and plan.ends_on and plan.starts_on > plan.ends_on:
        raise InvalidPlan(_("The last day is before the first."))
    if any(limit == 0 for limit in (plan.member_limit, plan.daily_limit, plan.total_limit)):
        raise InvalidPlan(_("A limit is at least 1; leave it empty for no limit."))
    if plan.member_limit and plan.daily_limit and plan.daily_limit > plan.member_limit:
        raise InvalidPlan(_("More per day than in all makes no sense."))
    if plan.total_limit is not None and plan.total_limit < sold:
        raise InvalidPlan(_("%(sold)s packages are sold already; the limit cannot be lower.") % {"sold": sold})


def _check_parts(counts: Mapping[int, int], gifts: Sequence[Gift]) -> None:
    if any(not 1 <= count <= 20 for count in counts.values()):
        raise InvalidPlan(_("A plan gives 1 to 20 coupons of a kind."))
    if set(counts) - set(coupons.selectors.get_templates(counts)):
        raise InvalidPlan(_("One of the coupons does not exist."))
    if any(gift.quantity <= 0 or (gift.product_id is None) == (not gift.text.strip()) for gift in gifts):
        raise InvalidPlan(_("A gift needs goods or a name, and a quantity above 0."))


def _facts(plan: RechargePlan) -> dict[str, object]:
    # Read again: what the caller's instance has cached may be older than what was just written.
    fresh = RechargePlan.objects.get(pk=plan.pk)
    return {
        **get_terms(fresh).snapshot(),
        "member_limit": fresh.member_limit,
        "daily_limit": fresh.daily_limit,
        "total_limit": fresh.total_limit,
        "is_first_only": fresh.is_first_only,
        "starts_on": fresh.starts_on,
        "ends_on": fresh.ends_on,
        "position": fresh.position,
        "is_active": fresh.is_active,
        "stores": sorted(fresh.stores.values_list("code", flat=True)),
    }
