"""Which lots points go back to and which they are taken from, when an entry is undone in part or whole."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, IntegerField, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from core import days
from core.money import ZERO
from points import rules
from points.models import Entry, Lot, LotUse
from points.selectors import PointsRules, get_rules
from points.services.posting import Context, Credit, InsufficientPoints, Standing, draw, post

ABSORBED = "absorbed"
CHARGED = "charged"


def give_back(
    standing: Standing,
    context: Context,
    original: Entry,
    done: int,
    points: int,
    *,
    closes: bool,
    kind: str = Entry.Kind.RETURN,
    rule: dict[str, Any] | None = None,
    memo: str = "",
) -> Entry:
    """Return ``points`` of what ``original`` used, after the first ``done``: to the lots that end last first (R-P12).

    A debt is repaid first. A lot that has expired, or that belongs to a member who was merged away, is not filled
    again: its points become a new lot, with the days of grace where it has expired.
    """
    parts = _slice(_uses_last_ending_first(original), done, points)
    repaid = min(points, standing.debt)
    # The debt is repaid out of what ends first, which is worth least to the member.
    parts = _slice(parts, 0, points - repaid)
    uses, credits = [], []
    for lot, part in parts:
        if lot.expired or (lot.expires_at is not None and lot.expires_at <= context.at):
            ends_at = _grace_end(context.at) or lot.expires_at
            credits.append(Credit(part, context.at, ends_at, lot.origin_id or lot.pk))
        elif lot.account_id != standing.member.pk:
            credits.append(Credit(part, lot.available_from, lot.expires_at, lot.origin_id or lot.pk))
        else:
            uses.append((lot.pk, part))
    return post(
        standing,
        context,
        kind=kind,
        points=points - repaid,
        debt=-repaid,
        computed=points,
        uses=uses,
        credits=credits,
        rule=rule,
        original=original,
        closes=closes,
        memo=memo,
    )


def _uses_last_ending_first(original: Entry) -> list[tuple[Lot, int]]:
    uses = (
        LotUse.objects.filter(entry=original)
        .select_related("lot")
        .order_by(F("lot__expires_at").desc(nulls_first=True), "-lot__available_from", "-lot_id")
    )
    return [(use.lot, -use.points) for use in uses]


def _slice(parts: Sequence[tuple[Lot, int]], skip: int, take: int) -> list[tuple[Lot, int]]:
    """``take`` points out of the sequence after its first ``skip``."""
    found = []
    for lot, points in parts:
        skipped = min(skip, points)
        part = min(points - skipped, take)
        skip -= skipped
        take -= part
        if part > 0:
            found.append((lot, part))
    return found


def _grace_end(at: datetime) -> datetime | None:
    grace = get_rules(at=at).grace_days
    return days.end_of(days.local_day(at) + timedelta(days=grace)) if grace else None


def take_back(
    standing: Standing,
    context: Context,
    original: Entry,
    satisfied: int,
    points: int,
    *,
    closes: bool,
    kind: str = Entry.Kind.CLAW_BACK,
    most_debt: int | None = None,
    cash: Decimal = ZERO,
    rule: dict[str, Any] | None = None,
    memo: str = "",
) -> Entry:
    """Take ``points`` of what ``original`` gave (R-P11): from its own lots, pending or not, then what of them has
    expired counts as given back (less the ``satisfied`` points for which it did so before), then from other spendable
    lots by expiry. The rest goes by the setting: debt, written off, or charged in money up to ``cash``.

    What the shop itself has cleared of them counts as given back too, and the entry keeps how much.

    With ``most_debt`` the rest may be owed up to it; InsufficientPoints for more.
    """
    uses, cleared, missing = _draw(standing.member.pk, original, satisfied, points, context.at)
    debt, limited_by, details = missing, "", dict(rule or {})
    if cleared:
        # What undoing the clearing does not bring back (R-P15).
        details["cleared"] = cleared
    if most_debt is not None:
        if missing > most_debt:
            raise InsufficientPoints(
                _("The member has used %(points)s of these points already.") % {"points": missing - most_debt}
            )
    elif missing:
        debt, limited_by, charge = _by_policy(get_rules(at=context.at), original, missing, cash)
        if limited_by:
            details["written_off"] = missing - debt
        if charge:
            details["charge"] = str(charge)
    return post(
        standing,
        context,
        kind=kind,
        points=sum(used for _lot, used in uses),
        debt=debt,
        computed=-points,
        uses=uses,
        limited_by=limited_by,
        rule=details or None,
        original=original,
        closes=closes,
        memo=memo,
    )


def _by_policy(in_force: PointsRules, original: Entry, missing: int, cash: Decimal) -> tuple[int, str, Decimal]:
    """What of the missing points is owed, how the rest is called, and the money kept for it.

    Points are charged at what they were worth at the sale, as many as the money pays for; the rest is owed.
    """
    if in_force.policy == rules.ABSORB:
        return 0, ABSORBED, ZERO
    if in_force.policy == rules.CHARGE:
        per, fen = (original.rule or {}).get("face") or (in_force.face_points, in_force.face_fen)
        charge = min(rules.value_of(missing, fen, per), cash)
        if charge > 0:
            return missing - rules.points_for(charge, fen, per), CHARGED, charge
    return missing, "", ZERO


def preview_taking(account_id: int, original: Entry, points: int, at: datetime) -> tuple[int, int]:
    """How many of ``points`` that ``original`` gave would leave the balance at ``at``, and how many would be missing.

    The rest has ended or was cleared. Nothing is posted.
    """
    uses, _cleared_before, missing = _draw(account_id, original, 0, points, at)
    return -sum(used for _lot, used in uses), missing


def _draw(
    account_id: int, original: Entry, satisfied: int, points: int, at: datetime
) -> tuple[list[tuple[int, int]], int, int]:
    """The uses that take the points, how many count as given back because the shop cleared them, and how many could
    not be found.
    """
    roots = set(Lot.objects.filter(entry=original).values_list("pk", flat=True))
    own, others, ended = [], [], 0
    for lot in _lots_for_taking(account_id, roots):
        is_own = lot.pk in roots or lot.origin_id in roots
        dead = lot.expires_at is not None and lot.expires_at <= at
        if is_own:
            ended += lot.expired + (lot.remaining if dead else 0)
        if dead or lot.account_id != account_id:
            continue
        if is_own:
            own.append(lot)
        elif lot.available_from <= at:
            others.append(lot)
    uses, missing = draw(own, points)
    cleared = 0
    if missing:
        forfeited = _forfeited(original)
        missing -= min(missing, max(ended - (satisfied - forfeited), 0))
        cleared = min(missing, max(_cleared(roots) - forfeited, 0))
        missing -= cleared
    more, missing = draw(others, missing)
    return uses + more, cleared, missing


def _lots_for_taking(account_id: int, roots: Collection[int]) -> QuerySet[Lot]:
    """The account's open lots, and the roots with all that came in their place wherever it is, in the order of R-P7."""
    own = Q(pk__in=roots) | Q(origin__in=roots)
    return Lot.objects.filter(own | Q(account_id=account_id, remaining__gt=0)).order_by(
        F("expires_at").asc(nulls_last=True), "available_from", "id"
    )


def _cleared(roots: Collection[int]) -> int:
    """What the shop itself cleared of the lots and has not restored: the customer does not owe that once more."""
    uses = LotUse.objects.filter(Q(lot__in=roots) | Q(lot__origin__in=roots), entry__kind=Entry.Kind.CLEAR)
    # By entry: what was restored may have repaid a debt instead of becoming a lot.
    restored = Entry.objects.filter(original__in=uses.values("entry"), kind=Entry.Kind.RESTORE)
    cleared: int = -uses.aggregate(total=Sum("points", default=0))["total"]
    return cleared - int(restored.aggregate(total=Sum("computed", default=0))["total"])


def _forfeited(original: Entry) -> int:
    """How much of what the shop cleared has counted as given back before."""
    undoings = Entry.objects.filter(original=original, rule__has_key="cleared")
    return int(undoings.aggregate(total=Sum(Cast(KT("rule__cleared"), IntegerField()), default=0))["total"])
