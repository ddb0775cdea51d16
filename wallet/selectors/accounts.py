"""Accounts and what stands in their way: frozen, lost, above the limit, or left behind by a membership that ended."""

from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When

from members.models import Card, Member
from wallet.models import Account
from wallet.selectors.balances import get_rules

FROZEN, LOST, OVER_LIMIT, ENDED = "frozen", "lost", "over_limit", "ended"
STATES = (FROZEN, LOST, OVER_LIMIT, ENDED)

_blocked = Card.objects.filter(number=OuterRef("member__number"), ended_at__isnull=False)


def get_status(*, member_id: int) -> str:
    """The account's status for people: ``lost`` as long as the member's present card is blocked (R-W7)."""
    account = Account.objects.filter(pk=member_id).annotate(is_lost=Exists(_blocked)).first()
    if account is None:
        lost = Card.objects.filter(member_id=member_id, number=F("member__number"), ended_at__isnull=False)
        return str(Account.Status.LOST if lost.exists() else Account.Status.ACTIVE)
    if account.status == Account.Status.ACTIVE and account.is_lost:
        return str(Account.Status.LOST)
    return str(account.status)


def is_frozen(*, member_id: int) -> bool:
    """Whether somebody froze the account; a lost card is something else."""
    return Account.objects.filter(pk=member_id, status=Account.Status.FROZEN).exists()


def find_recharge_limit(*, member_id: int) -> Account | None:
    """The account where its recharges are limited (once, never, until a day), else None."""
    limited = ~Q(recharging=Account.Recharging.ANY) | Q(recharge_until__isnull=False)
    return Account.objects.filter(limited, pk=member_id).first()


def is_over_limit(*, member: Member, at: datetime) -> bool:
    """Whether a refund has lifted the balance above what a recharge may reach: recharges wait until it is below."""
    rows = list_accounts(OVER_LIMIT, at=at)
    return rows.filter(pk=member.pk).exists()


def list_accounts(state: str, *, at: datetime) -> QuerySet[Account]:
    """Accounts in one of :data:`STATES`, with member and ``is_lost``; LookupError for another state.

    ``ended``: the membership is closed or merged and money is left, which only a payout to a named payee can settle.
    """
    conditions: dict[str, Any] = {
        FROZEN: Q(status=Account.Status.FROZEN),
        LOST: Q(is_lost=True),
        OVER_LIMIT: Q(member__status__in=[Member.Status.ACTIVE, Member.Status.FROZEN]) & _above(at),
        ENDED: Q(member__status__in=[Member.Status.CLOSED, Member.Status.MERGED])
        & (Q(principal__gt=0) | Q(bonus__gt=0)),
    }
    rows = Account.objects.select_related("member", "member__store").annotate(is_lost=Exists(_blocked))
    return rows.filter(conditions[state])


def _above(at: datetime) -> Q:
    in_force = get_rules(at=at)
    limit = Case(When(member__is_named=True, then=Value(in_force.limit_named)), default=Value(in_force.limit_unnamed))
    counted = F("principal") + F("bonus") if in_force.limit_counts_bonus else F("principal")
    return Q(principal__gt=limit - (counted - F("principal")))
