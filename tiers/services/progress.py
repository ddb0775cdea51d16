"""The ledger of what members did that counts towards a level (R-T1). Only checkout and imports feed it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from core.database import joining_atomic
from core.errors import DomainError
from members.services import lock_member
from stores.models import Staff, Store
from tiers.models import ProgressEntry
from tiers.rules import METRICS

# Keys of the two entries by which progress goes to another member (``merging``), around the first one's id.
MOVED_OUT, MOVED_IN = ":progress-out:", ":progress-in:"


class AlreadyReversed(DomainError):
    """The progress was taken back before."""


@joining_atomic
def record_progress(
    *,
    member_id: int,
    metrics: Mapping[str, Decimal],
    business_on: date,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> None:
    """Write the metrics of one event in one multi-row insert; the same key again writes nothing.

    ``spend`` is net goods paid without recharges and the bonus-money share, ``orders`` 1 for a paid order, ``points``
    those earned by the purchase, ``recharge`` the principal, ``growth`` what plans and campaigns give (R-T1). Zeros are
    left out. A part taken back later is a negative amount under a key of its own on the original ``business_on``
    (R-T6). An unknown metric is a ValueError.
    """
    unknown = set(metrics) - set(METRICS)
    if unknown:
        raise ValueError(f"no such metric: {', '.join(sorted(unknown))}")
    lock_member(member_id)
    ProgressEntry.objects.bulk_create(
        [
            ProgressEntry(
                member_id=member_id,
                metric=metric,
                amount=metrics[metric],
                business_on=business_on,
                source=source,
                idempotency_key=f"{idempotency_key}:{metric}",
                occurred_at=at,
                store=store,
                actor=actor,
            )
            for metric in METRICS
            if metrics.get(metric)
        ],
        ignore_conflicts=True,
    )


@joining_atomic
def reverse_progress(
    *, idempotency_key_of_original: str, idempotency_key: str, at: datetime, store: Store | None, actor: Staff | None
) -> int | None:
    """Take back all metrics of one event, on the business day they counted for (R-T6); the same key again: nothing.

    Returns the member who has lost it, who is another one where members were merged since: call :func:`reevaluate` for
    that member afterwards, which decides whether an upgrade falls with it. None where nothing was recorded under the
    original key. AlreadyReversed under another key.
    """
    keys = [f"{idempotency_key_of_original}:{metric}" for metric in METRICS]
    member_id = ProgressEntry.objects.filter(idempotency_key__in=keys).values_list("member_id", flat=True).first()
    if member_id is None:
        return None
    lock_member(member_id)
    originals = list(
        ProgressEntry.objects.filter(idempotency_key__in=keys).select_related("reversed_by").order_by("pk")
    )
    while any(_moved(entry) for entry in originals):
        originals = _follow(originals)
    for entry in originals:
        done = getattr(entry, "reversed_by", None)
        if done is not None and done.idempotency_key != f"{idempotency_key}:{entry.metric}":
            raise AlreadyReversed(_("This was taken back before."))
    ProgressEntry.objects.bulk_create(
        [
            ProgressEntry(
                member_id=entry.member_id,
                metric=entry.metric,
                amount=-entry.amount,
                business_on=entry.business_on,
                source=entry.source,
                idempotency_key=f"{idempotency_key}:{entry.metric}",
                occurred_at=at,
                store=store,
                actor=actor,
                reverses=entry,
            )
            for entry in originals
        ],
        ignore_conflicts=True,
    )
    return originals[0].member_id


def _moved(entry: ProgressEntry) -> bool:
    done = getattr(entry, "reversed_by", None)
    return done is not None and MOVED_OUT in done.idempotency_key


def _follow(entries: Sequence[ProgressEntry]) -> list[ProgressEntry]:
    """The same progress where it is after a merge, with its holder locked."""
    keys = [entry.reversed_by.idempotency_key.replace(MOVED_OUT, MOVED_IN) for entry in entries if _moved(entry)]
    moved = ProgressEntry.objects.filter(idempotency_key__in=keys).select_related("reversed_by").order_by("pk")
    for member_id in sorted(set(moved.values_list("member_id", flat=True))):
        lock_member(member_id)
    return [*(entry for entry in entries if not _moved(entry)), *moved.all()]
