"""Tills and shifts: a drawer is opened with a float and handed over with counted cash (R-C12)."""

from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from checkout.models import Shift, Till
from checkout.selectors.orders import shift_summary
from checkout.services.errors import NoShift
from core import audit
from core.errors import DomainError, StateChanged
from stores.models import Staff


class InvalidCash(DomainError):
    """A float or a count below zero."""


@transaction.atomic
def save_till(*, till: Till, actor: Staff | None, at: datetime) -> Till:
    """Create or change a till."""
    till.save()
    audit.record("till.saved", actor=actor, subject=f"till:{till.pk}", at=at, store=till.store)
    return till


@transaction.atomic
def open_shift(*, till: Till, opening_float: Decimal, actor: Staff, at: datetime) -> Shift:
    """Open the drawer; StateChanged where it is open already."""
    if opening_float < 0:
        raise InvalidCash(_("The float cannot be below zero."))
    try:
        with transaction.atomic():
            shift = Shift.objects.create(
                till=till,
                store=till.store,
                business_on=till.store.business_day(at),
                opened_by=actor,
                opened_at=at,
                opening_float=opening_float,
            )
    except IntegrityError as error:
        raise StateChanged(_("This till has an open shift already.")) from error
    audit.record("shift.opened", actor=actor, subject=f"shift:{shift.pk}", at=at, store=till.store)
    return shift


@transaction.atomic
def close_shift(*, shift_id: int, counted_cash: Decimal, actor: Staff, at: datetime) -> Shift:
    """Hand over: keep what was counted beside what should be there. NoShift where it was closed meanwhile.

    Sales lock the shift's row, so none can slip between the sum and the close.
    """
    if counted_cash < 0:
        raise InvalidCash(_("The counted cash cannot be below zero."))
    shift: Shift = Shift.objects.select_for_update(no_key=True).get(pk=shift_id)
    if shift.closed_at is not None:
        raise NoShift(_("This shift was closed meanwhile."))
    shift.expected_cash = shift_summary(shift)["expected_cash"]
    shift.counted_cash = counted_cash
    shift.closed_by = actor
    shift.closed_at = at
    shift.save(update_fields=["expected_cash", "counted_cash", "closed_by", "closed_at"])
    audit.record(
        "shift.closed",
        actor=actor,
        subject=f"shift:{shift.pk}",
        at=at,
        store=shift.store,
        expected=str(shift.expected_cash),
        counted=str(counted_cash),
    )
    return shift


def lock_open_shift(till_id: int) -> Shift:
    """The till's open shift, locked so that it cannot be closed under a sale; NoShift where there is none."""
    shift: Shift | None = (
        Shift.objects.select_for_update(no_key=True).filter(till_id=till_id, closed_at__isnull=True).first()
    )
    if shift is None:
        raise NoShift(_("Open a shift first."))
    return shift
