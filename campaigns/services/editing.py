"""Making and changing giveaways and order rewards."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from campaigns.models import Giveaway, Occasion, OrderReward
from core import audit
from core.errors import DomainError
from stores.models import Staff, Store

Row = TypeVar("Row", bound=Occasion)


class InvalidOccasion(DomainError):
    """It contradicts itself or another one."""


@transaction.atomic
def save_giveaway(*, giveaway: Giveaway, stores: Iterable[Store], actor: Staff | None, at: datetime) -> Giveaway:
    """Create or change a giveaway; what was given stays given. An audit row keeps both versions.

    InvalidOccasion where the name is taken or the days run backwards.
    """
    if giveaway.trigger == Giveaway.Trigger.REGISTERED:
        giveaway.repeats = Giveaway.Repeats.ONCE
    return _save(giveaway, Giveaway, "giveaway", stores, actor, at)


@transaction.atomic
def save_reward(*, reward: OrderReward, stores: Iterable[Store], actor: Staff | None, at: datetime) -> OrderReward:
    """Create or change an order reward; orders keep what they have won. An audit row keeps both versions.

    InvalidOccasion where the name is taken, the days run backwards or the amount is not above 0.
    """
    if reward.threshold <= 0:
        raise InvalidOccasion(_("The amount must be above 0."))
    return _save(reward, OrderReward, "order_reward", stores, actor, at)


def _save(row: Row, model: type[Row], subject: str, stores: Iterable[Store], actor: Staff | None, at: datetime) -> Row:
    if row.starts_on and row.ends_on and row.starts_on > row.ends_on:
        raise InvalidOccasion(_("The last day is before the first."))
    rows: Any = model._default_manager
    stored = None if row.pk is None else rows.select_for_update(no_key=True).get(pk=row.pk)
    before = None if stored is None else _facts(stored)
    try:
        with transaction.atomic():
            if stored is not None:
                row.version = stored.version + 1
            row.save()
    except IntegrityError as error:
        raise InvalidOccasion(_("This name is taken.")) from error
    row.stores.set(stores)  # type: ignore[attr-defined]  # both models have it
    audit.record(
        f"{subject}.created" if before is None else f"{subject}.changed",
        actor=actor,
        subject=f"{subject}:{row.pk}",
        at=at,
        before=before,
        after=_facts(row),
    )
    return row


def _facts(row: Any) -> dict[str, Any]:
    facts = {
        "name": row.name,
        "pack": row.pack_id,
        "starts_on": None if row.starts_on is None else row.starts_on.isoformat(),
        "ends_on": None if row.ends_on is None else row.ends_on.isoformat(),
        "is_active": row.is_active,
        "version": row.version,
        "stores": sorted(row.stores.values_list("code", flat=True)),
    }
    if isinstance(row, Giveaway):
        return facts | {"trigger": row.trigger, "repeats": row.repeats}
    return facts | {"threshold": str(row.threshold), "member_limit": row.member_limit}
