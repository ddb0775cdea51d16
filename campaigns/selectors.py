"""Reads of what the shop gives at occasions."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import CharField, Count, F, Func, Q, QuerySet, Sum, Value
from django.utils.translation import gettext as _
from psycopg import sql

from campaigns.models import Giveaway, OrderReward
from core.days import local_day
from gifts.models import Grant, GrantItem
from gifts.selectors import PackTerms, read_pack_terms
from stores.models import Store

Status = Grant.Status

#: Whether any order reward is switched on, for a statement that runs anyway: a shop without one pays nothing for it.
HAS_REWARDS = sql.SQL("EXISTS (SELECT FROM campaigns_orderreward WHERE is_active)")


def list_giveaways() -> QuerySet[Giveaway]:
    """All giveaways, those switched on first."""
    return Giveaway.objects.select_related("pack").prefetch_related("stores").order_by("-is_active", "name", "pk")


def get_giveaway(pk: int) -> Giveaway:
    """One giveaway; Giveaway.DoesNotExist."""
    return Giveaway.objects.select_related("pack").get(pk=pk)


def list_rewards() -> QuerySet[OrderReward]:
    """All order rewards, those switched on first, the highest amount first."""
    return (
        OrderReward.objects.select_related("pack").prefetch_related("stores").order_by("-is_active", "-threshold", "pk")
    )


def get_reward(pk: int) -> OrderReward:
    """One order reward; OrderReward.DoesNotExist."""
    return OrderReward.objects.select_related("pack").get(pk=pk)


def list_giveaways_for(*, trigger: str, store: Store, at: datetime) -> list[Giveaway]:
    """What a store gives today at an occasion, one statement."""
    rows = Giveaway.objects.filter(
        Q(stores=None) | Q(stores=store), trigger=trigger, is_active=True, pack__is_active=True
    )
    day = local_day(at)
    return [one for one in rows.select_related("pack").distinct().order_by("pk") if one.is_offered_on(day)]


def list_rewards_for(*, amount: Decimal, store: Store, at: datetime) -> list[OrderReward]:
    """The rewards that an order of this amount reaches in a store today, the highest first, one statement."""
    rows = OrderReward.objects.filter(
        Q(stores=None) | Q(stores=store), is_active=True, pack__is_active=True, threshold__lte=amount
    )
    day = local_day(at)
    return [one for one in rows.distinct().order_by("-threshold", "pk") if one.is_offered_on(day)]


def reward_source(order_id: int, reward_id: int) -> str:
    """How a grant names the order and the reward it came with."""
    return f"order-reward:{order_id}:{reward_id}"


def count_rewards(*, member_id: int, reward_id: int) -> int:
    """How many orders of a member have this reward and keep it."""
    standing = Grant.objects.filter(
        member_id=member_id, source__startswith="order-reward:", source__endswith=f":{reward_id}"
    )
    return standing.exclude(status__in=[Status.TAKEN_BACK, Status.CANCELLED]).count()


def visit_source(giveaway: Giveaway, member_id: int, day: date) -> str:
    """The name of a visit: with the day, the ISO week or the month in which it can be given once."""
    base = f"giveaway:{giveaway.pk}:{member_id}"
    if giveaway.repeats == Giveaway.Repeats.DAILY:
        return f"{base}:{day.isoformat()}"
    if giveaway.repeats == Giveaway.Repeats.WEEKLY:
        year, week, _weekday = day.isocalendar()
        return f"{base}:{year}-W{week:02}"
    if giveaway.repeats == Giveaway.Repeats.MONTHLY:
        return f"{base}:{day:%Y-%m}"
    return base


@dataclass(frozen=True)
class Visit:
    """A giveaway for a member who stands at the counter; ``refusal`` says why it cannot be given now."""

    giveaway: Giveaway
    terms: PackTerms
    refusal: str = ""


def list_visits(*, member_id: int, store: Store, at: datetime) -> list[Visit]:
    """What a member may be given on a visit to a store; one statement where the shop gives nothing."""
    offered = list_giveaways_for(trigger=Giveaway.Trigger.VISIT, store=store, at=at)
    if not offered:
        return []
    sources = {one.pk: visit_source(one, member_id, local_day(at)) for one in offered}
    had = set(Grant.objects.filter(source__in=sources.values()).values_list("source", flat=True))
    terms = read_pack_terms([one.pack for one in offered])
    return [
        Visit(one, parts, _("Given already.") if sources[one.pk] in had else "")
        for one, parts in zip(offered, terms, strict=True)
    ]


@dataclass(frozen=True)
class Outcome:
    """What became of an occasion: how often it was given, taken back, and what the gifts cost at most."""

    given: int = 0
    taken_back: int = 0
    cost: Decimal = Decimal("0.00")


def outcomes_of(kind: str) -> dict[int, Outcome]:
    """What became of each giveaway (``giveaway``) or order reward (``order-reward``), two statements."""
    position = {"giveaway": 2, "order-reward": 3}[kind]
    back = [Status.TAKEN_BACK, Status.CANCELLED]
    grants = Grant.objects.filter(source__startswith=f"{kind}:").annotate(occasion=_part("source", position))
    counts = grants.values_list("occasion").annotate(
        given=Count("pk", filter=~Q(status__in=back)), taken=Count("pk", filter=Q(status__in=back))
    )
    kept = GrantItem.objects.filter(grant__source__startswith=f"{kind}:").exclude(
        state__in=[GrantItem.State.TAKEN_BACK, GrantItem.State.MISSED]
    )
    costs = dict(
        kept.annotate(occasion=_part("grant__source", position)).values_list("occasion").annotate(cost=Sum("cost"))
    )
    return {
        int(occasion): Outcome(given, taken, costs.get(occasion) or Decimal("0.00"))
        for occasion, given, taken in counts
    }


def _part(column: str, position: int) -> Func:
    return Func(F(column), Value(":"), Value(position), function="split_part", output_field=CharField())
