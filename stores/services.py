"""What people do to stores, staff and settings; every act leaves an audit row in the same transaction."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit, settings
from core.days import local_day
from core.errors import DomainError
from stores import selectors
from stores.models import SettingValue, Staff, Store

PIN_TRIES = 5
PIN_LOCK = timedelta(minutes=30)


class InvalidStaff(DomainError):
    """A field of a member of staff is not acceptable."""


class PinRefused(DomainError):
    """Wrong PIN, no PIN, or locked: one text for the first two, so that guessing learns nothing."""


class InvalidSetting(DomainError):
    """The value does not fit the setting's definition."""


@transaction.atomic
def save_store(*, store: Store, actor: Staff | None, at: datetime) -> Store:
    """Create or change a store; ``store`` is an unsaved or changed instance that the form validated."""
    created = store.pk is None
    store.save()
    audit.record("store.created" if created else "store.changed", actor=actor, subject=f"store:{store.pk}", at=at)
    return store


@transaction.atomic
def save_staff(
    *,
    staff: Staff,
    roles: Iterable[Group],
    stores: Iterable[Store],
    actor: Staff | None,
    at: datetime,
    password: str | None = None,
) -> Staff:
    """Create or change a person with roles and stores. A new person needs a password that passes the validators.

    Nobody gives or takes a role with a right that they lack, and only owners make or change owners (InvalidStaff).
    """
    created = staff.pk is None
    roles, stores = list(roles), list(stores)
    before = set() if created else set(staff.groups.values_list("name", flat=True))
    names = {role.name for role in roles}
    if actor is not None:
        _require_rank(actor, staff, changed=before ^ names)
    if "owner" in before and not ("owner" in names and staff.is_active):
        _require_other_owner(staff)
    if created:
        _set_password(staff, password or "")
    staff.save()
    staff.groups.set(roles)
    staff.stores.set(stores)
    audit.record(
        "staff.created" if created else "staff.changed",
        actor=actor,
        subject=f"staff:{staff.pk}",
        at=at,
        roles_before=sorted(before),
        roles_after=sorted(names),
        stores=sorted(store.code for store in stores),
        is_active=staff.is_active,
    )
    return staff


def is_owner(staff: Staff) -> bool:
    """A superuser or a holder of the owner role."""
    return staff.is_superuser or staff.groups.filter(name="owner").exists()


def _require_other_owner(staff: Staff) -> None:
    """The house must keep somebody who may do everything."""
    if not Staff.objects.filter(groups__name="owner", is_active=True).exclude(pk=staff.pk).exists():
        raise InvalidStaff(_("This is the only owner who can log in. Make another one first."))


def _require_rank(actor: Staff, staff: Staff, *, changed: Iterable[str] = ()) -> None:
    """Refuse where the person or a role to give or take stands above the actor: a way to more rights otherwise."""
    if staff.pk is not None and staff.pk != actor.pk and is_owner(staff) and not is_owner(actor):
        raise InvalidStaff(_("Only an owner may change an owner."))
    held = set() if staff.pk is None or staff.pk == actor.pk else {role.name for role in staff.groups.all()}
    beyond = (held | set(changed)) - {role.name for role in selectors.list_roles_for(actor)}
    if beyond:
        raise InvalidStaff(_("This needs somebody with all the rights of that role."))


def _set_password(staff: Staff, password: str) -> None:
    try:
        validate_password(password, staff)
    except ValidationError as error:
        raise InvalidStaff(" ".join(error.messages)) from error
    staff.set_password(password)


@transaction.atomic
def reset_password(*, staff: Staff, password: str, actor: Staff, at: datetime) -> None:
    """Set a new password; the person's sessions end because their hash changes."""
    _require_rank(actor, staff)
    _set_password(staff, password)
    staff.save(update_fields=["password"])
    audit.record("staff.password_reset", actor=actor, subject=f"staff:{staff.pk}", at=at)


@transaction.atomic
def set_pin(*, staff: Staff, pin: str, actor: Staff, at: datetime) -> None:
    """Set the 4-6 digit till PIN and lift its lock. Runs of one digit and 1234.. are refused."""
    if not re.fullmatch(r"[0-9]{4,6}", pin):
        raise InvalidStaff(_("A PIN has 4 to 6 digits."))
    if len(set(pin)) == 1 or pin in "0123456789" or pin in "9876543210":
        raise InvalidStaff(_("This PIN is too easy to guess."))
    _require_rank(actor, staff)
    staff.pin_hash = make_password(pin)
    staff.pin_failures = 0
    staff.pin_locked_until = None
    staff.save(update_fields=["pin_hash", "pin_failures", "pin_locked_until"])
    audit.record("staff.pin_set", actor=actor, subject=f"staff:{staff.pk}", at=at)


def verify_pin(*, staff_id: int, pin: str, at: datetime) -> Staff:
    """The person if the PIN is right; PinRefused otherwise. Five wrong tries lock the PIN for 30 minutes.

    Commits alone: must not be called inside a transaction that a refusal would roll back, or the count is lost.
    """
    with transaction.atomic(durable=True):
        staff = Staff.objects.select_for_update(no_key=True).get(pk=staff_id, is_active=True)
        refusal = _check_pin(staff, pin, at)
    if refusal:
        raise PinRefused(refusal)
    return staff


def _check_pin(staff: Staff, pin: str, at: datetime) -> str:
    if staff.pin_locked_until and at < staff.pin_locked_until:
        return _("Too many wrong PINs. Try again in 30 minutes or ask a manager to set a new PIN.")
    if check_password(pin, staff.pin_hash):
        staff.pin_failures = 0
        staff.pin_locked_until = None
        staff.save(update_fields=["pin_failures", "pin_locked_until"])
        return ""
    staff.pin_failures += 1
    if staff.pin_failures >= PIN_TRIES:
        staff.pin_failures = 0
        staff.pin_locked_until = at + PIN_LOCK
    staff.save(update_fields=["pin_failures", "pin_locked_until"])
    audit.record("staff.pin_failed", actor=None, subject=f"staff:{staff.pk}", at=at)
    return _("The PIN is not right.")


@transaction.atomic
def change_setting(*, code: str, value: Any, effective_at: datetime, actor: Staff | None, at: datetime) -> SettingValue:
    """Write a dated value. InvalidSetting where it does not fit the definition or would rewrite the past."""
    definition = settings.definitions().get(code)
    if definition is None:
        raise InvalidSetting(_("There is no such setting."))
    if effective_at < at:
        raise InvalidSetting(_("A setting cannot change in the past."))
    if definition.only_later and local_day(effective_at) <= local_day(at):
        raise InvalidSetting(_("This can only change from a later day on, never at once."))
    if definition.choices and value not in {choice for choice, _label in definition.choices}:
        raise InvalidSetting(_("This is not one of the choices."))
    if definition.check is not None and (problem := definition.check(value)):
        raise InvalidSetting(problem)
    stored = value if isinstance(value, int | bool | str) else str(value)
    before = settings.value(code, effective_at)
    row = SettingValue.objects.create(code=code, value=stored, effective_at=effective_at, actor=actor)
    audit.record(
        "setting.changed", actor=actor, subject=f"setting:{code}", at=at, before=str(before), after=str(stored)
    )
    return row
