"""Numbers of identity documents and bank accounts as people type them. Pure, no Django, no clock."""

import re
import unicodedata

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
RESIDENT_ID = "resident_id"


def plain_number(text: str) -> str:
    """Full-width characters, spaces and dashes taken out, capital letters."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()


def is_resident_id(number: str) -> bool:
    """Eighteen characters of a mainland identity card whose check character fits (GB 11643)."""
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", number, re.ASCII):
        return False
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11] == number[17]


def is_document_number(kind: str, number: str) -> bool:
    """A resident id with its check character; of other documents 5 to 20 letters and digits."""
    if kind == RESIDENT_ID:
        return is_resident_id(number)
    return re.fullmatch(r"[0-9A-Z]{5,20}", number, re.ASCII) is not None


def is_account_number(number: str) -> bool:
    """Eight to thirty digits."""
    return re.fullmatch(r"[0-9]{8,30}", number, re.ASCII) is not None
