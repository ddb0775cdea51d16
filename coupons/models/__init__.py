"""The tables of coupons."""

from coupons.models.coupons import Coupon, Event
from coupons.models.giving import Batch, Offer, Tries
from coupons.models.templates import StackCategory, StackPair, StoreLimit, Template, TemplateVersion

__all__ = [
    "Batch",
    "Coupon",
    "Event",
    "Offer",
    "StackCategory",
    "StackPair",
    "StoreLimit",
    "Template",
    "TemplateVersion",
    "Tries",
]
