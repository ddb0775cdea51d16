"""Reads of templates."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, Count, F, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from core.money import ZERO
from coupons.models import Coupon, Event, Template


def list_templates(*, status: str = "") -> QuerySet[Template]:
    """Templates, newest first, with ``given_count`` (coupons given out), ``used_count`` (uses that stand) and
    ``discount_total`` (the cost so far).
    """
    rows = Template.objects.all()
    if status:
        rows = rows.filter(status=status)
    return _with_counts(rows).order_by("-pk")


def _with_counts(templates: QuerySet[Template]) -> QuerySet[Template]:
    used = Event.objects.filter(coupon__template=OuterRef("pk"), kind=Event.Kind.REDEEMED, reversed_by__isnull=True)
    events = Event.objects.filter(coupon__template=OuterRef("pk"))
    given = Coupon.objects.filter(template=OuterRef("pk"))
    return templates.annotate(
        # Kept in the row only where there is a limit, so that a template without one is no row that all wait for.
        given_count=Case(
            When(total_limit__isnull=False, then=F("issued_count")),
            default=Coalesce(Subquery(_one(given, Count("pk"))), 0),
        ),
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
