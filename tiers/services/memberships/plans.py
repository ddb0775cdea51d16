"""The offers of paid tiers, and the record of downloads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError
from stores.models import Staff
from tiers.models import Membership, PaidPlan, Tier, Track


class InvalidPaidPlan(DomainError):
    """The offer makes no sense, or its name is taken."""


@transaction.atomic
def save_paid_plan(*, plan: PaidPlan, actor: Staff | None, at: datetime) -> PaidPlan:
    """Create or change an offer, with an audit row of both versions. What was bought keeps what was agreed.

    InvalidPaidPlan where the level cannot be bought or the name is taken, and for another level in an offer that was
    bought before.
    """
    stored = None if plan.pk is None else PaidPlan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    _check(plan, stored)
    before = None if stored is None else _facts(stored)
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError as error:
        raise InvalidPaidPlan(_("Another offer has this name.")) from error
    audit.record(
        "paid_plan.created" if before is None else "paid_plan.changed",
        actor=actor,
        subject=f"paid_plan:{plan.pk}",
        at=at,
        before=before,
        after=_facts(plan),
    )
    return plan


def _check(plan: PaidPlan, stored: PaidPlan | None) -> None:
    tier = plan.tier
    is_lowest = not Tier.objects.filter(track_id=tier.track_id, rank__lt=tier.rank).exists()
    if tier.track.kind != Track.Kind.PAID or is_lowest:
        raise InvalidPaidPlan(_("Only tiers of a paid card can be sold."))
    if tier.retired_at is not None and plan.is_active:
        raise InvalidPaidPlan(_("This tier is retired; nobody new gets it."))
    if plan.price <= 0:
        raise InvalidPaidPlan(_("The price must be above 0."))
    if not 1 <= plan.months <= 120:
        raise InvalidPaidPlan(_("Between 1 and 120 months."))
    if stored is not None and stored.tier_id != plan.tier_id and Membership.objects.filter(plan=stored).exists():
        raise InvalidPaidPlan(_("This offer was bought before; make a new one for another tier."))


def _facts(plan: PaidPlan) -> dict[str, Any]:
    return {
        "tier": plan.tier.code,
        "name": plan.name,
        "months": plan.months,
        "price": str(plan.price),
        "position": plan.position,
        "is_active": plan.is_active,
    }


@transaction.atomic
def record_memberships_export(*, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded which paid memberships."""
    audit.record(
        "membership.exported", actor=actor, subject="membership:list", at=at, count=count, filters=dict(filters)
    )
