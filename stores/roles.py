"""The roles that come with the house (R-S1). They are Django groups, so the owner can make more."""

from typing import Any

from django.utils.translation import gettext_lazy as _

OWNER = "owner"
LABELS: dict[str, Any] = {
    OWNER: _("Owner"),
    "manager": _("Store manager"),
    "marketer": _("Marketer"),
    "cashier": _("Cashier"),
    "finance": _("Finance"),
    "auditor": _("Auditor"),
}


def label(name: str) -> str:
    """What people call a role; one that the owner made is called as it is named."""
    return str(LABELS.get(name, name))
