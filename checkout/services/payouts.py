"""Cash that leaves a drawer for a refund of stored value or of a pass: once per document, in an open shift (R-C12)."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

import wallet.selectors
import wallet.services
from audit.services import Result, run_command
from checkout.models import Payout, Shift, Till
from checkout.selectors.orders import shift_summary
from checkout.services.tills import lock_open_shift
from core import audit
from core.errors import StateChanged
from stores.models import Staff


class CannotPayOut(StateChanged):
    """The document belongs to another store, was paid already, or the drawer holds too little."""


def pay_out_in_cash(*, key: UUID, till: Till, cash_out_id: int, actor: Staff, at: datetime) -> int:
    """Pay an approved refund of stored value out of the drawer of ``till`` and mark it paid; the payout's id.

    The sum is the document's with interest to this day. CannotPayOut, NoShift, or the wallet's refusal in words
    (``wallet.services.NotPayable``: not approved, paid before, or to be paid by bank); nothing moves then.
    """
    result = run_command(
        name="checkout.payout",
        key=key,
        content={"till": till.pk, "cash_out": cash_out_id},
        actor=actor,
        execute=lambda: _pay_out(till, cash_out_id, actor, at),
    )
    return int(result["payout"])


def _pay_out(till: Till, cash_out_id: int, actor: Staff, at: datetime) -> Result:
    shift = lock_open_shift(till.pk)
    if wallet.selectors.get_cash_out(cash_out_id).store_id != till.store_id:
        raise CannotPayOut(_("This refund is paid out in the store that granted it."))
    paid = wallet.services.pay_cash_out(cash_out_id=cash_out_id, method="cash", actor=actor, at=at)
    payout = record_payout(
        shift=shift, till=till, member_id=paid.member_id, source=paid.source, amount=paid.paid, actor=actor, at=at
    )
    return {"payout": payout.pk}


def record_payout(
    *, shift: Shift, till: Till, member_id: int, source: str, amount: Decimal, actor: Staff, at: datetime
) -> Payout:
    """Take cash for a document out of a drawer, whose shift the caller has locked (``lock_open_shift``).

    ``source`` is ``cash_out:id`` or ``pass_refund:id``, unique in the database. CannotPayOut where the drawer should
    hold less than ``amount``.
    """
    if Payout.objects.filter(source=source).exists():
        raise CannotPayOut(_("This was paid out before."))
    in_drawer = shift_summary(shift)["expected_cash"]
    if in_drawer < amount:
        raise CannotPayOut(
            _("The drawer should hold only %(found)s; %(amount)s is to be paid.")
            % {"found": in_drawer, "amount": amount}
        )
    payout = Payout.objects.create(
        store=till.store,
        till=till,
        shift=shift,
        actor=actor,
        member_id=member_id,
        source=source,
        amount=amount,
        business_on=till.store.business_day(at),
        occurred_at=at,
    )
    audit.record(
        "payout.made", actor=actor, subject=source, at=at, store=till.store, amount=str(amount), shift=shift.pk
    )
    return payout
