"""Coupons as a price needs them: frozen terms, never rows; what may be used together; refusals in words."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import formats, timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.days import local_day, start_of
from coupons.models import Coupon, Event, StackCategory, StackPair, StoreLimit
from coupons.rules import CouponTerms, Refusal, StackClass, Stacking, is_code, promise_of
from coupons.selectors.coupons import is_stopped_by_batch
from stores.models import Store

MAX_PER_ORDER: Final = "coupons.max_per_order"


def terms_of(coupon: Any) -> CouponTerms:
    """The frozen terms of a coupon: what its version promised at the issue, and the state it is in now.

    ``template`` and ``terms_version`` must be loaded, and ``batch`` where there is one. The limits of the member's day
    and of the store are known only for rows of :func:`with_limits`.
    """
    room, limit_reached = _room(coupon)
    return CouponTerms(
        **promise_of(coupon.terms_version.terms),
        coupon_id=coupon.pk,
        template_id=coupon.template_id,
        valid_from=coupon.valid_from,
        valid_until=coupon.valid_until,
        issued_at=coupon.issued_at,
        uses_left=coupon.uses_left,
        code=coupon.code,
        member_id=coupon.member_id,
        status=coupon.status,
        is_stopped=coupon.template.is_stopped or is_stopped_by_batch(coupon),
        limit_reached=limit_reached,
        room=room,
    )


def _room(coupon: Any) -> tuple[int | None, str]:
    """How many uses of its template are left, None for any number, and the name of the limit that leaves none."""
    template = coupon.template
    rooms: list[tuple[int, str]] = []
    if template.redeem_limit is not None:
        rooms.append((template.redeem_limit - template.redeemed_count, "redeem_limit"))
    if (store_room := getattr(coupon, "store_room", None)) is not None:
        rooms.append((store_room, "store_limit"))
    day_limit = coupon.terms_version.terms.get("member_day_limit")
    if day_limit is not None:
        rooms.append((day_limit - getattr(coupon, "used_today", 0), "day_limit"))
    reached = next((name for room, name in rooms if room <= 0), "")
    return min((room for room, _name in rooms), default=None), reached


def with_limits(
    coupons: QuerySet[Coupon], *, at: datetime, store: Store | None, member_id: int | None = None
) -> QuerySet[Coupon]:
    """The rows with all that :func:`terms_of` looks at, in the same statement; uses are counted only where limited.

    ``member_id`` is who would use a bearer coupon: its use counts in that member's day.
    """
    holder: Any = OuterRef("member_id")
    if member_id is not None:
        holder = Coalesce(holder, Value(member_id))
    used = (
        Event.objects.filter(
            kind=Event.Kind.REDEEMED,
            reversed_by__isnull=True,
            coupon__template=OuterRef("template_id"),
            coupon__member=holder,
            occurred_at__gte=start_of(local_day(at)),
        )
        .order_by()
        .values("coupon__template")
        .annotate(count=Count("pk"))
        .values("count")
    )
    limits = StoreLimit.objects.filter(template=OuterRef("template_id"), store=store)
    return coupons.select_related("template", "terms_version", "batch").annotate(
        used_today=Case(
            When(Q(terms_version__terms__member_day_limit__gt=0), then=Coalesce(Subquery(used), 0)),
            default=Value(0),
            output_field=IntegerField(),
        ),
        store_room=Subquery(limits.annotate(room=F("limit") - F("used_count")).values("room")[:1]),
    )


def list_usable_terms(*, member_id: int, at: datetime, store: Store | None = None) -> list[CouponTerms]:
    """Coupons of a member that are neither used, void nor over, soonest expiry first; one statement.

    Some cannot be used yet, or not for this basket: each goes through ``rules.why_not``, whose reason the till shows.
    """
    rows = Coupon.objects.filter(member_id=member_id, status=Coupon.Status.ISSUED, valid_until__gt=at)
    rows = with_limits(rows, at=at, store=store)
    return [terms_of(row) for row in rows.order_by("valid_until", "issued_at", "pk")]


def list_terms(
    *,
    coupon_ids: Iterable[int],
    at: datetime | None = None,
    store: Store | None = None,
    member_id: int | None = None,
) -> list[CouponTerms]:
    """Terms of certain coupons in whatever state, by id; one statement. Confirm reads them afresh with this.

    Without ``at`` the limits of the day and of the store are not looked at; ``member_id`` is who would use those
    that nobody holds.
    """
    rows = Coupon.objects.filter(pk__in=list(coupon_ids)).order_by("pk")
    if at is None:
        return [terms_of(row) for row in rows.select_related("template", "terms_version", "batch")]
    return [terms_of(row) for row in with_limits(rows, at=at, store=store, member_id=member_id)]


def find_terms_by_code(code: str) -> CouponTerms | None:
    """The coupon behind a scanned code, in whatever state, or None; a wrong check digit asks no database (R-K10)."""
    if not is_code(code):
        return None
    row = Coupon.objects.filter(code=code).select_related("template", "terms_version", "batch").first()
    return None if row is None else terms_of(row)


def get_stacking(*, per_order: int) -> Stacking:
    """Which classes go together (R-K6); one statement, so ask only where there are several coupons."""
    partners = (
        StackPair.objects.filter(first=OuterRef("pk"))
        .order_by()
        .values("first")
        .annotate(codes=ArrayAgg("second__code"))
        .values("codes")
    )
    rows = list(StackCategory.objects.annotate(partners=Subquery(partners)))
    return Stacking(
        per_order=per_order,
        classes={row.code: StackClass(row.code, row.name, row.is_exclusive, row.order_limit) for row in rows},
        pairs=frozenset(frozenset((row.code, code)) for row in rows for code in row.partners or ()),
    )


def explain_refusal(*, terms: CouponTerms, refusal: Refusal) -> str:
    """A refusal of ``coupons.rules`` in words for the cashier: what is missing, from when, or beside which coupon."""
    reason, missing = refusal.reason, refusal.missing
    asked = terms.conditions
    if reason == "threshold" and missing is not None:
        return _("%(amount)s more needed.") % {"amount": f"{settings.CURRENCY_SYMBOL}{missing}"}
    if reason == "pieces" and missing is not None:
        count = int(missing)
        return ngettext("%(count)s more piece needed.", "%(count)s more pieces needed.", count) % {"count": count}
    if reason == "not_yet":
        return _("Valid from %(day)s.") % {"day": _day(terms.valid_from)}
    if reason == "not_together":
        return _("Not together with %(name)s.") % {"name": refusal.other}
    if reason == "weekday":
        days = "/".join(str(WEEKDAYS_ABBR[day - 1]) for day in sorted(asked.weekdays))
        return _("Only on %(days)s.") % {"days": days}
    if reason == "time":
        if asked.to_time is None:
            return _("Only from %(time)s on.") % {"time": f"{asked.from_time:%H:%M}"}
        begins = f"{asked.from_time:%H:%M}" if asked.from_time else "00:00"
        return _("Only from %(begins)s to %(ends)s.") % {"begins": begins, "ends": f"{asked.to_time:%H:%M}"}
    if reason == "birthday" and asked.birthday_days:
        return _("Only within %(days)s days of the birthday.") % {"days": asked.birthday_days}
    return _words()[reason]


def explain(*, terms: CouponTerms, reason: str, missing: Any = None) -> str:
    """:func:`explain_refusal` from the parts of a refusal."""
    return explain_refusal(terms=terms, refusal=Refusal(reason, missing))


def _words() -> dict[str, str]:
    return {
        "used": _("This coupon has been used."),
        "void": _("This coupon is void."),
        "stopped": _("This coupon cannot be used at the moment."),
        "expired": _("This coupon has expired."),
        "nothing_eligible": _("Nothing in the basket can be paid with this coupon."),
        "saves_nothing": _("It would save nothing here."),
        "other_member": _("This coupon belongs to another member."),
        "member_only": _("Only with a member."),
        "member_not_active": _("The member cannot use coupons at the moment."),
        "recharge_only": _("Only for recharges."),
        "store": _("Not in this store."),
        "channel": _("Not at the counter."),
        "tier": _("Not for the tier of this member."),
        "tag": _("Only for members with a certain tag."),
        "first_order": _("Only for the first purchase."),
        "birthday": _("Only on the birthday."),
        "redeem_limit": _("It was used as often as it can be in all."),
        "store_limit": _("It was used as often as it can be in this store."),
        "day_limit": _("The member used as many today as allowed."),
        "order_full": _("No more coupons in one order."),
        "not_best": _("Another choice saves more."),
        "tier_better": _("The tier discount saves more."),
    }


def _day(at: datetime) -> str:
    return formats.date_format(timezone.localtime(at), "SHORT_DATE_FORMAT")
