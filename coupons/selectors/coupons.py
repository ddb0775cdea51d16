"""Reads of coupons: one by its code or id, those of a member or a template, their states and histories."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import pgettext

from coupons.models import Coupon, Event
from coupons.rules import is_code


@dataclass(frozen=True)
class State:
    """A coupon's state for people, with the kind of its badge."""

    label: str
    kind: str


def is_stopped_by_batch(coupon: Coupon) -> bool:
    """Whether the batch that gave the coupon is paused in a way that also stops what it gave (R-K5), or withdrawn.

    What a withdrawn batch gave is stopped from that moment, whether its turn to be voided has come or a return gave it
    back afterwards.
    """
    batch = None if coupon.batch_id is None else coupon.batch
    if batch is None:
        return False
    return batch.status == batch.Status.VOIDED or (batch.stops_use and batch.status == batch.Status.PAUSED)


def state_of(coupon: Coupon, at: datetime) -> State:
    """The stored state, or what the clock makes of an unused coupon: not yet valid, expired."""
    if coupon.status == Coupon.Status.REDEEMED:
        return State(pgettext("coupon", "used"), "neutral")
    if coupon.status == Coupon.Status.VOID:
        return State(pgettext("coupon", "void"), "danger")
    if at >= coupon.valid_until:
        return State(pgettext("coupon", "expired"), "warning")
    if coupon.template.is_stopped or is_stopped_by_batch(coupon):
        return State(pgettext("coupon", "stopped"), "warning")
    return (
        State(pgettext("coupon", "usable"), "success")
        if at >= coupon.valid_from
        else State(pgettext("coupon", "not yet valid"), "info")
    )


def get_coupon(pk: int) -> Coupon:
    """One coupon with its template and member; Coupon.DoesNotExist."""
    return Coupon.objects.select_related("template", "terms_version", "batch", "member").get(pk=pk)


def get_by_code(code: str) -> Coupon:
    """The coupon behind a code; Coupon.DoesNotExist, also for a code whose check digit is wrong."""
    if not is_code(code):
        raise Coupon.DoesNotExist
    return Coupon.objects.select_related("template").get(code=code)


def list_of_member(*, member_id: int) -> QuerySet[Coupon]:
    """All coupons of a member, newest first."""
    rows = Coupon.objects.filter(member_id=member_id).select_related("template", "terms_version", "batch")
    return rows.order_by("-issued_at", "-pk")


def list_of_template(*, template_id: int) -> QuerySet[Coupon]:
    """All coupons of a template with their holders, newest first."""
    rows = Coupon.objects.filter(template_id=template_id).select_related("template", "terms_version", "batch", "member")
    return rows.order_by("-pk")


def count_open(*, member_id: int, at: datetime) -> int:
    """How many unused coupons that are not over a member has."""
    return Coupon.objects.filter(member_id=member_id, status=Coupon.Status.ISSUED, valid_until__gt=at).count()


def list_events(*, coupon_id: int) -> QuerySet[Event]:
    """The history of a coupon, oldest first."""
    return Event.objects.filter(coupon_id=coupon_id).select_related("actor", "store").order_by("pk")
