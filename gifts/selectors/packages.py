"""Reads of packages that were given: what of each part is used by now, and what could still be taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

import coupons.selectors
import points.selectors
import wallet.selectors
from coupons.rules import CouponTerms
from gifts.models import Grant, GrantItem

NOTHING = Decimal("0.000")
Kind = GrantItem.Kind


@dataclass(frozen=True)
class PackageItem:
    """One part of a package with what of it was used; ``unused`` is what a void or a refund can take back.

    ``is_withdrawn``: the coupon was voided by somebody meanwhile, so there is nothing left to take back.
    """

    item: GrantItem
    used: Decimal
    is_withdrawn: bool = False

    @property
    def unused(self) -> Decimal:
        """What is left."""
        return self.item.quantity - self.used

    @property
    def kind(self) -> str:
        """As ``GrantItem.Kind``."""
        return self.item.kind

    @property
    def is_given_bonus(self) -> bool:
        """Bonus money of a pack, which has a lot of its own; that of a recharge goes and stays with the recharge."""
        return self.kind == Kind.BONUS and self.item.grant.pack_id is not None

    @property
    def is_open(self) -> bool:
        """Given, and not settled by a void or a refund."""
        return self.item.state == GrantItem.State.GIVEN


@dataclass(frozen=True)
class Package:
    """A package with its parts in their order."""

    grant: Grant
    items: tuple[PackageItem, ...]

    @property
    def goods(self) -> tuple[PackageItem, ...]:
        """What was handed over and must come back over the counter."""
        return tuple(one for one in self.items if one.kind == Kind.GOODS and one.is_open)


def recharge_source(recharge_id: int) -> str:
    """How a package names its recharge; ``core.links`` resolves it."""
    return f"recharge:{recharge_id}"


def find_package(source: str) -> Package | None:
    """What was given at an occasion (``recharge:<id>``) with what is used of each part by now, None for nothing.

    Used are: bonus money that left its lots other than by expiry (of a pack: what was spent or passed on); points of
    the package's own lot that were spent; coupons that were redeemed, of a voucher the share of its uses. Growth points
    and goods are never "used": the first are a figure, the second are given back over the counter or kept.
    """
    grant = (
        Grant.objects.select_related("plan", "pack", "member").prefetch_related("items").filter(source=source).first()
    )
    return None if grant is None else package_of(grant)


def package_of(grant: Grant) -> Package:
    """A grant with what is used of each part by now."""
    items = sorted(grant.items.all(), key=lambda item: item.position)
    held = _coupons_of(items)
    return Package(grant, tuple(PackageItem(item, _used(grant, item, held), _is_void(item, held)) for item in items))


def list_package(source: str) -> tuple[PackageItem, ...]:
    """The parts of the package of ``recharge:<id>``, used and unused; nothing where the recharge had none."""
    package = find_package(source)
    return () if package is None else package.items


def list_grants(*, member_id: int) -> QuerySet[Grant]:
    """A member's packages, newest first, with their parts."""
    return Grant.objects.filter(member_id=member_id).prefetch_related("items").order_by("-granted_at", "-pk")


def used_coupons(grants: Iterable[Grant]) -> set[int]:
    """Ids of the coupons of several grants that are used by now, in one statement; items must be loaded."""
    held = _coupons_of([item for grant in grants for item in grant.items.all()])
    return {coupon_id for coupon_id, terms in held.items() if terms.status == "redeemed"}


def _used(grant: Grant, item: GrantItem, held: Mapping[int, CouponTerms]) -> Decimal:
    if item.state != GrantItem.State.GIVEN:
        return item.used
    if item.kind == Kind.BONUS and grant.pack_id is not None:
        return min(wallet.selectors.get_used_of_gift(int(item.reference)), item.quantity)
    if item.kind == Kind.BONUS:
        return min(max(_used_bonus(grant, item), NOTHING), item.quantity)
    if item.kind == Kind.POINTS:
        return Decimal(_used_points(item.reference))
    if item.kind == Kind.COUPON:
        return _used_uses(item, _coupon_of(item, held))
    return NOTHING


def _used_uses(item: GrantItem, terms: CouponTerms | None) -> Decimal:
    """Of a voucher with several uses the part that was used, of any other coupon all or nothing."""
    if terms is None:
        return NOTHING
    part = item.quantity * (terms.uses - terms.uses_left) / terms.uses
    return min(max(part, NOTHING), item.quantity).quantize(NOTHING)


def _used_bonus(grant: Grant, item: GrantItem) -> Decimal:
    """What left this account's bonus lots of the recharge, grace lots of refunds included, expiry left out."""
    recharge = wallet.selectors.get_recharge(int(item.reference))
    lots = [lot for lot in recharge.lots.all() if lot.bucket == lot.Bucket.BONUS and lot.account_id == grant.member_id]
    here = sum((lot.remaining + lot.expired for lot in lots), Decimal(0))
    return item.quantity - Decimal(here)


def _used_points(key: str) -> int:
    """Points of the entry's own lots that were spent; what repaid a debt or has expired is not used."""
    entry = points.selectors.find_entry(idempotency_key=key)
    if entry is None:
        return 0
    return sum(lot.granted - lot.remaining - lot.expired for lot in entry.lots.all())


def _coupon_of(item: GrantItem, held: Mapping[int, CouponTerms]) -> CouponTerms | None:
    return held.get(int(item.reference)) if item.kind == Kind.COUPON and item.reference else None


def _is_void(item: GrantItem, held: Mapping[int, CouponTerms]) -> bool:
    terms = _coupon_of(item, held)
    return terms is not None and terms.status == "void"


def _coupons_of(items: list[GrantItem]) -> dict[int, CouponTerms]:
    ids = [int(item.reference) for item in items if item.kind == Kind.COUPON and item.reference]
    return {terms.coupon_id: terms for terms in coupons.selectors.list_terms(coupon_ids=ids)} if ids else {}
