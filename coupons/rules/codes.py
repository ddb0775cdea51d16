"""One space of codes: coupons have 20 digits, offers to claim 18; the last digit checks the others (R-K10). Pure."""

from typing import Final

CODE_LENGTH: Final = 20
CLAIM_LENGTH: Final = 18


def check_digit(digits: str) -> str:
    """The Luhn digit that follows ``digits``; finds any single wrong digit and most swapped neighbours (R-K10)."""
    total = 0
    for position, character in enumerate(reversed(digits)):
        number = int(character) * (2 if position % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def is_code(text: str) -> bool:
    """Whether a text has the shape of a coupon code: 20 ASCII digits of which the last checks the others."""
    return _is_checked(text, CODE_LENGTH)


def is_claim_code(text: str) -> bool:
    """Whether a text has the shape of the code of an offer: 18 ASCII digits of which the last checks the others."""
    return _is_checked(text, CLAIM_LENGTH)


def _is_checked(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit() and check_digit(text[:-1]) == text[-1]
