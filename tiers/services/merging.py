"""The levels and the progress of one member go to another, when two memberships are of one person (rules.md 10)."""

from datetime import datetime

from core.database import joining_atomic
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import Change, Membership, Period, ProgressEntry, Reason, Track, Version
from tiers.selectors import list_open_periods, list_versions_by_track
from tiers.services.evaluation import reevaluate
from tiers.services.giving import hand_over_pending
from tiers.services.moving import Decision, move
from tiers.services.progress import MOVED_IN, MOVED_OUT

# What the last change of a member who is gone names as its cause; that of who stays names the member.
GONE_TO = "merge:"


@joining_atomic
def merge(
    *,
    from_member_id: int,
    into_member_id: int,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
    source: str,
) -> list[Change]:
    """Unite progress and levels; once per key, and nothing more to move the second time. The changes of who stays.

    Every entry goes over by an opposite one and a new one on its business day, so that windows sum up as if all had
    been one member's, and returns of the first member's orders find it there. On each track the higher level stays, of
    equal ones the one that lasts longer, with its lock; counting restarts after the later day where it did for either.
    What both did together may reach a level at once. Gifts of levels that either was given are given no more (their
    keys are looked up under both, see ``selectors.list_merged``), and those that wait go along. So does paid time with
    its purchases.
    """
    if from_member_id == into_member_id:
        raise ValueError("a member cannot be merged into themselves")
    for member_id in sorted((from_member_id, into_member_id)):
        lock_member(member_id)
    _move_progress(from_member_id, into_member_id, idempotency_key, at, store, actor)
    Membership.objects.filter(member_id=from_member_id).update(member_id=into_member_id)
    leaving, staying = list_open_periods(from_member_id), list_open_periods(into_member_id)
    gone_before = set(
        Change.objects.filter(
            period__in=leaving.values(), reason=Reason.MERGED, source__startswith=GONE_TO
        ).values_list("period_id", flat=True)
    )
    changes = []
    for versions in list_versions_by_track(at, list(Track.Kind)):
        track_id = versions[0].tier.track_id
        if track_id not in leaving or leaving[track_id].pk in gone_before:
            continue
        period, other = leaving[track_id], staying.get(track_id)
        changes.append(_stay(versions[0], period, other, into_member_id, at, store, actor))
        move(
            member_id=from_member_id,
            period=period,
            base=versions[0],
            decision=Decision(versions[0], Reason.MERGED, [], None),
            source=f"{GONE_TO}{into_member_id}",
            at=at,
            store=store,
            actor=actor,
            locked_until=None,
        )
    hand_over_pending(from_member_id=from_member_id, into_member_id=into_member_id)
    risen = reevaluate(member_id=into_member_id, at=at, source=source, store=store, actor=actor)
    return [*changes, risen] if risen is not None else changes


def _move_progress(
    from_member_id: int,
    into_member_id: int,
    key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> None:
    standing = ProgressEntry.objects.filter(
        member_id=from_member_id, reverses__isnull=True, reversed_by__isnull=True
    ).order_by("pk")
    rows = []
    for entry in standing:
        for member_id, amount, step in (
            (from_member_id, -entry.amount, MOVED_OUT),
            (into_member_id, entry.amount, MOVED_IN),
        ):
            rows.append(
                ProgressEntry(
                    member_id=member_id,
                    metric=entry.metric,
                    amount=amount,
                    business_on=entry.business_on,
                    source=entry.source,
                    idempotency_key=f"{key}{step}{entry.pk}",
                    occurred_at=at,
                    store=store,
                    actor=actor,
                    reverses=entry if step == MOVED_OUT else None,
                )
            )
    ProgressEntry.objects.bulk_create(rows, batch_size=1000)


def _stay(
    base: Version,
    leaving: Period,
    staying: Period | None,
    into_member_id: int,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Change:
    """The better of two levels of a track for who stays; recorded even where nothing gets better, so that it can be
    seen later from whom gifts may have been given."""
    best = leaving if staying is None or _worth(leaving, at) > _worth(staying, at) else staying
    restarts = [period.counts_after for period in (leaving, staying) if period and period.counts_after]
    return move(
        member_id=into_member_id,
        period=staying,
        base=base,
        decision=Decision(
            best.version,
            Reason.MERGED,
            [],
            best.valid_until,
            best.upgraded_at,
            staying if best is leaving else best.falls_back_to,
        ),
        source=f"member:{leaving.member_id}",
        at=at,
        store=store,
        actor=actor,
        locked_until=best.locked_until,
        joins_auto_upgrade=best.joins_auto_upgrade,
        counts_after=max(restarts, default=None),
    )


def _worth(period: Period, at: datetime) -> tuple[bool, int, bool, datetime]:
    """Higher is better: not over (paid and invited levels end by themselves), the rank, no end, a later end."""
    ends = period.valid_until
    is_over = ends is not None and ends <= at and period.tier.track.kind in (Track.Kind.PAID, Track.Kind.INVITED)
    return not is_over, period.tier.rank, ends is None, ends or at
