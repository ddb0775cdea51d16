"""Writing the trail and running commands once."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected

from audit.models import Command, Record
from core import audit
from core.errors import StateChanged
from stores.models import Staff, Store

Result = dict[str, Any]
ATTEMPTS = 3


class KeyReused(StateChanged):
    """The same key came with other content."""


def write_record(
    *,
    action: str,
    actor: Staff | None,
    subject: str,
    at: datetime,
    store: Store | None,
    approver: Staff | None,
    reason: str,
    address: str | None,
    data: Mapping[str, Any],
) -> None:
    """The sink behind ``core.audit.record``; use that door."""
    Record.objects.create(
        action=action,
        subject=subject,
        actor=actor,
        approver=approver,
        store=store,
        reason=reason,
        address=address,
        data=_without_phones(json.loads(json.dumps(data, default=str))),
        occurred_at=at,
    )


def _without_phones(data: dict[str, Any]) -> dict[str, Any]:
    """What somebody searched for before a download may be a phone number; the trail outlives the member it is of."""
    if isinstance(data.get("filters"), dict):
        data["filters"] = {
            name: _PHONE.sub(r"\1****\2", text) if isinstance(text, str) else text
            for name, text in data["filters"].items()
        }
    return data


_PHONE = re.compile(r"(?<!\d)((?:86)?1[3-9]\d)[\s-]?\d{4}[\s-]?(\d{4})(?!\d)")


def request_hash(content: Mapping[str, Any]) -> str:
    """A digest of what was asked, independent of the order of fields."""
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def run_command(
    *, name: str, key: UUID, content: Mapping[str, Any], actor: Staff | None, execute: Callable[[], Result]
) -> Result:
    """Run ``execute`` at most once for ``(name, key)`` and keep its result (rules.md 0.4).

    The key is written first, in a transaction of its own; then everything else happens in one durable transaction that
    holds the key's row, so a double click waits and gets the first result, and a crash in between can be retried.
    ``execute`` returns JSON-able ids; a DomainError from it rolls all back and leaves the key free, also for a form
    corrected after the refusal. KeyReused where the content differs from what was done under this key.

    Where two commands wait for each other, the one that the database gives up runs again, so ``execute`` reads what it
    needs itself. The members' locks leave only counters that many members share (limited coupons), whose order a sale
    cannot know up front: what comes with an order or a new level follows from what it moved before.
    """
    digest = request_hash(content)
    with connection.cursor() as cursor, transaction.atomic(durable=True):
        cursor.execute(
            "INSERT INTO audit_command (name, key, request_hash, actor_id, created_at) "
            "VALUES (%s, %s, %s, %s, clock_timestamp()) ON CONFLICT (name, key) DO NOTHING",
            [name, key, digest, None if actor is None else actor.pk],
        )
    for _attempt in range(ATTEMPTS - 1):
        try:
            return _execute(name, key, digest, execute)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected):
                raise
    return _execute(name, key, digest, execute)


def _execute(name: str, key: UUID, digest: str, execute: Callable[[], Result]) -> Result:
    with transaction.atomic(durable=True):
        command = Command.objects.select_for_update(no_key=True).get(name=name, key=key)
        if command.result is not None:
            if command.request_hash != digest:
                raise KeyReused(_("This form was already sent with other content. Open it again."))
            return dict(command.result)
        result = execute()
        # Without a result nothing was ever done under this key, so it may stand for other content than at first.
        command.request_hash, command.result = digest, result
        command.save(update_fields=["request_hash", "result"])
    return result


@transaction.atomic
def record_export(*, count: int, filters: Mapping[str, str], actor: Staff, at: datetime) -> None:
    """Keep who downloaded how much of the trail."""
    audit.record("record.exported", actor=actor, subject="audit:list", at=at, count=count, filters=dict(filters))


def forget_commands(*, before: datetime, limit: int) -> int:
    """Delete keys of commands that nobody will send again; returns how many."""
    keys = Command.objects.filter(created_at__lt=before).values_list("pk", flat=True)[:limit]
    return Command.objects.filter(pk__in=list(keys)).delete()[0]
