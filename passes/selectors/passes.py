"""Reads of passes that were sold: what can be used now, lists, the ledger, and what it said on a past day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

import members.selectors
from catalog.models import Product
from core import days
from core.money import ZERO
from members.models import Member
from passes.models import Entry, Pass, Refund, Sharer
from passes.rules import Terms, fifo
from stores.models import Staff, Store

Status = Pass.Status


def blocked_reason(held: Pass, *, member_id: int, shared: bool, store: Store | None, at: datetime) -> str:
    """A stable code of why this member cannot use the pass here and now, "" where they can (see :func:`explain`).

    The end counts, not whether the nightly job has posted it (rules.md 0.6).
    """
    checks = (
        ("stranger", held.member_id != member_id and not shared),
        ("owner", held.member.status != Member.Status.ACTIVE),
        ("ended", held.status == Status.EXPIRED or (held.expires_at is not None and held.expires_at <= at)),
        ("used_up", held.status == Status.USED_UP),
        ("closed", held.status != Status.ACTIVE),
        ("store", bool(held.store_ids) and (store is None or store.pk not in held.store_ids)),
    )
    return next((code for code, applies in checks if applies), "")


def explain(code: str) -> str:
    """Why a pass cannot be used, in words."""
    words = {
        "stranger": _("the pass belongs to somebody else"),
        "owner": _("its owner is frozen or no member any more"),
        "ended": _("it has ended"),
        "used_up": _("it is used up"),
        "closed": _("it was refunded or voided"),
        "store": _("it cannot be used at this store"),
        "product": _("it does not cover this"),
        "uses": _("too few uses are left"),
    }
    return words[code]


def terms_of(held: Pass, *, member_id: int, shared: bool, store: Store | None, at: datetime) -> Terms:
    """A pass with its member loaded, as prices and refunds need it."""
    return Terms(
        pass_id=held.pk,
        name=held.name,
        member_id=held.member_id,
        product_ids=frozenset(held.product_ids),
        price=held.price,
        total_uses=held.total_uses,
        remaining=held.remaining,
        unused_value=held.unused_value,
        unit_list_price=held.unit_list_price,
        is_unlimited=held.is_unlimited,
        starts_on=days.local_day(held.sold_at),
        last_on=held.last_day,
        is_shared=held.member_id != member_id,
        blocked=blocked_reason(held, member_id=member_id, shared=shared, store=store, at=at),
    )


def list_usable_terms(*, member_id: int, store: Store, at: datetime) -> list[Terms]:
    """The passes that a member can use at a store now, own and shared ones, the one that ends first first."""
    found = [
        terms_of(held, member_id=member_id, shared=True, store=store, at=at)
        for held in _of_member(member_id).filter(status=Status.ACTIVE).select_related("member")
    ]
    return fifo([terms for terms in found if not terms.blocked])


def get_terms(*, pass_ids: Collection[int], member_id: int, store: Store, at: datetime) -> dict[int, Terms]:
    """Those of the passes that the member owns or shares, in whatever state they are now; one statement."""
    rows = _of_member(member_id).filter(pk__in=pass_ids).select_related("member")
    return {held.pk: terms_of(held, member_id=member_id, shared=True, store=store, at=at) for held in rows}


def _of_member(member_id: int) -> QuerySet[Pass]:
    """Own and shared ones; a union of two index look-ups, because an OR over both would read the whole table."""
    own = Pass.objects.filter(member_id=member_id).values("pk")
    shared = Sharer.objects.filter(member_id=member_id).values("held_id")
    return Pass.objects.filter(pk__in=own.union(shared, all=True))


def get_pass(pass_id: int) -> Pass:
    """One pass with what its page shows; Pass.DoesNotExist."""
    return Pass.objects.select_related("member", "store", "actor", "plan").get(pk=pass_id)


def list_member_passes(member_id: int) -> QuerySet[Pass]:
    """A member's passes, own and shared ones, those in use first."""
    return _of_member(member_id).select_related("member", "store").order_by("status", "-pk")


@dataclass(frozen=True)
class PassFilter:
    """What a list of passes is narrowed to; empty fields narrow nothing. Days are shop days, both included."""

    text: str = ""
    status: str = ""
    plan_id: int | None = None
    store_id: int | None = None
    sold_from: date | None = None
    sold_until: date | None = None
    ends_until: date | None = None


def list_passes(criteria: PassFilter) -> QuerySet[Pass]:
    """Passes that fit, unordered; page them at the caller. ``ends_until`` means those in use that end by then."""
    rows = Pass.objects.select_related("member", "store", "plan")
    if criteria.text:
        rows = rows.filter(member__in=Member.objects.filter(members.selectors.search_condition(criteria.text)))
    equal = {"status": criteria.status, "plan_id": criteria.plan_id, "store_id": criteria.store_id}
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if criteria.sold_from:
        rows = rows.filter(sold_at__gte=days.start_of(criteria.sold_from))
    if criteria.sold_until:
        rows = rows.filter(sold_at__lt=days.end_of(criteria.sold_until))
    if criteria.ends_until:
        rows = rows.filter(status=Status.ACTIVE, expires_at__lte=days.end_of(criteria.ends_until))
    return rows


