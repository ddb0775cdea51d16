"""The member's PIN (R-W10): set, changed, taken away, typed at the till. It is kept as a hash and never logged."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.hashers import check_password, make_password
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core import audit
from core.errors import DomainError, StateChanged
from members import rules
from members.models import Member, Pin, PinProof
from members.selectors import get_phone
from members.services.errors import InvalidMember, WrongStatus, check_reason
from members.services.locking import lock_member
from stores.models import Staff, Store

PIN_LOCK = timedelta(minutes=30)
PROOF_VALID = timedelta(minutes=2)
_PROOFS_KEPT = timedelta(days=1)


class InvalidPin(InvalidMember):
    """These digits are no PIN or too easy to guess; ``field`` is ``pin``."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "pin")


class PinExists(StateChanged):
    """The member has a PIN: it is changed with the old one or removed by a manager, never overwritten."""


class PinRefused(DomainError):
    """Wrong PIN or no PIN at all: one text for both, so that guessing learns nothing."""


class PinLocked(PinRefused):
    """Too many wrong tries; nothing is looked at until the lock ends."""


class InvalidProof(StateChanged):
    """The proof is of another member, older than two minutes, or was used: the PIN is asked for anew."""


@transaction.atomic
def set_pin(*, member_id: int, pin: str, actor: Staff | None, at: datetime, store: Store | None = None) -> None:
    """Give a member without a PIN one. InvalidPin for easy ones, PinExists, WrongStatus for closed members."""
    member = _lock_open(member_id)
    _check_choice(member, pin)
    if Pin.objects.filter(member=member).exists():
        raise PinExists(_("This member has a PIN already. A forgotten one is removed by a manager."))
    Pin.objects.create(member=member, hash=make_password(pin), set_at=at)
    audit.record("member.pin_set", actor=actor, subject=f"member:{member_id}", at=at, store=store)


def change_pin(
    *, member_id: int, old_pin: str, pin: str, actor: Staff | None, at: datetime, store: Store | None = None
) -> None:
    """Replace a PIN by one who knows the old one; a wrong old one counts as a try and refuses as :func:`verify_pin`.

    Two transactions, because the count of tries must survive the refusal: not to be called inside another.
    """
    _check_choice(Member.objects.get(pk=member_id), pin)
    proof = verify_pin(member_id=member_id, pin=old_pin, at=at, actor=actor, store=store)
    with transaction.atomic():
        _lock_open(member_id)
        use_pin_proof(member_id=member_id, proof=proof, at=at)
        Pin.objects.filter(member_id=member_id).update(hash=make_password(pin), set_at=at)
        audit.record("member.pin_changed", actor=actor, subject=f"member:{member_id}", at=at, store=store)


@transaction.atomic
def reset_pin(
    *, member_id: int, reason: str, id_shown: bool, actor: Staff, at: datetime, store: Store | None = None
) -> None:
    """Remove PIN and lock, so that the member sets a new one. Needs a reason and an identity document that was seen.

    WrongStatus where there is no PIN. Proofs given before end with it.
    """
    reason = check_reason(reason)
    if not id_shown:
        raise InvalidMember(_("Ask for an identity document first."), "id_shown")
    member = _lock_open(member_id)
    if not Pin.objects.filter(member=member).delete()[0]:
        raise WrongStatus(_("This member has no PIN."))
    PinProof.objects.filter(member=member, used_at=None).delete()
    audit.record(
        "member.pin_reset", actor=actor, subject=f"member:{member_id}", at=at, store=store, reason=reason, id_shown=True
    )


def verify_pin(
    *, member_id: int, pin: str, at: datetime, actor: Staff | None = None, store: Store | None = None
) -> UUID:
    """A proof for :func:`use_pin_proof` if the PIN is right: good once, within two minutes.

    PinRefused for a wrong PIN and, in the same words, for none; PinLocked for thirty minutes after five wrong tries in
    a row, whatever is typed then. Commits alone, so that the count survives a refused sale: not to be called inside a
    transaction. ``actor`` is who stood at the till; kept with every failure, the digits are not.
    """
    with transaction.atomic(durable=True):
        proof, refusal = _try(member_id, pin, at, actor, store)
    if refusal is not None:
        raise refusal
    assert proof is not None  # noqa: S101 (tells the type checker)
    return proof


