"""What is done to recharge plans."""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from gifts.models import RechargePlan
from stores.models import Staff, Store


class InvalidPlan(DomainError):
    """The plan contradicts itself or another one."""


@transaction.atomic
def save_plan(*, plan: RechargePlan, stores: Iterable[Store], actor: Staff | None, at: datetime) -> RechargePlan:
    """Create or change a plan and the stores that offer it (none: every store), with an audit row of both versions.

    InvalidPlan where the amounts or the period make no sense or the name is taken.
    """
    _check(plan)
    stored = None if plan.pk is None else RechargePlan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    before = None if stored is None else _facts(stored)
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError as error:
        raise InvalidPlan(_("Another plan has this name.")) from error
    plan.stores.set(stores)
    audit.record(
        "recharge_plan.created" if before is None else "recharge_plan.changed",
        actor=actor,
        subject=f"recharge_plan:{plan.pk}",
        at=at,
        before=before,
        after=_facts(plan),
    )
    return plan


def _check(plan: RechargePlan) -> None:
    if plan.amount <= 0 or plan.bonus < 0:
        raise InvalidPlan(_("The amount to pay must be above 0 and the bonus not below."))
    if plan.bonus > plan.amount:
        raise InvalidPlan(_("The bonus is larger than the amount to pay."))
    if plan.starts_on and plan.ends_on and plan.starts_on > plan.ends_on:
        raise InvalidPlan(_("The last day is before the first."))


def _facts(plan: RechargePlan) -> dict[str, object]:
    return {
        **plan.snapshot(),
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "position": plan.position,
        "is_active": plan.is_active,
        "stores": sorted(plan.stores.values_list("code", flat=True)),
    }
