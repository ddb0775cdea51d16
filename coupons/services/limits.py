"""Limits per template and per store (R-K4): counted where they are set, taken by conditional UPDATEs.

A template without a limit counts nothing, so that a popular one is no row that every till waits for. Whoever sets a
limit counts the coupons and the uses so far; issues and uses under way at that moment hold the template's limits
(:func:`keep`, :func:`held`), so that they are either counted or see the new limit.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import CharField, Count, Exists, F, Func, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast

from core.days import local_day, start_of
from coupons.models import Coupon, Event, StoreLimit, Template
from stores.models import Store

_LOCK_CLASS: Final = 0x636F7570


def held(template_id: str) -> Func:
    """Keep a template's limits as they are until the transaction ends; an annotation of the read that needs them."""
    key = Cast(F(template_id), IntegerField())
    return Func(Value(_LOCK_CLASS), key, function="pg_advisory_xact_lock_shared", output_field=CharField())


def keep(template_id: int) -> None:
    """:func:`held` as a statement of its own: what is read after it knows the change that it waited for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [_LOCK_CLASS, template_id])


def hold(template_id: int) -> None:
    """Wait until no issue or use of the template is under way and let none begin; before its limits are changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, template_id])


def take_issues(template: Template, wanted: int) -> int:
    """Take up to so many of the limited number, whoever else does so at this moment; how many there were.

    The template was read under :func:`keep`. One without a limit counts nothing and gives all.
    """
    if template.total_limit is None:
        return wanted
    left = Template.objects.filter(pk=template.pk, issued_count__lte=F("total_limit") - wanted)
    if left.update(issued_count=F("issued_count") + wanted) == 1:
        return wanted
    if wanted == 1:
        return 0
    fresh = Template.objects.select_for_update(no_key=True).get(pk=template.pk)
    taken = max(0, min(wanted, template.total_limit - fresh.issued_count))
    if taken:
        Template.objects.filter(pk=template.pk).update(issued_count=F("issued_count") + taken)
    return taken


def count_issued(template_id: int) -> int:
    """Coupons given out so far, in whatever state; exact under :func:`hold`."""
    return Coupon.objects.filter(template=template_id).count()


def of_store(template: str, store: Store | None) -> Subquery:
    """The id of the limit that a store has for a template, as an annotation."""
    return Subquery(StoreLimit.objects.filter(template=OuterRef(template), store=store).values("pk")[:1])


def still_unlimited(coupon: Any, store: Store | None) -> Q:
    """That what was unlimited when the coupon was read is so still; a limit that existed is asked when it is taken."""
    condition = Q()
    if coupon.template.redeem_limit is None:
        condition &= Q(Exists(Template.objects.filter(pk=coupon.template_id, redeem_limit=None)))
    if coupon.store_limit is None and store is not None:
        condition &= ~Q(Exists(StoreLimit.objects.filter(template=coupon.template_id, store=store)))
    return condition


def take(coupon: Any, member_id: int | None, at: datetime) -> str:
    """Count one use; the reason why it is one too many, or nothing.

    The uses of a day are counted by events under the member's lock: those of coupons of the template that were not
    given back. The limit is the one that the coupon was issued with.
    """
    day_limit = coupon.terms_version.terms.get("member_day_limit")
    if day_limit is not None and member_id is not None and _used_today(coupon, member_id, at) >= day_limit:
        return "day_limit"
    if coupon.template.redeem_limit is not None and not _count_use(coupon.template_id):
        return "redeem_limit"
    if coupon.store_limit is not None and not _count_in_store(coupon.store_limit):
        return "store_limit"
    return ""


def _used_today(coupon: Any, member_id: int, at: datetime) -> int:
    return Event.objects.filter(
        kind=Event.Kind.REDEEMED,
        reversed_by__isnull=True,
        coupon__template=coupon.template_id,
        coupon__member=member_id,
        occurred_at__gte=start_of(local_day(at)),
    ).count()


def _count_use(template_id: int) -> bool:
    left = Template.objects.filter(pk=template_id, redeemed_count__lt=F("redeem_limit"))
    return left.update(redeemed_count=F("redeemed_count") + 1) == 1


def _count_in_store(limit_id: int) -> bool:
    left = StoreLimit.objects.filter(pk=limit_id, used_count__lt=F("limit"))
    return left.update(used_count=F("used_count") + 1) == 1


def give_back(coupon: Any) -> None:
    """One use less, where uses are counted; ``store_limit`` is that of the store in which the coupon was used."""
    if coupon.template.redeem_limit is not None:
        Template.objects.filter(pk=coupon.template_id).update(redeemed_count=F("redeemed_count") - 1)
    if coupon.store_limit is not None:
        StoreLimit.objects.filter(pk=coupon.store_limit).update(used_count=F("used_count") - 1)


def count_uses(template_id: int) -> dict[int | None, int]:
    """Uses so far that were not given back, by store; exact under :func:`hold`."""
    uses = Event.objects.filter(coupon__template=template_id, kind=Event.Kind.REDEEMED, reversed_by__isnull=True)
    return dict(uses.order_by().values_list("store_id").annotate(count=Count("pk")))


def save_store_limits(template: Template, limits: Mapping[int, int], used: Mapping[int | None, int]) -> None:
    """The limits of stores by id as they shall be from now on; a store that is missing has none."""
    StoreLimit.objects.filter(template=template).exclude(store__in=limits).delete()
    for store_id, limit in limits.items():
        StoreLimit.objects.update_or_create(
            template=template, store_id=store_id, defaults={"limit": limit, "used_count": used.get(store_id, 0)}
        )
