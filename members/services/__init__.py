"""What is done to members, by use case. ``lock_member`` is the mutex that every movement of value takes first."""

from members.services.disclosure import record_export, reveal_phone
from members.services.errors import InvalidMember, PhoneTaken, WrongStatus
from members.services.locking import hold_member, lock_member
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
from members.services.reminders import complete_reminder, remind_birthdays
from members.services.status import freeze_member, unfreeze_member

__all__ = [
    "Entrance",
    "InvalidMember",
    "MemberData",
    "PhoneTaken",
    "WrongStatus",
    "build_member",
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
    "reserve_numbers",
    "reveal_phone",
    "unfreeze_member",
    "update_member",
]
