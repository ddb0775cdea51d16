"""Giving coupons out."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from core import audit
from core.database import joining_atomic
from core.days import end_of, local_day, start_of
from core.errors import DomainError
from coupons.models import Coupon, Event, Template, TemplateVersion
from coupons.rules import check_digit
from coupons.services import limits
from members.services import lock_member
from stores.models import Staff, Store


class CannotIssue(DomainError):
    """Not active, none left, or the member has had as many as allowed."""


@joining_atomic
def issue(
    *,
    template_id: int,
    member_id: int | None,
    source: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff | None,
) -> Coupon:
    """Give out one coupon: to a member, or a bearer coupon with ``member_id=None``.

    The total limit is taken by a conditional UPDATE where there is one, the member's limit is counted under the
    member's lock (R-K4); bearer coupons count against the total only. CannotIssue where the template is not active, its
    dates are over, a limit is reached, or the member is closed or merged; then nothing moves. Callers that issue
    several templates do so in order of their id.
    """
    is_open = True
    if member_id is not None:
        is_open = lock_member(member_id).is_open
    else:
        _hold_key(idempotency_key)
    earlier = Coupon.objects.filter(idempotency_key=idempotency_key).select_related("template").first()
    if earlier is not None:
        return earlier
    if not is_open:
        raise CannotIssue(_("A closed or merged member gets no coupons."))
    limits.keep(template_id)
    template = _read(template_id)
    valid_from, valid_until = validity_of(template, at)
    if template.status != Template.Status.ACTIVE or valid_until <= at:
        raise CannotIssue(_("The coupon %(name)s is not given out at the moment.") % {"name": template.name})
    if member_id is not None and template.member_limit is not None:
        had = Coupon.objects.filter(template=template, member_id=member_id).exclude(status=Coupon.Status.VOID).count()
        if had >= template.member_limit:
            raise CannotIssue(
                _("This member already had %(count)s of the coupon %(name)s.") % {"count": had, "name": template.name}
            )
    if not _count_issue(template):
        raise CannotIssue(_("No coupon of %(name)s is left.") % {"name": template.name})
    coupon = Coupon.objects.create(
        template=template,
        terms_version_id=template.version_id,
        uses_left=template.uses,
        code=new_code(),
        member_id=member_id,
        valid_from=valid_from,
        valid_until=valid_until,
        source=source,
        issued_at=at,
        idempotency_key=idempotency_key,
    )
    Event.objects.create(
        coupon=coupon,
        kind=Event.Kind.ISSUED,
        valid_until=valid_until,
        source=source,
        idempotency_key=idempotency_key,
        occurred_at=at,
        store=store,
        actor=actor,
    )
    return coupon


def _hold_key(idempotency_key: str) -> None:
    """One request at a time for a key, where no member's lock stands for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"coupons.issue:{idempotency_key}"])


def _read(template_id: int) -> Any:
    """The template, with ``version_id``: the row of the terms that a coupon issued now keeps."""
    version = TemplateVersion.objects.filter(template=OuterRef("pk"), number=OuterRef("version")).values("pk")
    return Template.objects.annotate(version_id=Subquery(version)).get(pk=template_id)


def _count_issue(template: Template) -> bool:
    return limits.take_issues(template, 1) == 1


def validity_of(template: Template, at: datetime) -> tuple[datetime, datetime]:
    """When a coupon received at ``at`` begins and (exclusively) ends, by local days (R-K5).

    N days from receipt end with the N-th local day; the day of receipt is the first unless the template starts the
    day after. A fixed range covers its last day wholly.
    """
    if template.validity == Template.Validity.FIXED and template.starts_on and template.through_on:
        return start_of(template.starts_on), end_of(template.through_on)
    first = local_day(at) + timedelta(days=1 if template.starts_next_day else 0)
    last = first + timedelta(days=(template.valid_days or 1) - 1)
    return (start_of(first) if template.starts_next_day else at), end_of(last)


def new_code() -> str:
    """19 unguessable digits and their check digit (R-K10). A clash (1 in 10^19 per coupon) is refused by the table."""
    digits = f"{secrets.randbelow(10**19):019d}"
    return digits + check_digit(digits)


@joining_atomic
def issue_by_hand(
    *,
    template_id: int,
    member_id: int,
    reason: str,
    idempotency_key: str,
    at: datetime,
    store: Store | None,
    actor: Staff,
) -> Coupon:
    """:func:`issue` by a person, with an audit row."""
    coupon = issue(
        template_id=template_id,
        member_id=member_id,
        source=f"staff:{actor.pk}",
        idempotency_key=idempotency_key,
        at=at,
        store=store,
        actor=actor,
    )
    audit.record(
        "coupon.issued",
        actor=actor,
        subject=f"member:{member_id}",
        at=at,
        store=store,
        reason=reason,
        coupon=coupon.pk,
        template=template_id,
    )
    return coupon
