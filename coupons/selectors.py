"""Reads of coupons. What the till needs comes as frozen terms, never as rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.money import ZERO
from coupons.models import Coupon, Event, Template
from coupons.rules import CouponTerms, is_code


def terms_of(coupon: Coupon) -> CouponTerms:
    """The frozen terms of a coupon whose ``template`` is loaded; the snapshot of the issue, not today's template.

    ``terms_version`` must be loaded as well.
    """
    terms = coupon.terms_version.terms
    return CouponTerms(
        coupon_id=coupon.pk,
        template_id=coupon.template_id,
        kind=terms["kind"],
        amount=Decimal(terms["amount"]),
        threshold=Decimal(terms["threshold"]),
        valid_from=coupon.valid_from,
        valid_until=coupon.valid_until,
        issued_at=coupon.issued_at,
        stacks_with_tier=terms["stacks_with_tier"],
        stacks_with_points=terms["stacks_with_points"],
        name=terms["name"],
        code=coupon.code,
        member_id=coupon.member_id,
        status=coupon.status,
        is_stopped=coupon.template.is_stopped,
        version=terms["version"],
    )


def list_usable_terms(*, member_id: int, at: datetime) -> list[CouponTerms]:
    """Coupons of a member that are neither used, void nor over, soonest expiry first; one statement.

    Some cannot be used yet, or not for this basket: each goes through ``rules.why_not``, whose reason the till shows.
    """
    rows = Coupon.objects.filter(member_id=member_id, status=Coupon.Status.ISSUED, valid_until__gt=at)
    return [
        terms_of(row)
        for row in rows.select_related("template", "terms_version").order_by("valid_until", "issued_at", "pk")
    ]


def list_terms(*, coupon_ids: Iterable[int]) -> list[CouponTerms]:
    """Terms of certain coupons in whatever state, by id; one statement. Confirm reads them afresh with this."""
    rows = Coupon.objects.filter(pk__in=list(coupon_ids)).select_related("template", "terms_version").order_by("pk")
    return [terms_of(row) for row in rows]


def find_terms_by_code(code: str) -> CouponTerms | None:
    """The coupon behind a scanned code, in whatever state, or None; a wrong check digit asks no database (R-K10)."""
    if not is_code(code):
        return None
    row = Coupon.objects.filter(code=code).select_related("template", "terms_version").first()
    return None if row is None else terms_of(row)


@dataclass(frozen=True)
class State:
    """A coupon's state for people, with the kind of its badge."""

    label: str
    kind: str


def state_of(coupon: Coupon, at: datetime) -> State:
    """The stored state, or what the clock makes of an unused coupon: not yet valid, expired."""
    if coupon.status == Coupon.Status.REDEEMED:
        return State(pgettext("coupon", "used"), "neutral")
    if coupon.status == Coupon.Status.VOID:
        return State(pgettext("coupon", "void"), "danger")
    if at >= coupon.valid_until:
        return State(pgettext("coupon", "expired"), "warning")
    if coupon.template.is_stopped:
        return State(pgettext("coupon", "stopped"), "warning")
    return (
        State(pgettext("coupon", "usable"), "success")
        if at >= coupon.valid_from
        else State(pgettext("coupon", "not yet valid"), "info")
    )


def get_coupon(pk: int) -> Coupon:
    """One coupon with its template and member; Coupon.DoesNotExist."""
    return Coupon.objects.select_related("template", "member").get(pk=pk)


def get_by_code(code: str) -> Coupon:
    """The coupon behind a code; Coupon.DoesNotExist, also for a code whose check digit is wrong."""
    if not is_code(code):
        raise Coupon.DoesNotExist
    return Coupon.objects.select_related("template").get(code=code)


def explain(*, terms: CouponTerms, reason: str, missing: Decimal | None = None) -> str:
    """A refusal of ``rules.why_not`` in words for the cashier: what is missing, or from when."""
    if reason == "threshold" and missing is not None:
        return _("%(amount)s more needed.") % {"amount": f"{settings.CURRENCY_SYMBOL}{missing}"}
    if reason == "not_yet":
        return _("Valid from %(day)s.") % {"day": _day(terms.valid_from)}
    return {
        "used": _("This coupon has been used."),
        "void": _("This coupon is void."),
        "stopped": _("This coupon cannot be used at the moment."),
        "expired": _("This coupon has expired."),
        "nothing_eligible": _("Nothing in the basket can be paid with this coupon."),
        "other_member": _("This coupon belongs to another member."),
        "not_best": _("Another coupon saves more."),
    }[reason]


def _day(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "SHORT_DATE_FORMAT")


def list_templates(*, status: str = "") -> QuerySet[Template]:
    """Templates, newest first, with ``used_count`` and ``discount_total`` (what they have cost so far)."""
    rows = Template.objects.all()
    if status:
        rows = rows.filter(status=status)
    return _with_counts(rows).order_by("-pk")


def _with_counts(templates: QuerySet[Template]) -> QuerySet[Template]:
    used = Coupon.objects.filter(template=OuterRef("pk"), status=Coupon.Status.REDEEMED)
    events = Event.objects.filter(coupon__template=OuterRef("pk"))
    return templates.annotate(
        used_count=Coalesce(Subquery(_one(used, Count("pk"))), 0),
        discount_total=Coalesce(Subquery(_one(events, Sum("amount"))), ZERO),
    )


def _one(rows: QuerySet[Any], aggregate: Any) -> Any:
    """The rows as a subquery of one aggregated value."""
    return rows.order_by().annotate(one=Value(1)).values("one").annotate(figure=aggregate).values("figure")


def get_template(pk: int) -> Template:
    """One template with its counts; Template.DoesNotExist."""
    return _with_counts(Template.objects.all()).get(pk=pk)


def get_templates(template_ids: Iterable[int]) -> dict[int, Template]:
    """Templates by id, one statement; unknown ones are missing from the answer."""
    return Template.objects.in_bulk(list(template_ids))


def list_active_templates() -> QuerySet[Template]:
    """What can be given out now, by name."""
    return Template.objects.filter(status=Template.Status.ACTIVE).order_by("name", "pk")


def list_of_member(*, member_id: int) -> QuerySet[Coupon]:
    """All coupons of a member, newest first."""
    return Coupon.objects.filter(member_id=member_id).select_related("template").order_by("-issued_at", "-pk")


def list_of_template(*, template_id: int) -> QuerySet[Coupon]:
    """All coupons of a template with their holders, newest first."""
    return Coupon.objects.filter(template_id=template_id).select_related("template", "member").order_by("-pk")


def count_open(*, member_id: int, at: datetime) -> int:
    """How many unused coupons that are not over a member has."""
    return Coupon.objects.filter(member_id=member_id, status=Coupon.Status.ISSUED, valid_until__gt=at).count()


def list_events(*, coupon_id: int) -> QuerySet[Event]:
    """The history of a coupon, oldest first."""
    return Event.objects.filter(coupon_id=coupon_id).select_related("actor", "store").order_by("pk")
