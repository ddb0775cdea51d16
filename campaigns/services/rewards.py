"""What comes with an order from an amount on (满赠), given with the sale and taken back with its void (R-K9)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import gifts.selectors
import gifts.services
from campaigns.selectors import count_rewards, list_rewards_for, reward_source
from core.database import joining_atomic
from gifts.models import Grant
from gifts.wording import given_texts
from members.services import lock_member
from stores.models import Staff, Store


@dataclass(frozen=True)
class Reward:
    """What an order has won: the source of the grant, and its name and parts in words for the receipt."""

    source: str
    name: str
    texts: tuple[str, ...]
    points: int = 0
    gives_bonus: bool = False


@joining_atomic
def give_order_reward(
    *, order_id: int, member_id: int, amount: Decimal, at: datetime, store: Store, actor: Staff | None
) -> Reward | None:
    """Give the highest reward that an order of ``amount`` reaches and the member can still have; None for none.

    One reward per order, whatever else it reaches: who spends 200 gets what 200 gives, not what 100 gives as well.
    A coupon that ran out is left out and named to nobody; the sale never fails because of it. Called before the order
    counts for the member's level, so that growth points of the reward count with it.
    """
    lock_member(member_id)
    for reward in list_rewards_for(amount=amount, store=store, at=at):
        limit = reward.member_limit
        if limit is not None and count_rewards(member_id=member_id, reward_id=reward.pk) >= limit:
            continue
        grant = gifts.services.give_pack(
            pack_id=reward.pack_id,
            member_id=member_id,
            source=reward_source(order_id, reward.pk),
            at=at,
            store=store,
            actor=actor,
        )
        if grant is not None:
            points = int(gifts.services.quantity_of(grant, "points"))
            # Asked of the snapshot first, so that a pack without bonus money costs no statement.
            promises = any(part.kind == "bonus" for part in gifts.selectors.parts_of(grant))
            gives_bonus = promises and gifts.services.quantity_of(grant, "bonus") > 0
            return Reward(grant.source, reward.name, tuple(given_texts(grant)), points, gives_bonus)
    return None


@joining_atomic
def take_back_order_reward(
    *, source: str, idempotency_key: str, at: datetime, store: Store | None, actor: Staff | None
) -> Grant | None:
    """Take back what an order had won, because it is void: unused coupons become void, used ones are listed (R-K9)."""
    return gifts.services.cancel_or_take_back(
        source=source, idempotency_key=idempotency_key, at=at, store=store, actor=actor
    )
