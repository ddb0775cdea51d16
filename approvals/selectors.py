"""Reads of requests and limits."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import Http404

from approvals.models import Limit, Request
from approvals.registry import Kind, all_kinds
from core import days
from stores.models import Staff, Store

# What the list shows first, and what a person asked for; everything else they may see has no name.
WAITING, MINE = "waiting", "mine"

# Rights are asked of the roles, not of the log-in's throttle that stands before them.
BACKEND = "django.contrib.auth.backends.ModelBackend"


def limit_of(staff: Staff, kind: Kind) -> Decimal | None:
    """Up to which amount this person may do it alone: 0 always asks, None never (rules.md 0.8)."""
    roles = list(staff.groups.values_list("name", flat=True))
    stored = dict(Limit.objects.filter(kind=kind.name, role__in=roles).values_list("role", "maximum"))
    limits = [stored[role] if role in stored else kind.limits.get(role, Decimal(0)) for role in roles]
    if None in limits:
        return None
    return max((limit for limit in limits if limit is not None), default=Decimal(0))


def needs_approval(staff: Staff, kind: Kind, amount: Decimal) -> bool:
    """Whether a second person has to agree; an amount of nothing cannot be measured and asks like any other."""
    limit = limit_of(staff, kind)
    return limit is not None and not 0 < amount <= limit


def may_approve(staff: Staff, kind: Kind, store: Store | None) -> bool:
    """The right, and for requests of a store that the person works there or sees every store."""
    if not (staff.is_active and staff.has_perm(kind.approve_right)):
        return False
    return store is None or staff.sees_all_stores or staff.stores.filter(pk=store.pk).exists()


def list_approvers(kind: Kind, store: Store | None) -> list[Staff]:
    """Everybody who may approve this kind here; one statement however many people there are."""
    people = Staff.objects.with_perm(kind.approve_right, backend=BACKEND)
    if store is not None:
        chain = Staff.objects.with_perm("stores.see_all_stores", backend=BACKEND)
        people = people.filter(
            Q(pk__in=chain.values("pk")) | Q(pk__in=Staff.objects.filter(stores=store.pk).values("pk"))
        )
    return list(people.order_by("display_name", "pk"))


def list_second_people(staff: Staff, kind: Kind, store: Store | None) -> list[Staff]:
    """Who can agree on the spot, by PIN: the others, or the person alone where nobody else may at all."""
    people = list_approvers(kind, store)
    others = [person for person in people if person.pk != staff.pk]
    return [person for person in others or people if person.pin_hash]


def is_only_approver(staff: Staff, kind: Kind, store: Store | None) -> bool:
    """Nobody else may approve it, so this person may do so alone, marked as such."""
    return [person.pk for person in list_approvers(kind, store)] == [staff.pk]


def get_request_for(staff: Staff, pk: int) -> Request:
    """404 for what this person may not see: a clerk must not learn that another store's request exists (R-S2)."""
    found = _visible_to(staff).select_related("store", "requested_by", "decided_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def may_decide(staff: Staff, request: Request) -> bool:
    """Whether this person may approve or refuse it now."""
    kind = request.kind_or_none
    if kind is None or request.status != Request.Status.PENDING or not may_approve(staff, kind, request.store):
        return False
    return request.requested_by_id != staff.pk or is_only_approver(staff, kind, request.store)


@dataclass(frozen=True)
class RequestFilter:
    """What to look for; empty means everything that the person may see."""

    show: str = ""
    kind: str = ""
    status: str = ""
    person_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None


def list_requests(staff: Staff, criteria: RequestFilter) -> QuerySet[Request]:
    """Requests that fit, newest first."""
    rows = _visible_to(staff)
    if criteria.show == WAITING:
        rows = list_waiting(staff)
    elif criteria.show == MINE:
        rows = rows.filter(requested_by=staff)
    if criteria.kind:
        rows = rows.filter(kind=criteria.kind)
    if criteria.status:
        rows = rows.filter(status=criteria.status)
    if criteria.person_id:
        rows = rows.filter(Q(requested_by=criteria.person_id) | Q(decided_by=criteria.person_id))
    if criteria.first_day:
        rows = rows.filter(requested_at__gte=days.start_of(criteria.first_day))
    if criteria.last_day:
        rows = rows.filter(requested_at__lt=days.end_of(criteria.last_day))
    return rows.select_related("store", "requested_by", "decided_by").order_by("-pk")


def list_waiting(staff: Staff) -> QuerySet[Request]:
    """What waits for this person: open requests of others that they may decide, and their own where nobody else may."""
    waiting = Request.objects.filter(_decidable_by(staff), status=Request.Status.PENDING)
    own = waiting.filter(requested_by=staff).select_related("store")
    alone = [request.pk for request in own if is_only_approver(staff, all_kinds()[request.kind], request.store)]
    rows = waiting.filter(~Q(requested_by=staff) | Q(pk__in=alone))
    return rows.select_related("store", "requested_by", "decided_by").order_by("-pk")


def count_own_waiting(staff: Staff) -> int:
    """How many of this person's requests wait for somebody else's decision."""
    return Request.objects.filter(requested_by=staff, status=Request.Status.PENDING).count()


def limit_table() -> dict[tuple[str, str], Decimal | None]:
    """The limit in force of each kind and role: the stored one, else the kind's own."""
    stored = {(row.kind, row.role): row.maximum for row in Limit.objects.all()}
    roles = list_roles()
    return {
        (kind.name, role): stored.get((kind.name, role), kind.limits.get(role, Decimal(0)))
        for kind in all_kinds().values()
        for role in roles
    }


def list_roles() -> list[str]:
    """The names of all roles: those of the house and those that the owner made."""
    return list(Group.objects.order_by("pk").values_list("name", flat=True))


def _visible_to(staff: Staff) -> QuerySet[Request]:
    """Who sees the whole chain sees all requests, everybody their own and those that they may decide."""
    if staff.sees_all_stores:
        return Request.objects.all()
    return Request.objects.filter(Q(requested_by=staff) | _decidable_by(staff))


def _decidable_by(staff: Staff) -> Q:
    """Requests of kinds that this person may approve, in stores where they may."""
    kinds = [kind.name for kind in all_kinds().values() if staff.has_perm(kind.approve_right)]
    condition = Q(kind__in=kinds)
    if not staff.sees_all_stores:
        condition &= Q(store__isnull=True) | Q(store__in=staff.stores.values("pk"))
    return condition
