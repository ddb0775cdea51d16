"""What trials found, in the reader's language."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from checkout.selectors.replay.tiers import matrix_of
from core.templatetags.interface import money, points
from core.workbook import Column
from members.models import Member
from tiers.models import SHIPPED_NAMES, Tier
from trials.registry import Description, Figure, Row, Table


def describe_tiers(result: dict[str, Any]) -> Description:
    """A run of a tier draft."""
    return Description(
        sentences=[sentence for sentence in _tier_sentences(result) if sentence],
        figures=_tier_figures(result),
        tables=[_matrix(result), _movers(result, "winners"), _movers(result, "losers")],
    )


def _period(result: Mapping[str, Any]) -> dict[str, Any]:
    return {"first": result["first"], "last": result["last"]}


def _tier_sentences(result: Mapping[str, Any]) -> Iterable[str]:
    yield _("From %(first)s through %(last)s, the draft against the rules as they were.") % _period(result)
    moved = result["moved"]
    yield (
        ngettext("%(count)s member would stand elsewhere now.", "%(count)s members would stand elsewhere now.", moved)
        % {"count": points(moved)}
        if moved
        else _("Every member would stand where they stand now.")
    )
    cost = Decimal(result["now"]["payable"]) - Decimal(result["then"]["payable"])
    if cost > 0:
        yield _("Customers would have paid %(amount)s less.") % {"amount": money(cost)}
    elif cost < 0:
        yield _("Customers would have paid %(amount)s more.") % {"amount": money(-cost)}
    if result["orders_imported"]:
        yield ngettext(
            "%(count)s imported order was priced elsewhere: a tier lowers what its goods were sold for, on both sides.",
            "%(count)s imported orders were priced elsewhere: a tier lowers what their goods were sold for, on both "
            "sides.",
            result["orders_imported"],
        ) % {"count": points(result["orders_imported"])}
    yield _reproduced(result["orders"] - result["orders_imported"], result["orders_differ"])
    if result["levels_differ"]:
        yield ngettext(
            "%(count)s member really stands elsewhere than these orders say (imported, set by hand before, or by "
            "stored value).",
            "%(count)s members really stand elsewhere than these orders say (imported, set by hand before, or by "
            "stored value).",
            result["levels_differ"],
        ) % {"count": points(result["levels_differ"])}


def _reproduced(orders: int, differ: int) -> str:
    """How far the till's own orders come out as they were paid."""
    if not orders:
        return ""
    if not differ:
        return ngettext(
            "Check: %(orders)s order of the tills was priced again and comes out to the fen.",
            "Check: all %(orders)s orders of the tills were priced again and come out to the fen.",
            orders,
        ) % {"orders": points(orders)}
    return _("Check: %(differ)s of %(orders)s orders of the tills do not come out as they were paid.") % {
        "differ": points(differ),
        "orders": points(orders),
    }


def _change(before: str, after: str) -> str:
    return money(Decimal(after) - Decimal(before), "+")


def _tier_figures(result: Mapping[str, Any]) -> list[Figure]:
    now, then = result["now"], result["then"]
    before_after = pgettext("trial", "%(before)s → %(after)s")
    return [
        Figure(_("Members looked at"), points(result["members"])),
        Figure(pgettext("trial", "Moved"), points(result["moved"])),
        Figure(
            pgettext("trial", "Upgrades"),
            before_after % {"before": points(now["upgrades"]), "after": points(then["upgrades"])},
        ),
        Figure(
            pgettext("trial", "Downgrades"),
            before_after % {"before": points(now["downgrades"]), "after": points(then["downgrades"])},
        ),
        Figure(
            _("Orders with another price or points"),
            points(result["orders_changed"]),
            _("of %(count)s") % {"count": points(result["orders"])},
        ),
        Figure(
            _("Cost of discounts"),
            _change(then["payable"], now["payable"]),
            _("what customers would have paid less"),
        ),
        Figure(
            _("Cost of points"),
            _change(now["points_worth"], then["points_worth"]),
            _("at what points are worth at the till"),
        ),
        Figure(
            _("Margin"),
            before_after % {"before": money(Decimal(now["margin"])), "after": money(Decimal(then["margin"]))},
            _("of goods whose cost is known"),
        ),
    ]


def _tier_names(result: Mapping[str, Any]) -> dict[int, str]:
    """Names as they were at the run; shipped ones that kept theirs are translated."""
    return {
        tier["id"]: Tier(code=tier["code"], name=tier["name"]).label if tier["code"] in SHIPPED_NAMES else tier["name"]
        for tier in result["tiers"]
    }


def _matrix(result: Mapping[str, Any]) -> Table:
    names, counts = _tier_names(result), matrix_of(result)
    rows = [
        Row((name, *(counts.get((before, after), 0) for after in names), _row_total(counts, before)))
        for before, name in names.items()
    ]
    return Table(
        _("Who would stand where"),
        [
            Column(_("Under the rules as they were"), "text", 28),
            *(Column(name, "integer") for name in names.values()),
            Column(pgettext("trial", "All"), "integer"),
        ],
        rows,
        about=_("Rows: the tier under the rules as they were. Columns: the tier under the draft."),
    )


def _row_total(counts: Mapping[tuple[int, int], int], before: int) -> int:
    return sum(count for (row, _column), count in counts.items() if row == before)


