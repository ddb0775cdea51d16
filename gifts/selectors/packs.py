"""Reads of gift packs: what each gives, in one shape for giving, for snapshots and for words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

import coupons.selectors
from core.money import half_up
from gifts.models import Grant, Pack, PackItem


@dataclass(frozen=True)
class Part:
    """One part of what is given. ``cost`` is what all of it costs the shop at most, None where that is unknown.

    ``reference`` is filled where something was posted already: the recharge of bonus money that came with it.
    """

    kind: str
    quantity: Decimal
    name: str = ""
    template_id: int | None = None
    product_id: int | None = None
    days: int | None = None
    cost: Decimal | None = None
    reference: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a grant keeps it."""
        optional = {
            "name": self.name,
            "template": self.template_id,
            "product": self.product_id,
            "days": self.days,
            "cost": None if self.cost is None else str(self.cost),
        }
        required = {"kind": self.kind, "quantity": f"{self.quantity.normalize():f}"}
        return required | {name: value for name, value in optional.items() if value not in {None, ""}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Part":
        """What :meth:`to_json` wrote."""
        return cls(
            kind=data["kind"],
            quantity=Decimal(data["quantity"]),
            name=data.get("name", ""),
            template_id=data.get("template"),
            product_id=data.get("product"),
            days=data.get("days"),
            cost=Decimal(data["cost"]) if "cost" in data else None,
        )


@dataclass(frozen=True)
class PackTerms:
    """A pack with everything it gives, in its order."""

    pack: Pack
    parts: tuple[Part, ...] = ()

    def snapshot(self) -> dict[str, Any]:
        """What a grant keeps of the pack (rules.md 0.5)."""
        return {
            "pack": self.pack.pk,
            "version": self.pack.version,
            "name": self.pack.name,
            "parts": [part.to_json() for part in self.parts],
        }


def parts_of(grant: Grant) -> tuple[Part, ...]:
    """What was promised with a grant of a pack, from its snapshot."""
    return tuple(Part.from_json(data) for data in grant.plan_snapshot.get("parts", ()))


def list_packs(*, search: str = "", is_active: bool | None = None) -> QuerySet[Pack]:
    """Packs by name, those in use first."""
    rows = Pack.objects.order_by("-is_active", "name", "pk")
    if search:
        rows = rows.filter(name__icontains=search)
    return rows if is_active is None else rows.filter(is_active=is_active)


def get_pack(pk: int) -> Pack:
    """One pack; Pack.DoesNotExist."""
    return Pack.objects.get(pk=pk)


def read_pack_terms(packs: Iterable[Pack]) -> list[PackTerms]:
    """What several packs give, in their order; two statements and one for coupons however many there are."""
    wanted = list(packs)
    rows = Pack.objects.filter(pk__in=[pack.pk for pack in wanted]).prefetch_related(
        Prefetch("items", PackItem.objects.select_related("product").order_by("position"))
    )
    items = {row.pk: list(row.items.all()) for row in rows}
    ids = {item.template_id for some in items.values() for item in some if item.template_id is not None}
    templates = coupons.selectors.get_templates(ids) if ids else {}
    return [
        PackTerms(pack, tuple(part_of(item, templates) for item in items[pack.pk] if _is_known(item, templates)))
        for pack in wanted
    ]


def get_pack_terms(pack: Pack) -> PackTerms:
    """What one pack gives."""
    return read_pack_terms([pack])[0]


def _is_known(item: PackItem, templates: Mapping[int, Any]) -> bool:
    return item.template_id is None or item.template_id in templates


def part_of(item: PackItem, templates: Mapping[int, Any]) -> Part:
    """A row of a pack with the names and the cost of today."""
    name, cost = item.text, None
    if item.template_id is not None:
        template = templates[item.template_id]
        name = template.name
        cost = None if template.amount is None else template.amount * int(item.quantity)
    elif item.product is not None:
        name = item.product.name
        cost = None if item.product.cost is None else half_up(item.product.cost * item.quantity)
    elif item.kind == PackItem.Kind.BONUS:
        cost = item.quantity
    return Part(item.kind, item.quantity, name, item.template_id, item.product_id, item.days, cost)


@dataclass(frozen=True)
class Given:
    """How often a pack was given, waits, and was taken back."""

    given: int = 0
    pending: int = 0
    taken_back: int = 0


def count_given() -> dict[int, Given]:
    """Per pack what became of it, one statement."""
    rows = (
        Grant.objects.filter(pack__isnull=False)
        .values_list("pack_id")
        .annotate(
            given=Count("pk", filter=Q(status__in=[Grant.Status.GIVEN, Grant.Status.SETTLED])),
            pending=Count("pk", filter=Q(status=Grant.Status.PENDING)),
            back=Count("pk", filter=Q(status__in=[Grant.Status.TAKEN_BACK, Grant.Status.CANCELLED])),
        )
    )
    return {pack_id: Given(given, pending, back) for pack_id, given, pending, back in rows if pack_id is not None}


def find_grant(source: str) -> Grant | None:
    """What was given at an occasion, or None."""
    return Grant.objects.select_related("pack").filter(source=source).first()


def list_due(*, at: datetime) -> QuerySet[Grant]:
    """Held-back packs whose time has come."""
    return Grant.objects.filter(status=Grant.Status.PENDING, due_at__lte=at)
