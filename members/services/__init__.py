"""What is done to members, by use case. ``lock_member`` is the mutex that every movement of value takes first."""

from members.services.cards import LOSSES, NotOfUnnamed, block_card, replace_card, unblock_card
from members.services.disclosure import record_export, reveal_phone
from members.services.errors import InvalidMember, PhoneTaken, WrongStatus
from members.services.locking import hold_member, lock_member
from members.services.pins import (
    InvalidPin,
    InvalidProof,
    PinExists,
    PinLocked,
    PinRefused,
    change_pin,
    reset_pin,
    set_pin,
    use_pin_proof,
    verify_pin,
)
from members.services.profile import MemberData, update_member
from members.services.registration import (
    Entrance,
    build_member,
    create_member,
    insert_members,
    register_entrance,
    register_member,
    reserve_numbers,
)
from members.services.reminders import NewReminder, add_reminders, complete_reminder, remind_birthdays
from members.services.status import freeze_member, unfreeze_member

__all__ = [
    "LOSSES",
    "Entrance",
    "InvalidMember",
    "InvalidPin",
    "InvalidProof",
    "MemberData",
    "NewReminder",
    "NotOfUnnamed",
    "PhoneTaken",
    "PinExists",
    "PinLocked",
    "PinRefused",
    "WrongStatus",
    "add_reminders",
    "block_card",
    "build_member",
    "change_pin",
    "complete_reminder",
    "create_member",
    "freeze_member",
    "hold_member",
    "insert_members",
    "lock_member",
    "record_export",
    "register_entrance",
    "register_member",
    "remind_birthdays",
    "replace_card",
    "reserve_numbers",
    "reset_pin",
    "reveal_phone",
    "set_pin",
    "unblock_card",
    "unfreeze_member",
    "update_member",
    "use_pin_proof",
    "verify_pin",
]
