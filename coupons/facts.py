"""Facts about members that coupons offers to tags and filters."""

from datetime import datetime

from django.db.models import Count, IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from core.facts import Fact, Params
from coupons.models import Coupon


def unused_count(now: datetime, params: Params) -> Coalesce:
    """Coupons that are neither used, void nor over."""
    rows = Coupon.objects.filter(member=OuterRef("pk"), status=Coupon.Status.ISSUED, valid_until__gt=now)
    counted = rows.order_by().values("member").annotate(figure=Count("pk")).values("figure")
    return Coalesce(Subquery(counted), Value(0), output_field=IntegerField())


UNUSED_COUNT = Fact("coupons.unused_count", _("Unused coupons"), "integer", unused_count)
