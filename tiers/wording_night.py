"""What reminders and the pages about the night say."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from tiers import wording
from tiers.models import SHIPPED_LABELS, SHIPPED_NAMES, Reason
from tiers.rules import Thresholds


def missing_text(missing: Mapping[str, Decimal], mode: str) -> str:
    """What is missing to keep a level: "spend ¥132.00 or earn 497 points"."""
    if not missing:
        return _("the tier is given to nobody any more")
    return wording.conditions(Thresholds(metrics=missing, mode=mode))


def reason_text(reason: str) -> str:
    """Why somebody moves."""
    return str(Reason(reason).label)


def _label(named: Mapping[str, Any]) -> str:
    """The name of a level that a reminder keeps; a shipped one that kept its name is translated."""
    code, name = str(named["code"]), str(named["name"])
    return str(SHIPPED_LABELS[code]) if SHIPPED_NAMES.get(code) == name else name


def describe_ending(details: Mapping[str, Any]) -> str:
    """The line of a reminder that a level is about to be lost."""
    missing = {metric: Decimal(amount) for metric, amount in details["missing"].items()}
    return _("%(tier)s ends on %(day)s: %(missing)s by then to keep it.") % {
        "tier": _label(details),
        "day": details["by"],
        "missing": missing_text(missing, details["mode"]),
    }


def describe_change(details: Mapping[str, Any]) -> str:
    """The line of a reminder that a member rose or fell."""
    after = "" if str(details["code"]).startswith("no_") else _label(details)
    if not after:
        return _("%(tier)s has ended.") % {"tier": _label(details["from"])}
    return _("from %(before)s to %(after)s") % {"before": _label(details["from"]), "after": after}
