"""Reads of one member's points, and the settings they follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum

from core import days, settings
from points import rules
from points.models import Entry, Lot


@dataclass(frozen=True)
class Balance:
    """A member's points at an instant.

    ``spendable`` leaves out what is pending and what has expired but is not posted yet; it may be used only while
    ``debt`` is 0 (R-P11). ``next_expiry_points`` are those that end at ``next_expiry_at``.
    """

    balance: int
    spendable: int
    debt: int
    pending: int
    next_expiry_at: datetime | None
    next_expiry_points: int

    @property
    def last_day(self) -> date | None:
        """The last shop day of the points that end next."""
        return None if self.next_expiry_at is None else days.last_day(self.next_expiry_at)


@dataclass(frozen=True)
class Expiry:
    """Points that end together; ``last_day`` is the last shop day on which they can be used, None for no end."""

    last_day: date | None
    points: int


@dataclass(frozen=True)
class PointsRules:
    """The owner's settings in force at an instant: all that pricing needs, and what an order keeps as its snapshot.

    ``face_points`` points are worth ``face_fen`` of the smallest unit; ``max_share_percent`` is the largest part of an
    order that points may pay.
    """

    per_yuan: Decimal
    face_points: int
    face_fen: int
    minimum: int
    step: int
    max_share_percent: int
    expiry_method: str
    expiry_count: int
    grace_days: int
    multiple_mode: str
    multiple_cap: Decimal
    caps: rules.Caps
    pending_until_return: bool
    return_window_days: int
    debt_policy: str
    charge_terms_accepted: bool
    keeps_lost_thresholds: bool

    def expiry_of(self, at: datetime) -> datetime | None:
        """When points credited at ``at`` end (R-P14)."""
        return rules.lot_expiry(self.expiry_method, self.expiry_count, at, days.zone())

    def available_from(self, at: datetime) -> datetime:
        """When points for goods sold at ``at`` can be used: at once, or after the return window's last day (R-P4)."""
        if not self.pending_until_return:
            return at
        return days.end_of(days.local_day(at) + timedelta(days=self.return_window_days))

    @property
    def policy(self) -> str:
        """What happens with points to be taken back that the member does not have (R-P11): ``charge`` only where the
        terms that customers have accepted say so, else ``debt``.
        """
        if self.debt_policy == rules.CHARGE and not self.charge_terms_accepted:
            return rules.DEBT
        return self.debt_policy


def get_rules(*, at: datetime) -> PointsRules:
    """The settings of points in force at ``at``, one statement."""
    values = settings.values(at)
    return PointsRules(
        per_yuan=values["points.per_yuan"],
        face_points=values["points.face_points"],
        face_fen=values["points.face_fen"],
        minimum=values["points.minimum"],
        step=values["points.step"],
        max_share_percent=values["points.max_share_percent"],
        expiry_method=values["points.expiry_method"],
        expiry_count=values["points.expiry_count"],
        grace_days=values["points.grace_days"],
        multiple_mode=values["points.multiple_mode"],
        multiple_cap=values["points.multiple_cap"],
        caps=caps_of(values),
        pending_until_return=values["points.pending_until_return"],
        return_window_days=values["points.return_window_days"],
        debt_policy=values["points.debt_policy"],
        charge_terms_accepted=values["points.charge_terms_accepted"],
        keeps_lost_thresholds=values["points.threshold_lost"] == rules.KEEP,
    )


def caps_of(values: Mapping[str, Any]) -> rules.Caps:
    """The caps among all settings."""
    return rules.Caps(
        per_order=values["points.cap_per_order"],
        per_day=values["points.cap_per_day"],
        per_month=values["points.cap_per_month"],
        lifetime=values["points.cap_lifetime"],
        budget_per_month=values["points.budget_per_month"],
    )


def get_totals(*, member_id: int) -> list[tuple[str, str, int]]:
    """Earned, given and spent since the beginning as (kind, label, points): what came back or was taken back is off.

    With what repaid a debt or became one, so that the figures tell what happened and not what the balance allowed.
    """
    of_kind = {
        Entry.Kind.EARN: Q(kind="earn") | Q(kind="claw_back", original__kind="earn"),
        Entry.Kind.GIFT: Q(kind="gift") | Q(kind="claw_back", original__kind="gift"),
        Entry.Kind.SPEND: Q(kind__in=["spend", "return"]),
    }
    sums = Entry.objects.filter(account_id=member_id).aggregate(
        **{kind.value: Sum(F("points") - F("debt"), filter=condition, default=0) for kind, condition in of_kind.items()}
    )
    return [(kind.value, str(kind.label), abs(sums[kind.value])) for kind in of_kind]


def get_balance(*, member_id: int, at: datetime) -> Balance:
    """What the member has at ``at``, one statement; all zero for a member who never had points."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.balance, a.debt, l.live, l.pending, l.ends_at, l.ending
              FROM points_account a
              CROSS JOIN LATERAL (
                SELECT COALESCE(SUM(o.remaining) FILTER (WHERE o.live), 0)::bigint AS live,
                       COALESCE(SUM(o.remaining) FILTER (WHERE o.available_from > %(at)s), 0)::bigint AS pending,
                       MIN(o.expires_at) FILTER (WHERE o.live) AS ends_at,
                       COALESCE(SUM(o.remaining) FILTER (WHERE o.live AND o.expires_at = o.first_end), 0)::bigint
                         AS ending
                  FROM (
                    SELECT remaining, available_from, expires_at, live,
                           MIN(expires_at) FILTER (WHERE live) OVER () AS first_end
                      FROM (
                        SELECT remaining, available_from, expires_at,
                               available_from <= %(at)s AND (expires_at IS NULL OR expires_at > %(at)s) AS live
                          FROM points_lot
                         WHERE account_id = a.member_id AND remaining > 0
                      ) open
                  ) o
              ) l
             WHERE a.member_id = %(member)s
            """,
            {"member": member_id, "at": at},
        )
        row = cursor.fetchone()
    if row is None:
        return Balance(0, 0, 0, 0, None, 0)
    balance, debt, live, pending, ends_at, ending = row
    return Balance(balance, live, debt, pending, ends_at, ending)


def list_entries(
    *, member_id: int, kind: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[Entry]:
    """A member's movements, newest first, with store and staff; ``since`` and ``until`` are shop days, included."""
    entries = Entry.objects.filter(account_id=member_id).select_related("store", "actor").order_by("-id")
    if kind:
        entries = entries.filter(kind=kind)
    if since is not None:
        entries = entries.filter(occurred_at__gte=days.start_of(since))
    if until is not None:
        entries = entries.filter(occurred_at__lt=days.end_of(until))
    return entries


def list_lots(*, member_id: int) -> QuerySet[Lot]:
    """A member's lots that hold points, in the order in which they are spent (R-P7)."""
    return Lot.objects.filter(account_id=member_id, remaining__gt=0).order_by(
        F("expires_at").asc(nulls_last=True), "available_from", "id"
    )


def list_expiries(*, member_id: int, at: datetime) -> list[Expiry]:
    """What the member has left, by end, soonest first; what has expired but is not posted yet is left out."""
    sums = (
        Lot.objects.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at), account_id=member_id, remaining__gt=0)
        .order_by(F("expires_at").asc(nulls_last=True))
        .values_list("expires_at")
        .annotate(total=Sum("remaining"))
    )
    return [Expiry(None if ends_at is None else days.last_day(ends_at), total) for ends_at, total in sums]


def find_entry(*, idempotency_key: str) -> Entry | None:
    """The entry that was posted under a key, or None."""
    return Entry.objects.filter(idempotency_key=idempotency_key).first()
