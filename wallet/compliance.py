"""What the law says to the settings in force and to what is in the books (rules.md 12)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from core import settings
from wallet import selectors
from wallet.definitions import PREPAID_CARDS, PREPAID_CONTRACTS


@dataclass(frozen=True)
class Warned:
    """A setting whose value the law does not like."""

    code: str
    label: Any
    group: Any
    text: Any
    law: Any


@dataclass(frozen=True)
class Finding:
    """Accounts that need care; ``state`` is one of ``selectors.STATES``."""

    state: str
    count: int
    text: Any
    law: Any


def warnings(*, at: datetime) -> list[Warned]:
    """Every warning in force, of all apps' settings."""
    values = settings.values(at)
    return [
        Warned(code, definition.label, definition.group, text, definition.law)
        for code, definition in settings.definitions().items()
        if (text := definition.warning_for(values[code]))
    ]


def report(*, at: datetime) -> dict[str, Any]:
    """What the page shows: warnings, findings, and the rules that are checked though all is well."""
    texts = {
        selectors.OVER_LIMIT: (
            _("Refunds have lifted these balances above the limit; recharges wait until they are below."),
            PREPAID_CARDS,
        ),
        selectors.ENDED: (
            _("These memberships have ended and money is left: pay it out to a named payee."),
            PREPAID_CONTRACTS,
        ),
        selectors.LOST: (_("These cards are reported lost: the member has a right to a new one."), PREPAID_CONTRACTS),
    }
    findings = [
        Finding(state, count, text, law)
        for state, (text, law) in texts.items()
        if (count := selectors.list_accounts(state, at=at).count())
    ]
    checked = [(one.label, one.law) for one in settings.definitions().values() if one.warn is not None]
    return {"warnings": warnings(at=at), "findings": findings, "checked": checked, "at": at}
