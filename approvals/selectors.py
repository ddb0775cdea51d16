"""Reads of requests and limits."""

from decimal import Decimal

from django.db.models import Q, QuerySet

from approvals.models import Limit, Request
from approvals.registry import Kind, all_kinds
from stores.models import Staff, Store

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


def list_waiting(staff: Staff) -> QuerySet[Request]:
    """Requests that this person may decide or has asked for, newest first."""
    kinds = [kind.name for kind in all_kinds().values() if staff.has_perm(kind.approve_right)]
    waiting = Request.objects.filter(status=Request.Status.PENDING)
    if not staff.sees_all_stores:
        waiting = waiting.filter(store__isnull=True) | waiting.filter(store__staff=staff)
    decidable = waiting.filter(kind__in=kinds)
    return (
        (decidable | waiting.filter(requested_by=staff))
        .select_related("requested_by", "store")
        .distinct()
        .order_by("-id")
    )
