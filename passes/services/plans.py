"""What is done to pass plans, and the record of downloads."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from catalog.models import Product
from core import audit
from passes.models import Plan
from passes.services.posting import InvalidPlan
from stores.models import Staff, Store


@transaction.atomic
def save_plan(
    *, plan: Plan, products: Iterable[Product], stores: Iterable[Store], actor: Staff | None, at: datetime
) -> Plan:
    """Create or change a plan with its goods and stores (none: every store), with an audit row of both versions.

    InvalidPlan where it makes no sense or the name is taken. Passes that were sold keep what was agreed.
    """
    products = list(products)
    _check(plan, products)
    stored = None if plan.pk is None else Plan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    before = None if stored is None else _facts(stored)
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError as error:
        raise InvalidPlan(_("Another plan has this name.")) from error
    plan.products.set(products)
    plan.stores.set(stores)
    audit.record(
        "pass_plan.created" if before is None else "pass_plan.changed",
        actor=actor,
        subject=f"pass_plan:{plan.pk}",
        at=at,
        before=before,
        after=_facts(plan),
    )
    return plan


def create_plan(
    *, products: Iterable[Product], stores: Iterable[Store], actor: Staff | None, at: datetime, **fields: Any
) -> Plan:
    """A new plan from its fields, for apps that do not know the model; see :func:`save_plan`."""
    return save_plan(plan=Plan(**fields), products=products, stores=stores, actor=actor, at=at)


def _check(plan: Plan, products: list[Product]) -> None:
    if not products:
        raise InvalidPlan(_("Choose what the pass is for."))
    if any(product.is_weighed for product in products):
        raise InvalidPlan(_("What is sold by weight cannot be counted by uses."))
    if plan.price <= 0 or plan.unit_list_price <= 0:
        raise InvalidPlan(_("Both prices must be above 0."))
    if plan.is_unlimited and plan.valid_days is None:
        raise InvalidPlan(_("A pass without a number of uses needs a number of days."))
    if not plan.is_unlimited and plan.paid_uses < 1:
        raise InvalidPlan(_("Say how many uses are paid."))
    if not plan.is_unlimited and plan.price > plan.unit_list_price * plan.paid_uses:
        raise InvalidPlan(_("The pass costs more than its uses do one by one."))
    if plan.starts_on and plan.ends_on and plan.starts_on > plan.ends_on:
        raise InvalidPlan(_("The last day is before the first."))


def _facts(plan: Plan) -> dict[str, Any]:
    return {
        **plan.snapshot(),
        "is_shareable": plan.is_shareable,
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "position": plan.position,
        "is_active": plan.is_active,
        "products": sorted(plan.products.values_list("sku", flat=True)),
        "stores": sorted(plan.stores.values_list("code", flat=True)),
    }


@transaction.atomic
def record_export(*, count: int, filters: dict[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded which passes."""
    audit.record("pass.exported", actor=actor, subject="pass:list", at=at, count=count, filters=filters)
