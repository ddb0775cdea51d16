"""The tables of gifts."""

from gifts.models.granted import Grant, GrantItem
from gifts.models.packs import Pack, PackItem
from gifts.models.plans import PlanCoupon, PlanItem, RechargePlan

__all__ = ["Grant", "GrantItem", "Pack", "PackItem", "PlanCoupon", "PlanItem", "RechargePlan"]