def list_ending(*, first: date, last: date) -> QuerySet[Pass]:
    """Passes in use whose last day is between these days, the next end first."""
    return (
        Pass.objects.filter(
            status=Status.ACTIVE, expires_at__gt=days.start_of(first), expires_at__lte=days.end_of(last)
        )
        .select_related("member", "store")
        .order_by("expires_at", "pk")
    )


def list_entries(pass_id: int) -> QuerySet[Entry]:
    """The ledger of a pass, newest first."""
    return Entry.objects.filter(held_id=pass_id).select_related("store", "actor", "user").order_by("-pk")


def list_goods(held: Pass) -> list[Product]:
    """What the pass is for, with present names; those that are not sold any more too."""
    return list(Product.objects.filter(pk__in=held.product_ids).order_by("name"))


def list_stores_of(held: Pass) -> list[Store]:
    """Where it can be used; empty for everywhere."""
    return list(Store.objects.filter(pk__in=held.store_ids).order_by("code"))


def list_sharers(pass_id: int) -> QuerySet[Sharer]:
    """Who else may use it."""
    return Sharer.objects.filter(held_id=pass_id).select_related("member", "added_by").order_by("pk")


def list_refunds(pass_id: int | None = None) -> QuerySet[Refund]:
    """Refunds, newest first; of one pass, or all."""
    rows = Refund.objects.select_related("held", "held__member", "requested_by", "approved_by", "paid_by", "store")
    return (rows if pass_id is None else rows.filter(held_id=pass_id)).order_by("-pk")


def get_refund(refund_id: int) -> Refund:
    """One refund; Refund.DoesNotExist."""
    return list_refunds().get(pk=refund_id)


def get_refund_for(staff: Staff, refund_id: int) -> Refund | None:
    """One refund, if the person may see its store (R-S2)."""
    rows = list_refunds().filter(pk=refund_id)
    if not staff.sees_all_stores:
        rows = rows.filter(Q(store__isnull=True) | Q(store__staff=staff))
    return rows.first()


def list_refunds_for(staff: Staff, *, is_due: bool | None = None) -> QuerySet[Refund]:
    """Refunds of the stores that this person may see, unordered: all, those that wait, or the others."""
    rows = list_refunds().order_by()
    if not staff.sees_all_stores:
        rows = rows.filter(Q(store__isnull=True) | Q(store__in=staff.stores.all()))
    if is_due is None:
        return rows
    return rows.filter(status=Refund.Status.DUE if is_due else Refund.Status.PAID)


def is_used(pass_id: int) -> bool:
    """Whether a use stands in the ledger that was not undone."""
    return Entry.objects.filter(held_id=pass_id, kind=Entry.Kind.USE, reversed_by__isnull=True).exists()


@dataclass(frozen=True)
class Standing:
    """What was left of a pass."""

    remaining: int
    value: Decimal


def get_standing_as_of(*, pass_id: int, recorded_until: datetime) -> Standing:
    """What was left of a pass at an instant by what had been recorded by then; the answer never changes."""
    sums = Entry.objects.filter(held_id=pass_id, recorded_at__lt=recorded_until).aggregate(
        uses=Sum("uses", default=0), value=Sum("value", default=ZERO)
    )
    return Standing(sums["uses"], sums["value"])


def total_unused_value(*, recorded_until: datetime | None = None) -> Decimal:
    """What the chain owes on passes that were sold and not used (Q26), now or as it was recorded at an instant."""
    if recorded_until is None:
        total: Decimal = Pass.objects.aggregate(total=Sum("unused_value", default=ZERO))["total"]
        return total
    past: Decimal = Entry.objects.filter(recorded_at__lt=recorded_until).aggregate(total=Sum("value", default=ZERO))[
        "total"
    ]
    return past


def count_usable(member_id: int, at: datetime) -> int:
    """How many passes of their own a member can use somewhere now."""
    has_end = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    return Pass.objects.filter(has_end, member_id=member_id, status=Status.ACTIVE).count()


def list_reminders_due(*, first: date, last: date, after: int, limit: int) -> list[Pass]:
    """Passes in use whose last day is between these days, by id beyond ``after``; no more than ``limit``."""
    rows = Pass.objects.filter(
        status=Status.ACTIVE, expires_at__gt=days.start_of(first), expires_at__lte=days.end_of(last), pk__gt=after
    )
    return list(rows.order_by("pk")[:limit])
