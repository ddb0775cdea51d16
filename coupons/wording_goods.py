"""Which goods a coupon is for and when, in words: ids become names here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from catalog.models import Brand, Category, Product
from core import facts
from stores.models import Store
from tags.models import Tag

CHANNELS = ("counter", "online")
TIER_FACT = "tiers.tier"


def channel_choices() -> list[tuple[str, str]]:
    """The channels that sales come from."""
    return [("counter", pgettext("channel", "at the counter")), ("online", pgettext("channel", "online"))]


def tier_choices() -> list[tuple[str, str]]:
    """Codes and names of tiers, which live above coupons: through the fact that they offer to all; may be none."""
    fact = facts.all_facts().get(TIER_FACT)
    return [] if fact is None or fact.choices is None else fact.choices()


@dataclass(frozen=True)
class Names:
    """The names behind the ids of a scope and of conditions, read together."""

    products: dict[int, str] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)
    brands: dict[int, str] = field(default_factory=dict)
    stores: dict[int, str] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, scope: Mapping[str, Any], conditions: Mapping[str, Any]) -> "Names":
        """At most one statement for each sort of thing that is named."""

        def read(model: Any, *names: str) -> dict[int, str]:
            ids = {pk for name in names for pk in scope.get(name) or conditions.get(name) or ()}
            return {} if not ids else dict(model.objects.filter(pk__in=ids).values_list("pk", "name"))

        return cls(
            products=read(Product, "products", "not_products"),
            categories=read(Category, "categories", "not_categories"),
            brands=read(Brand, "brands", "not_brands"),
            stores=read(Store, "stores"),
            tags=read(Tag, "tags"),
            tiers=dict(tier_choices()) if conditions.get("tiers") else {},
        )


def goods(scope: Mapping[str, Any], names: Names) -> str:
    """For which goods."""
    included, excluded = _named(scope, names, ""), _named(scope, names, "not_")
    if included and excluded:
        return _("For %(goods)s, but not for %(others)s.") % {"goods": included, "others": excluded}
    if included:
        return _("For %(goods)s.") % {"goods": included}
    if excluded:
        return _("For all goods but %(others)s.") % {"others": excluded}
    return _("For all goods that take coupons.")


def _named(scope: Mapping[str, Any], names: Names, sign: str) -> str:
    categories = _known(scope.get(f"{sign}categories"), names.categories)
    brands = _known(scope.get(f"{sign}brands"), names.brands)
    parts = [
        *_known(scope.get(f"{sign}products"), names.products),
        *(_("the category %(name)s") % {"name": name} for name in categories),
        *(_("the brand %(name)s") % {"name": name} for name in brands),
    ]
    return pgettext("list", ", ").join(parts)


def _known(ids: Iterable[Any] | None, names: Mapping[Any, str]) -> list[str]:
    return [names.get(pk, f"#{pk}") for pk in ids or ()]


def conditions(asked: Mapping[str, Any], names: Names) -> list[str]:
    """When, where and for whom, a sentence each; nothing where nothing is asked."""
    several: tuple[tuple[str, Callable[[], Iterable[str]], str], ...] = (
        ("stores", lambda: _known(asked["stores"], names.stores), _("Only in %(list)s.")),
        ("channels", lambda: _known(asked["channels"], dict(channel_choices())), _("Only %(list)s.")),
        ("weekdays", lambda: [str(WEEKDAYS[day - 1]) for day in asked["weekdays"]], _("Only on %(list)s.")),
        ("tiers", lambda: _known(asked["tiers"], names.tiers), _("Only for the tiers %(list)s.")),
        ("tags", lambda: _known(asked["tags"], names.tags), _("Only for members with the tag %(list)s.")),
    )
    comma = pgettext("list", ", ")
    sentences = [text % {"list": comma.join(parts())} for name, parts, text in several if asked.get(name)]
    if asked.get("from_time"):
        sentences.append(
            _("Only from %(first)s to %(last)s.") % {"first": asked["from_time"], "last": asked.get("to_time", "")}
        )
    if asked.get("first_order"):
        sentences.append(_("Only for a member's first order."))
    days = asked.get("birthday_days")
    if days == 0:
        sentences.append(_("Only on the member's birthday."))
    elif days is not None:
        text = ngettext(
            "Only from %(days)s day before to %(days)s day after the member's birthday.",
            "Only from %(days)s days before to %(days)s days after the member's birthday.",
            days,
        )
        sentences.append(text % {"days": days})
    return sentences
