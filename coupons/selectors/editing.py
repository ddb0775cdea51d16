"""Reads for the desk: the list and the versions of templates, classes with what combines, coupons by filters."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from catalog.models import Product
from coupons.models import Coupon, Event, StackCategory, StackPair, StoreLimit, Template, TemplateVersion
from coupons.rules import CODE_LENGTH, GENERAL

#: What a coupon can be for people, in the order of the member's wallet.
STATES = ("usable", "not_yet", "used", "expired", "void")


def list_product_codes(product_ids: Collection[int]) -> dict[int, str]:
    """Article numbers by id; none asks no database."""
    if not product_ids:
        return {}
    return dict(Product.objects.filter(pk__in=product_ids).values_list("pk", "sku"))


def filter_templates(rows: QuerySet[Template], criteria: Mapping[str, Any]) -> QuerySet[Template]:
    """Templates narrowed to ``q`` in the name, ``status``, ``kind`` and ``stack_category``; empty ones ask nothing."""
    if text := str(criteria.get("q") or "").strip().replace("\0", ""):
        rows = rows.filter(name__icontains=text)
    for name in ("status", "kind", "stack_category"):
        if value := criteria.get(name):
            rows = rows.filter(**{name: value})
    return rows


def list_versions(*, template_id: int) -> QuerySet[TemplateVersion]:
    """The versions of a template, newest first, with ``coupons``: how many were issued with each."""
    issued = Coupon.objects.filter(terms_version=OuterRef("pk"), template=template_id).order_by()
    counted = issued.values("terms_version").annotate(count=Count("pk")).values("count")
    rows = TemplateVersion.objects.filter(template=template_id).select_related("actor")
    return rows.annotate(coupons=Coalesce(Subquery(counted), 0)).order_by("-number")


def list_store_limits(*, template_id: int) -> list[StoreLimit]:
    """The limits of stores with what is used of each, by store."""
    return list(StoreLimit.objects.filter(template=template_id).select_related("store").order_by("store__code"))


def list_classes() -> QuerySet[StackCategory]:
    """Classes in their order, with ``template_count`` and ``is_kept``: it stays because a coupon or template ever named
    it, or because it is the general one.
    """
    templates = Template.objects.filter(stack_category=OuterRef("pk")).order_by()
    counted = templates.values("stack_category").annotate(count=Count("pk")).values("count")
    versions = TemplateVersion.objects.alias(named=KT("terms__stack_category")).filter(named=OuterRef("code"))
    return StackCategory.objects.annotate(
        template_count=Coalesce(Subquery(counted), 0), is_kept=Q(code=GENERAL) | Exists(templates) | Exists(versions)
    ).order_by("position", "pk")


def list_pairs() -> set[frozenset[str]]:
    """The pairs of codes that combine."""
    return {frozenset(pair) for pair in StackPair.objects.values_list("first__code", "second__code")}


def in_state(rows: QuerySet[Coupon], state: str, at: datetime) -> QuerySet[Coupon]:
    """Coupons that are in one of :data:`STATES` at an instant; any other word asks nothing."""
    open_ones = Q(status=Coupon.Status.ISSUED)
    condition = {
        "usable": open_ones & Q(valid_from__lte=at, valid_until__gt=at),
        "not_yet": open_ones & Q(valid_from__gt=at),
        "used": Q(status=Coupon.Status.REDEEMED),
        "expired": open_ones & Q(valid_until__lte=at),
        "void": Q(status=Coupon.Status.VOID),
    }.get(state)
    return rows if condition is None else rows.filter(condition)


def filter_coupons(criteria: Mapping[str, Any], *, at: datetime) -> QuerySet[Coupon]:
    """Coupons with template, version, batch and holder, narrowed to whole or last digits of a ``code``, ``member``
    (ids), ``state``, ``template``, ``batch``, and the days of issue.
    """
    rows = Coupon.objects.select_related("template", "terms_version", "batch", "member")
    code = str(criteria.get("code") or "")
    if len(code) == CODE_LENGTH:
        rows = rows.filter(code=code)
    elif code:
        rows = rows.filter(code__endswith=code)
    if (members := criteria.get("member")) is not None:
        rows = rows.filter(member__in=members)
    for name in ("template", "batch"):
        if value := criteria.get(name):
            rows = rows.filter(**{name: value})
    if since := criteria.get("since"):
        rows = rows.filter(issued_at__gte=since)
    if until := criteria.get("until"):
        rows = rows.filter(issued_at__lt=until)
    return in_state(rows, str(criteria.get("state") or ""), at)


def count_by_state(*, member_id: int, at: datetime) -> dict[str, int]:
    """How many coupons of a member are in each state; one statement."""
    rows = Coupon.objects.filter(member_id=member_id)
    counts: dict[str, int] = rows.aggregate(
        usable=Count("pk", Q(status="issued", valid_from__lte=at, valid_until__gt=at)),
        not_yet=Count("pk", Q(status="issued", valid_from__gt=at)),
        used=Count("pk", Q(status="redeemed")),
        expired=Count("pk", Q(status="issued", valid_until__lte=at)),
        void=Count("pk", Q(status="void")),
    )
    return counts


def list_last_uses(coupons: Collection[int]) -> dict[int, Event]:
    """The last use of each coupon that was not given back, by the coupon's id; one statement."""
    rows = Event.objects.filter(coupon__in=coupons, kind=Event.Kind.REDEEMED, reversed_by__isnull=True)
    return {event.coupon_id: event for event in rows.select_related("store").order_by("pk")}
