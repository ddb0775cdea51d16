"""Phones at rest and member numbers: no tables, no clock.

A phone is kept as ciphertext, a keyed hash of its E.164 form, a keyed hash of its first seven digits and its last
four digits (rules.md 10). All keys are derived from ``settings.PHONE_KEY``, so a copy of the database alone tells no
phone, and a lost key cannot be replaced.
"""

import base64
import hashlib
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NUMBER_LEAD = "6"
NUMBER_LENGTH = 10
_NONCE = 12
_CHINESE_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")
_BARE_MOBILE = re.compile(r"1[3-9][0-9]{9}")


class InvalidPhone(ValueError):
    """The text is no phone number that can be dialled."""


@dataclass(frozen=True)
class SealedPhone:
    """What is stored of a phone."""

    cipher: str
    hash: str
    prefix_hash: str
    tail: str


NO_PHONE = SealedPhone("", "", "", "")


def normalize_phone(text: str, region: str = "CN") -> str:
    """The E.164 form: spaces, dashes, brackets, full-width digits, ``+86``, ``0086`` and ``86`` are accepted.

    InvalidPhone otherwise. Mobile numbers of mainland China are judged by their shape, because new prefixes are sold
    long before any table knows them.
    """
    if region == "CN" and _BARE_MOBILE.fullmatch(text):
        # Nine of ten phones, and the parser below costs more than the rest of a registration.
        return f"+86{text}"
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = re.sub(r"^00(?=[1-9])", "+", plain)
    if not re.fullmatch(r"\+?[0-9 ()./\-‐-―]{5,30}", plain):
        raise InvalidPhone(text)
    if region == "CN" and re.fullmatch(r"861[3-9][0-9]{9}", re.sub(r"[^0-9]", "", plain)):
        plain = "+" + plain.lstrip("+")
    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone(text) from error
    canonical = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not _CHINESE_MOBILE.fullmatch(canonical) and not phonenumbers.is_valid_number(number):
        raise InvalidPhone(text)
    return canonical


def mask_phone(phone: str) -> str:
    """138****1234; a foreign number keeps its country code and the last four digits."""
    if not phone:
        return ""
    if _CHINESE_MOBILE.fullmatch(phone):
        return f"{phone[3:6]}****{phone[-4:]}"
    number = phonenumbers.parse(phone, None)
    return f"+{number.country_code} ****{str(number.national_number)[-4:]}"


def display_phone(phone: str) -> str:
    """A mobile number of mainland China as people say it, others as E.164."""
    return phone[3:] if _CHINESE_MOBILE.fullmatch(phone) else phone


@lru_cache(maxsize=16)
def _derive(key: str, purpose: str) -> bytes:
    return hmac.new(key.encode(), f"patron.phone.{purpose}".encode(), hashlib.sha256).digest()


def _keyed(purpose: str, text: str) -> str:
    return hmac.new(_derive(settings.PHONE_KEY, purpose), text.encode(), hashlib.sha256).hexdigest()


def phone_hash(phone: str) -> str:
    """The keyed hash of an E.164 phone, by which it is found and kept unique."""
    return _keyed("hash", phone)


def seal_phone(phone: str) -> SealedPhone:
    """Everything stored of an E.164 phone; an empty phone stores nothing."""
    if not phone:
        return NO_PHONE
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(_derive(settings.PHONE_KEY, "cipher")).encrypt(nonce, phone.encode(), None)
    is_mobile = _CHINESE_MOBILE.fullmatch(phone)
    national = phone[3:] if is_mobile else str(phonenumbers.parse(phone, None).national_number)
    return SealedPhone(
        cipher="1:" + base64.urlsafe_b64encode(sealed).decode(),
        hash=phone_hash(phone),
        prefix_hash=_keyed("prefix", national[:7]),
        tail=national[-4:],
    )


def open_phone(cipher: str) -> str:
    """The E.164 phone of a ciphertext ("" for none). ValueError if the key is another one or the text was changed."""
    if not cipher:
        return ""
    sealed = base64.urlsafe_b64decode(cipher.removeprefix("1:"))
    try:
        return AESGCM(_derive(settings.PHONE_KEY, "cipher")).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
    except InvalidTag as error:
        raise ValueError("the phone was sealed with another PHONE_KEY") from error


def seal_text(text: str) -> bytes:
    """Ciphertext of a document or account number, for a BinaryField; nothing for nothing."""
    if not text:
        return b""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_derive(settings.PHONE_KEY, "text")).encrypt(nonce, text.encode(), None)


def open_text(cipher: bytes) -> str:
    """What :func:`seal_text` sealed. ValueError if the key is another one or the bytes were changed."""
    if not cipher:
        return ""
    sealed = bytes(cipher)
    try:
        return AESGCM(_derive(settings.PHONE_KEY, "text")).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
    except InvalidTag as error:
        raise ValueError("the text was sealed with another PHONE_KEY") from error


def luhn_digit(digits: str) -> str:
    """The check digit that makes ``digits`` + it pass Luhn."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def member_number(sequence: int) -> str:
    """The ten digits of a member number: 6, eight digits of the sequence, Luhn check digit."""
    body = f"{NUMBER_LEAD}{sequence:08d}"
    if len(body) != NUMBER_LENGTH - 1:
        raise ValueError("the sequence of member numbers is used up")
    return body + luhn_digit(body)


def is_member_number(text: str) -> bool:
    """Whether a scanned text has the shape and the check digit of a member number."""
    return (
        re.fullmatch(rf"{NUMBER_LEAD}[0-9]{{{NUMBER_LENGTH - 1}}}", text) is not None
        and luhn_digit(text[:-1]) == text[-1]
    )
