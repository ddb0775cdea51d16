"""Freezing stored value, and cards that are lost (R-W7). Refunds come in whatever the status is."""

from datetime import date, datetime

from django.utils.translation import gettext as _

import members.services
from core import audit
from core.database import joining_atomic
from core.errors import DomainError, StateChanged
from members.services import lock_member
from stores.models import Staff, Store
from wallet.models import Account

Status = Account.Status


class ReasonMissing(DomainError):
    """Freezing, clearing and correcting need a reason."""


class WrongAccountStatus(StateChanged):
    """The account is frozen already, or not frozen; usually somebody else was quicker."""


@joining_atomic
def freeze_account(
    *, member_id: int, reason: str, actor: Staff | None, at: datetime, store: Store | None = None
) -> None:
    """Stop payments, recharges, transfers and payouts of this member's stored value; points and coupons go on.

    Needs a reason. WrongAccountStatus where it is frozen already. A member without an account gets one, so that
    nothing can be recharged either.
    """
    _change(member_id, Status.ACTIVE, Status.FROZEN, "wallet.frozen", reason, actor, at, store)


@joining_atomic
def unfreeze_account(
    *, member_id: int, reason: str, actor: Staff | None, at: datetime, store: Store | None = None
) -> None:
    """Lift a freeze, with a reason. WrongAccountStatus where it is not frozen; a reported loss stays."""
    _change(member_id, Status.FROZEN, Status.ACTIVE, "wallet.unfrozen", reason, actor, at, store)


@joining_atomic
def report_loss(*, member_id: int, cause: str, actor: Staff | None, at: datetime, store: Store | None = None) -> None:
    """Block the card (``lost`` or ``stolen``), and with it the stored value, at once.

    The account counts as lost as long as the present card is blocked. An unnamed card has nobody whose card it is:
    ``members.services.NotOfUnnamed``. There is no clause that a lost named card is not replaced (Arts. 9, 24).
    """
    members.services.block_card(member_id=member_id, reason=cause, actor=actor, at=at, store=store)


@joining_atomic
def replace_card(
    *, member_id: int, cause: str, actor: Staff | None, at: datetime, store: Store | None = None, number: str = ""
) -> str:
    """Give the member a new card number, which is returned: the stored value is usable again, nothing of it moves.

    A freeze stays. The old number is refused with the reason (``members.services.replace_card``).
    """
    return members.services.replace_card(
        member_id=member_id, reason=cause, actor=actor, at=at, store=store, number=number
    )


@joining_atomic
def limit_recharges(
    *,
    member_id: int,
    recharging: str,
    until: date | None,
    reason: str,
    actor: Staff | None,
    at: datetime,
    store: Store | None = None,
) -> None:
    """Make the card one that is recharged once, never, or until a day (included), or lift that; with a reason.

    Only what comes in is limited: principal that is there never expires (R-W1). What changes nothing writes nothing.
    """
    reason = checked_reason(reason)
    lock_member(member_id)
    account, _created = Account.objects.get_or_create(pk=member_id)
    before = (account.recharging, account.recharge_until)
    if before == (recharging, until):
        return
    account.recharging, account.recharge_until = recharging, until
    account.save(update_fields=["recharging", "recharge_until"])
    audit.record(
        "wallet.recharges_limited",
        actor=actor,
        subject=f"member:{member_id}",
        at=at,
        store=store,
        reason=reason,
        before=before,
        after=(recharging, until),
    )


def _change(
    member_id: int,
    before: str,
    after: str,
    action: str,
    reason: str,
    actor: Staff | None,
    at: datetime,
    store: Store | None,
) -> None:
    reason = checked_reason(reason)
    lock_member(member_id)
    account, _created = Account.objects.get_or_create(pk=member_id)
    if account.status != before:
        raise WrongAccountStatus(
            _("This is not possible now: the stored value is %(status)s.") % {"status": account.get_status_display()}
        )
    account.status = after
    account.save(update_fields=["status"])
    audit.record(action, actor=actor, subject=f"member:{member_id}", at=at, store=store, reason=reason)


def checked_reason(text: str) -> str:
    """The reason without space around it; ReasonMissing for none or one that is too long."""
    text = text.strip()
    if not text:
        raise ReasonMissing(_("A reason is needed."))
    if len(text) > 500:
        raise ReasonMissing(_("The reason is too long."))
    return text
