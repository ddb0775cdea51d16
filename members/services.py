"""What is done to members. ``lock_member`` is the mutex that every movement of value takes first."""

from django.db import connection

from members.models import Member


def lock_member(member_id: int) -> Member:
    """Lock the member's row until the end of the transaction; every change of a member's value starts here (rules.md 0.3).

    ``FOR NO KEY UPDATE``: rows that reference the member can still be inserted by others. Two members are locked in
    order of their id by the caller. RuntimeError outside a transaction; Member.DoesNotExist.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("lock_member needs a transaction")
    return Member.objects.select_for_update(no_key=True).get(pk=member_id)
