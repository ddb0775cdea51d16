"""Gift packs through the front door."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from coupons.models import Template
from gifts.models import Pack
from gifts.selectors import Part
from gifts.services import save_pack

_numbers = count(1)
NOW = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


def create_pack(
    *,
    points: int = 0,
    growth: int = 0,
    bonus: str = "",
    bonus_days: int | None = None,
    coupons: dict[int, int] | None = None,
    goods: str = "",
    name: str = "",
) -> Pack:
    """A pack with what is named; 50 points where nothing is."""
    parts = []
    if points or not (growth or coupons or goods or bonus):
        parts.append(Part("points", Decimal(points or 50)))
    if growth:
        parts.append(Part("growth", Decimal(growth)))
    if bonus:
        parts.append(Part("bonus", Decimal(bonus), days=bonus_days))
    parts += [Part("coupon", Decimal(number), template_id=template) for template, number in (coupons or {}).items()]
    if goods:
        parts.append(Part("goods", Decimal(1), goods))
    return save_pack(pack=Pack(name=name or f"礼包{next(_numbers)}"), parts=parts, actor=None, at=NOW)


def pause(template: Template) -> None:
    """Stop giving a coupon out."""
    Template.objects.filter(pk=template.pk).update(status=Template.Status.PAUSED)
