"""A member's coupons as a person reads them: what each promises, until when, and what became of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.days import last_day, local_day
from coupons import wording
from coupons.models import Coupon, Event
from coupons.selectors.coupons import State, state_of
from coupons.selectors.editing import list_last_uses

SOON = 7


@dataclass(frozen=True)
class WalletRow:
    """A coupon with its promise, its state, and the reason for it in words."""

    coupon: Coupon
    name: str
    promise: str
    state: State
    reason: str

    @classmethod
    def of(cls, coupon: Coupon, at: datetime, use: Event | None = None) -> "WalletRow":
        """``template``, ``terms_version`` and ``batch`` of the coupon must be loaded."""
        terms = coupon.terms_version.terms
        promise = wording.promise(wording.template_of(terms))
        return cls(coupon, terms["name"], promise, state_of(coupon, at), _reason(coupon, at, use))


def wallet_rows(coupons: Collection[Coupon], at: datetime) -> list[WalletRow]:
    """Rows for a page; one statement more where some of them were used."""
    used = [coupon.pk for coupon in coupons if coupon.status == Coupon.Status.REDEEMED]
    uses = list_last_uses(used) if used else {}
    return [WalletRow.of(coupon, at, uses.get(coupon.pk)) for coupon in coupons]


def _reason(coupon: Coupon, at: datetime, use: Event | None) -> str:
    if coupon.status == Coupon.Status.REDEEMED:
        if use is None:
            return ""
        day = _day(use.occurred_at)
        if use.store is None:
            return _("on %(day)s") % {"day": day}
        return _("on %(day)s in %(store)s") % {"day": day, "store": use.store.name}
    if coupon.status == Coupon.Status.VOID:
        return _("withdrawn")
    if at >= coupon.valid_until:
        return _("not used in time")
    if at < coupon.valid_from:
        return _("from %(day)s on") % {"day": _day(coupon.valid_from)}
    parts = []
    if coupon.terms_version.terms.get("uses", 1) > 1:
        left = coupon.uses_left
        parts.append(ngettext("%(count)s use left", "%(count)s uses left", left) % {"count": left})
    days = (last_day(coupon.valid_until) - local_day(at)).days
    if days == 0:
        parts.append(_("ends today"))
    elif days <= SOON:
        parts.append(ngettext("%(days)s day left", "%(days)s days left", days) % {"days": days})
    return " · ".join(parts)


def _day(at: datetime) -> str:
    return timezone.localtime(at).date().isoformat()