def _members(ids: Iterable[int]) -> dict[int, str]:
    """Numbers and names; who was erased meanwhile is only a number."""
    return {one.pk: f"{one.number} {one.name}".strip() for one in Member.objects.filter(pk__in=list(ids))}


def _movers(result: Mapping[str, Any], side: str) -> Table:
    found = result[side]
    names = _members(one["member"] for one in found)
    rows = [
        Row(
            (
                names.get(one["member"], str(one["member"])),
                Decimal(one["money"]),
                one["points"],
                Decimal(one["total"]),
            ),
            f"member:{one['member']}",
        )
        for one in found
    ]
    wins = side == "winners"
    return Table(
        _("Who would gain most") if wins else _("Who would lose most"),
        [
            Column(_("Member"), "text", 30),
            Column(_("Paid less"), "money"),
            Column(_("More points"), "integer"),
            Column(_("Worth together"), "money"),
        ],
        rows,
        nothing=_("Nobody would gain.") if wins else _("Nobody would lose."),
    )


def describe_coupon(result: dict[str, Any]) -> Description:
    """A run of a coupon template."""
    return Description(
        sentences=[sentence for sentence in _coupon_sentences(result) if sentence],
        figures=_coupon_figures(result),
        tables=[_reasons(result), _users(result)],
    )


def _coupon_sentences(result: Mapping[str, Any]) -> Iterable[str]:
    yield ngettext(
        "From %(first)s through %(last)s, as if every member had held %(held)s of these coupons and the till had taken "
        "the best set each time.",
        "From %(first)s through %(last)s, as if every member had held %(held)s of these coupons and the till had taken "
        "the best set each time.",
        result["held"],
    ) % {**_period(result), "held": result["held"]}
    yield _("Who would have come because of it, no history knows.")
    if not result.get("is_recharge"):
        yield _reproduced(result["orders"] - result["orders_imported"], result["orders_differ"])
    if result["below_cost"]:
        yield ngettext(
            "%(count)s order would have gone below its cost.",
            "%(count)s orders would have gone below their cost.",
            result["below_cost"],
        ) % {"count": points(result["below_cost"])}


def _coupon_figures(result: Mapping[str, Any]) -> list[Figure]:
    recharge = result.get("is_recharge")
    used_on = pgettext("trial", "recharges") if recharge else pgettext("trial", "orders")
    figures = [
        Figure(
            pgettext("trial", "Used"),
            points(result["used"]),
            _("of %(count)s %(what)s") % {"count": points(result["orders"]), "what": used_on},
        ),
        Figure(
            _("Members who used it"),
            points(result["members_used"]),
            _("of %(count)s") % {"count": points(result["members"])},
        ),
        Figure(_("Bonus given") if recharge else _("Discount given"), money(Decimal(result["discount"]))),
        Figure(_("Recharged with it") if recharge else _("Sales with it"), money(Decimal(result["sales_used"]))),
    ]
    if recharge:
        return figures
    if result["points"]:
        figures.append(Figure(_("Cost of points"), money(Decimal(result["points_worth"])), points(result["points"])))
    return [
        *figures,
        Figure(
            _("Margin of these orders"),
            pgettext("trial", "%(before)s → %(after)s")
            % {"before": money(Decimal(result["margin"])), "after": money(Decimal(result["margin_after"]))},
            _("of goods whose cost is known"),
        ),
    ]


def _reasons(result: Mapping[str, Any]) -> Table:
    words = _reason_words()
    rows = [Row((words.get(reason, reason), count)) for reason, count in result["refusals"]]
    return Table(
        _("Why it was not used"),
        [
            Column(_("Reason"), "text", 40),
            Column(pgettext("trial", "Recharges") if result.get("is_recharge") else _("Orders"), "integer"),
        ],
        rows,
        nothing=_("It was used everywhere."),
    )


def _reason_words() -> dict[str, Any]:
    return {
        "used": _("used up by then"),
        "expired": _("not valid on that day"),
        "not_yet": _("not valid on that day"),
        "threshold": _("the amount was not reached"),
        "nothing_eligible": _("nothing that it is for"),
        "pieces": _("too few pieces"),
        "saves_nothing": _("it would have saved nothing"),
        "not_best": _("other coupons saved more"),
        "tier_better": _("the tier discount saved more"),
        "not_together": _("not together with the coupon used"),
        "order_full": _("enough coupons on the order"),
        "store": _("another store"),
        "channel": _("another channel"),
        "weekday": _("another weekday"),
        "time": _("another time of day"),
        "tier": _("another tier"),
        "tag": _("without the tag"),
        "first_order": _("not the first order"),
        "birthday": _("no birthday near"),
    }


def _users(result: Mapping[str, Any]) -> Table:
    found: Sequence[Mapping[str, Any]] = result["winners"]
    names = _members(one["member"] for one in found)
    return Table(
        _("Who would gain most"),
        [Column(_("Member"), "text", 30), Column(_("Saved"), "money"), Column(_("Times"), "integer")],
        [
            Row(
                (names.get(one["member"], str(one["member"])), Decimal(one["money"]), one["used"]),
                f"member:{one['member']}",
            )
            for one in found
        ],
        nothing=_("Nobody would gain."),
    )