def _try(
    member_id: int, pin: str, at: datetime, actor: Staff | None, store: Store | None
) -> tuple[UUID | None, PinRefused | None]:
    row = _lock_pin(member_id)
    if row is not None and row.locked_until is not None and at < row.locked_until:
        return None, PinLocked(_("Too many wrong PINs. Try again in 30 minutes, or ask a manager to remove the PIN."))
    # Without a PIN an equally slow comparison, so that the time tells nothing either.
    if row is not None and check_password(pin, row.hash):
        if row.failures or row.locked_until:
            row.failures, row.locked_until = 0, None
            row.save(update_fields=["failures", "locked_until"])
        return _new_proof(member_id, at), None
    if row is None:
        make_password(pin)
    else:
        _count_failure(row, at)
    is_locked = row is not None and row.locked_until is not None
    audit.record(
        "member.pin_failed", actor=actor, subject=f"member:{member_id}", at=at, store=store, is_locked=is_locked
    )
    return None, PinRefused(pgettext("member", "The PIN is not right."))


def _lock_pin(member_id: int) -> Pin | None:
    return Pin.objects.select_for_update(no_key=True).filter(member_id=member_id).first()


def _count_failure(row: Pin, at: datetime) -> None:
    # Tries from before a lock that has ended do not count again.
    row.failures = 1 if row.locked_until is not None else row.failures + 1
    row.locked_until = at + PIN_LOCK if row.failures >= rules.PIN_TRIES else None
    row.save(update_fields=["failures", "locked_until"])


def _new_proof(member_id: int, at: datetime) -> UUID:
    PinProof.objects.filter(member_id=member_id, created_at__lt=at - _PROOFS_KEPT).delete()
    return PinProof.objects.create(id=uuid4(), member_id=member_id, created_at=at).pk


def use_pin_proof(*, member_id: int, proof: UUID, at: datetime) -> None:
    """Use up a proof for a payment of this member, in the caller's transaction: rolled back, it is good again.

    InvalidProof where it is not this member's, was used, or is older than two minutes. RuntimeError outside a
    transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("use_pin_proof needs a transaction")
    lock_member(member_id)
    found = PinProof.objects.filter(pk=proof, member_id=member_id).first()
    if found is None or found.used_at is not None or not found.created_at <= at < found.created_at + PROOF_VALID:
        raise InvalidProof(_("The PIN has to be typed again."))
    found.used_at = at
    found.save(update_fields=["used_at"])


def _lock_open(member_id: int) -> Member:
    member = lock_member(member_id)
    if not member.is_open:
        raise WrongStatus(_("This member is closed and cannot be changed."))
    return member


def _check_choice(member: Member, pin: str) -> None:
    problem = rules.pin_problem(pin, birthdays=_birthdays(member), phone_tail=_phone_tail(member))
    if problem:
        raise InvalidPin(_problem_text(problem))


def _birthdays(member: Member) -> list[tuple[int | None, int, int]]:
    year, month, day = member.birth_year, member.birth_month, member.birth_day
    if month is None or day is None:
        return []
    found: list[tuple[int | None, int, int]] = [(year, month, day)]
    if member.birth_calendar == Member.Calendar.LUNAR and year is not None:
        solar = rules.to_solar(year, month, day, member.birth_month_is_leap)
        found.append((solar.year, solar.month, solar.day))
    return found


def _phone_tail(member: Member) -> str:
    try:
        return get_phone(member)[-rules.PIN_LENGTH :]
    except ValueError:
        # Sealed with a key that is gone: nobody can compare with it.
        return ""


def _problem_text(problem: str) -> str:
    return {
        "shape": _("A PIN has 6 digits."),
        "easy": pgettext("member", "This PIN is too easy to guess."),
        "birthday": _("The birthday is no good as a PIN."),
        "phone": _("The end of the phone number is no good as a PIN."),
    }[problem]
