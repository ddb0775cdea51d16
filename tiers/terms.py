"""Everything that a version of a level says, as one value: what drafts keep, forms fill and versions are made from."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tiers.models import Version
from tiers.rules import Thresholds, thresholds_from


@dataclass(frozen=True)
class Terms:
    """What a level asks, how it is kept and what it gives. The JSON parts have the forms of ``tiers.rules``."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    keep: str = Version.Keep.REQUALIFY.value
    discount_factor: Decimal = Decimal("1.0000")
    points_multiple: Decimal = Decimal("1.00")
    keep_rule: dict[str, Any] = field(default_factory=dict)
    validity: dict[str, Any] = field(default_factory=dict)
    grace_days: int = 0
    category_factors: dict[str, str] = field(default_factory=dict)
    perks: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a draft stores them; equal terms give equal JSON."""
        return {
            "thresholds": self.thresholds.to_json(),
            "keep": str(self.keep),
            "discount_factor": f"{self.discount_factor:.4f}",
            "points_multiple": f"{self.points_multiple:.2f}",
            "keep_rule": self.keep_rule,
            "validity": self.validity,
            "grace_days": self.grace_days,
            "category_factors": {
                category: f"{Decimal(factor):.4f}" for category, factor in sorted(self.category_factors.items())
            },
            "perks": list(self.perks),
        }

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a version that says this."""
        return {
            **self.to_json(),
            "discount_factor": self.discount_factor,
            "points_multiple": self.points_multiple,
        }


def terms_from(stored: dict[str, Any]) -> Terms:
    """The inverse of :meth:`Terms.to_json`."""
    return Terms(
        thresholds=thresholds_from(stored["thresholds"]),
        keep=stored["keep"],
        discount_factor=Decimal(stored["discount_factor"]),
        points_multiple=Decimal(stored["points_multiple"]),
        keep_rule=dict(stored["keep_rule"]),
        validity=dict(stored["validity"]),
        grace_days=stored["grace_days"],
        category_factors=dict(stored["category_factors"]),
        perks=tuple(stored["perks"]),
    )


def terms_of(version: Version) -> Terms:
    """What a version says."""
    return Terms(
        thresholds=version.rule,
        keep=version.keep,
        discount_factor=version.discount_factor,
        points_multiple=version.points_multiple,
        keep_rule=dict(version.keep_rule),
        validity=dict(version.validity),
        grace_days=version.grace_days,
        category_factors=dict(version.category_factors),
        perks=tuple(version.perks),
    )
