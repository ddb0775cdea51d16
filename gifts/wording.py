"""What a plan gives and who can have it, in plain words for buttons, lists, forms and receipts."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from core.days import last_day, local_day
from gifts.models import Grant, GrantItem, RechargePlan
from gifts.selectors import Part, Terms, parts_of


def money(amount: Decimal) -> str:
    """``¥500`` or ``¥500.50``: a button has little room."""
    text = f"{amount:,.2f}".removesuffix(".00")
    return f"{settings.CURRENCY_SYMBOL}{text}"


def gives(terms: Terms, *, at: datetime | None = None) -> list[str]:
    """Everything that comes with the money, one text each.

    With ``at`` the bonus names its last day, which the customer must be told before paying (R-W1); without it says for
    how long it lasts.
    """
    plan = terms.plan
    texts = []
    if plan.bonus:
        texts.append(_bonus(plan, at))
    if plan.points:
        text = ngettext("%(count)s bonus point", "%(count)s bonus points", plan.points)
        texts.append(text % {"count": f"{plan.points:,}"})
    if plan.growth:
        text = ngettext("%(count)s growth point", "%(count)s growth points", plan.growth)
        texts.append(text % {"count": f"{plan.growth:,}"})
    texts += [_times(one.name, str(one.count)) for one in terms.coupons]
    texts += [_times(one.name, f"{one.quantity.normalize():f}") for one in terms.goods]
    return texts


def _bonus(plan: RechargePlan, at: datetime | None) -> str:
    ends_at = None if at is None else plan.bonus_expires_at(at)
    if ends_at is None:
        return _bonus_text(plan.bonus, plan.bonus_days)
    return _("%(amount)s bonus, valid through %(day)s") % {
        "amount": money(plan.bonus),
        "day": last_day(ends_at).isoformat(),
    }


def _bonus_text(bonus: Decimal, lasts: int | None) -> str:
    amount = money(bonus)
    if lasts is None:
        return _("%(amount)s bonus without end") % {"amount": amount}
    text = ngettext("%(amount)s bonus valid %(count)s day", "%(amount)s bonus valid %(count)s days", lasts)
    return text % {"amount": amount, "count": lasts}


def _times(name: str, count: str) -> str:
    return name if count == "1" else f"{count} × {name}"


def limits(plan: RechargePlan) -> list[str]:
    """Who can have it and how often, one text each."""
    texts = []
    if plan.is_first_only:
        texts.append(_("only for a first recharge"))
    if plan.member_limit == 1:
        texts.append(_("once per member"))
    elif plan.member_limit is not None:
        text = ngettext("%(count)s time per member", "%(count)s times per member", plan.member_limit)
        texts.append(text % {"count": plan.member_limit})
    if plan.daily_limit == 1:
        texts.append(_("once per member and day"))
    elif plan.daily_limit is not None:
        text = ngettext("%(count)s time per member and day", "%(count)s times per member and day", plan.daily_limit)
        texts.append(text % {"count": plan.daily_limit})
    if plan.total_limit is not None:
        text = ngettext("%(count)s package in all", "%(count)s packages in all", plan.total_limit)
        texts.append(text % {"count": f"{plan.total_limit:,}"})
    if plan.starts_on or plan.ends_on:
        texts.append(_period(plan))
    return texts


def _period(plan: RechargePlan) -> str:
    if plan.starts_on and plan.ends_on:
        return _("from %(first)s through %(last)s") % {
            "first": plan.starts_on.isoformat(),
            "last": plan.ends_on.isoformat(),
        }
    if plan.starts_on:
        return _("from %(first)s on") % {"first": plan.starts_on.isoformat()}
    return _("through %(last)s") % {"last": plan.ends_on.isoformat() if plan.ends_on else ""}


def joined(texts: Sequence[str]) -> str:
    """``A, B and C``."""
    if len(texts) < 2:
        return "".join(texts)
    return pgettext("list of gifts", ", ").join(texts[:-1]) + pgettext("list of gifts", " and ") + texts[-1]


def sentence(terms: Terms) -> str:
    """The whole plan as one sentence."""
    given, limited = gives(terms), limits(terms.plan)
    names = {
        "amount": money(terms.plan.amount),
        "gifts": joined(given),
        "limits": pgettext("list of gifts", ", ").join(limited),
    }
    if not given:
        return _("Pay %(amount)s, get nothing on top.") % names
    if not limited:
        return _("Pay %(amount)s, get %(gifts)s.") % names
    return _("Pay %(amount)s, get %(gifts)s; %(limits)s.") % names


def example(terms: Terms, *, at: datetime) -> str:
    """What a customer has who pays a little more today: principal, and the bonus with its last day."""
    plan = terms.plan
    paid = plan.amount + 20
    if not plan.bonus:
        return _("Example: who pays %(paid)s today has %(paid)s principal, which never expires.") % {
            "paid": money(paid)
        }
    names = {"paid": money(paid), "bonus": _bonus(plan, at), "total": money(paid + plan.bonus)}
    return (
        _(
            "Example: who pays %(paid)s today has %(paid)s principal, which never expires, and %(bonus)s: "
            "%(total)s to spend."
        )
        % names
    )


def part_text(part: Part) -> str:
    """One part of a pack; of bonus money also how long it lasts."""
    if part.kind == GrantItem.Kind.BONUS:
        return _bonus_text(part.quantity, part.days)
    return _amount_text(part.kind, part.name, part.quantity)


def _amount_text(kind: str, name: str, quantity: Decimal) -> str:
    count = f"{quantity.normalize():f}"
    if kind == GrantItem.Kind.POINTS:
        text = ngettext("%(count)s bonus point", "%(count)s bonus points", int(quantity))
        return text % {"count": f"{int(quantity):,}"}
    if kind == GrantItem.Kind.GROWTH:
        text = ngettext("%(count)s growth point", "%(count)s growth points", int(quantity))
        return text % {"count": f"{int(quantity):,}"}
    if kind == GrantItem.Kind.BONUS:
        return _("%(amount)s bonus") % {"amount": money(quantity)}
    return _times(name, count)


def pack_texts(parts: Sequence[Part]) -> list[str]:
    """Everything in a pack, one text each."""
    return [part_text(part) for part in parts]


def given_texts(grant: Grant) -> list[str]:
    """What a grant really gave, coupons of one name together; what could not be given is left out."""
    sums: dict[tuple[str, str], Decimal] = {}
    for item in sorted(grant.items.all(), key=lambda one: one.position):
        if item.state != GrantItem.State.MISSED:
            key = (item.kind, item.label)
            sums[key] = sums.get(key, Decimal(0)) + item.quantity
    return [_amount_text(kind, label, quantity) for (kind, label), quantity in sums.items()]


def promised_texts(grant: Grant) -> list[str]:
    """What a grant gave, or will give when it is released."""
    return pack_texts(parts_of(grant)) if grant.status == Grant.Status.PENDING else given_texts(grant)


def pack_sentence(parts: Sequence[Part]) -> str:
    """The whole pack as one sentence."""
    if not parts:
        return _("The pack gives nothing yet.")
    return _("Gives %(gifts)s.") % {"gifts": joined(pack_texts(parts))}


def reason_of(source: str) -> str:
    """Why something was given, in words, from the source of the grant."""
    kind, _separator, rest = source.partition(":")
    last = rest.rpartition(":")[2]
    if kind == "tier-monthly":
        return _("monthly gift for %(month)s") % {"month": last}
    if kind == "order-reward":
        return _("with order %(order)s") % {"order": rest.partition(":")[0]}
    return {
        "tier-upgrade": _("on reaching a tier"),
        "tier-birthday": _("on the birthday"),
        "giveaway": _("gift of the shop"),
        "recharge": _("with a recharge"),
    }.get(kind, source)


_BADGES = {"given": "success", "pending": "info", "settled": "warning"}


@dataclass(frozen=True)
class GrantRow:
    """A grant on the member page: why, what, and what became of it."""

    grant: Grant
    reason: str
    texts: tuple[str, ...]
    missed: tuple[str, ...]
    used: tuple[str, ...]
    badge: str
    is_standing: bool
    due_on: date | None


def grant_rows(grants: Iterable[Grant], *, used_coupons: Collection[int]) -> list[GrantRow]:
    """Grants with their items as rows for people; ``used_coupons`` are the ids of coupons that were used by now."""
    return [
        GrantRow(
            grant=grant,
            reason=reason_of(grant.source),
            texts=tuple(promised_texts(grant)),
            missed=tuple(
                item.label or _amount_text(item.kind, "", item.quantity)
                for item in grant.items.all()
                if item.state == GrantItem.State.MISSED
            ),
            used=tuple(_used_texts(grant, used_coupons)),
            badge=_BADGES.get(grant.status, "neutral"),
            is_standing=grant.status in _BADGES,
            due_on=local_day(grant.due_at) if grant.status == Grant.Status.PENDING and grant.due_at else None,
        )
        for grant in grants
    ]


def _used_texts(grant: Grant, used_coupons: Collection[int]) -> list[str]:
    """What of a grant was used: coupons by now, everything else when the grant was settled."""
    sums: dict[tuple[str, str], Decimal] = {}
    for item in sorted(grant.items.all(), key=lambda one: one.position):
        is_coupon = item.kind == GrantItem.Kind.COUPON and item.reference
        used = item.quantity if is_coupon and int(item.reference) in used_coupons else item.used
        if used:
            key = (item.kind, item.label)
            sums[key] = sums.get(key, Decimal(0)) + used
    return [_amount_text(kind, label, quantity) for (kind, label), quantity in sums.items()]
