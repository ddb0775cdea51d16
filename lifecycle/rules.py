"""What the cells of an import file mean. Pure: no Django, no database, no clock.

Every reader takes the text that the sheet shows and returns a value or raises :class:`Unreadable` with a code that
``services.reading`` turns into a sentence.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from core.money import CENT, MILLI, ZERO, half_up

_EXCEL_EPOCH = date(1899, 12, 30)
_DAYS_BETWEEN_EPOCHS = 1462
_LONGEST_AMOUNT = Decimal("999999999.99")
_LONGEST_QUANTITY = Decimal("99999999.999")
_FULL_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_SHORT_DATE = re.compile(r"(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?", re.ASCII)
_SERIAL = re.compile(r"\d{1,6}(\.\d+)?", re.ASCII)
_SCIENTIFIC = re.compile(r"\d+(\.\d+)?[eE]\+?\d+", re.ASCII)
_LUNAR_MARK = re.compile(r"^(农历|阴历|旧历|lunar)\s*:?\s*", re.IGNORECASE)
_LUNAR_TEXT = re.compile(
    r"(?:(\d{4})\s*[年\-/.]\s*)?(闰)?\s*(\d{1,2}|正|十一|十二|[一二三四五六七八九十冬腊])\s*[月\-/.]\s*"
    r"(\d{1,2}|初[一二三四五六七八九十]|十[一二三四五六七八九]|二十[一二三四五六七八九]?|廿[一二三四五六七八九]|三十)\s*[日号]?"
)
_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")}
_MONTHS = {"正": 1, "冬": 11, "腊": 12, "十": 10, "十一": 11, "十二": 12}

# A sale without a time of day is put at noon, so that no day-cut moves it to another day.
NOON = time(12)


class Unreadable(ValueError):
    """A cell does not say what its column needs; ``code`` names why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Birthday:
    """A day of birth in either calendar; the year may be unknown."""

    calendar: str
    year: int | None
    month: int
    day: int
    is_leap: bool = False


@dataclass(frozen=True)
class Column:
    """A column of an import file: its name, what people also call it, and how its cells are read.

    ``default`` stands where the cell is empty or the column is missing.
    """

    name: str
    read: Callable[[str], Any]
    aliases: tuple[str, ...] = field(default=())
    is_required: bool = False
    default: Any = None


def plain(text: str) -> str:
    """Half-width characters without surrounding space."""
    return unicodedata.normalize("NFKC", text).strip()


def header_key(text: str) -> str:
    """How the name of a column is compared: case, spaces, underscores and a mark for needed columns do not matter."""
    return re.sub(r"[\s_*:()\-]", "", plain(text)).casefold()


def read_text(text: str) -> str:
    """Any text."""
    return text.strip()


def read_identifier(text: str) -> str:
    """A number or code of another system. ``1.38E+10`` has lost digits, so it names nobody."""
    value = plain(text)
    if _SCIENTIFIC.fullmatch(value) and not value.isalnum():
        raise Unreadable("scientific")
    if len(value) > 80:
        raise Unreadable("long")
    return value


def read_phone(text: str) -> str:
    """A phone as typed; ``services`` judges it. Scientific notation has lost its last digits."""
    value = plain(text)
    if re.search(r"[eE]\+?\d", value):
        raise Unreadable("scientific")
    return value


def read_amount(text: str) -> Decimal:
    """Money of 0 or more with at most two places: ``1,234.50``, ``¥12``, ``12元``."""
    number = _number(re.sub(r"[¥￥$元]", "", plain(text)))
    if number < 0:
        raise Unreadable("negative")
    if number > _LONGEST_AMOUNT:
        raise Unreadable("large")
    exact = number.quantize(CENT)
    if exact != number:
        raise Unreadable("places2")
    return exact


def read_cost(text: str) -> Decimal:
    """A cost of 0 or more with at most four places."""
    number = _number(re.sub(r"[¥￥$元]", "", plain(text)))
    if number < 0:
        raise Unreadable("negative")
    if number > _LONGEST_AMOUNT:
        raise Unreadable("large")
    exact = number.quantize(Decimal("0.0001"))
    if exact != number:
        raise Unreadable("places4")
    return exact


def read_quantity(text: str) -> Decimal:
    """Pieces or weight of 0 or more with at most three places."""
    number = _number(plain(text))
    if number < 0:
        raise Unreadable("negative")
    if number > _LONGEST_QUANTITY:
        raise Unreadable("large")
    exact = number.quantize(MILLI)
    if exact != number:
        raise Unreadable("places3")
    return exact


def read_points(text: str) -> int:
    """Whole points of 0 or more."""
    number = _number(plain(text))
    if number < 0:
        raise Unreadable("negative")
    if number > 100_000_000:
        raise Unreadable("large")
    if number != int(number):
        raise Unreadable("whole")
    return int(number)


def _number(text: str) -> Decimal:
    text = text.replace(" ", "")
    if not re.fullmatch(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?", text, re.ASCII) or not re.search(r"\d", text):
        raise Unreadable("number")
    if len(text) > 30:
        raise Unreadable("large")
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise Unreadable("number") from error


def read_flag(text: str) -> bool:
    """Yes or no in the words people use."""
    value = plain(text).casefold()
    if value in {"1", "y", "yes", "true", "是", "有", "√", "✓"}:
        return True
    if value in {"0", "n", "no", "false", "否", "无", "×", "x"}:
        return False
    raise Unreadable("flag")


def read_gender(text: str) -> str:
    """The code of a gender."""
    value = plain(text).casefold()
    for code, words in (
        ("female", {"f", "female", "女", "女士", "女性"}),
        ("male", {"m", "male", "男", "先生", "男性"}),
        ("unknown", {"unknown", "未知", "保密", "-"}),
    ):
        if value in words:
            return code
    raise Unreadable("gender")


def read_kind(text: str) -> str:
    """Goods or service."""
    value = plain(text).casefold()
    if value in {"goods", "商品", "实物"}:
        return "goods"
    if value in {"service", "服务", "服务项目"}:
        return "service"
    raise Unreadable("kind")


def read_codes(text: str) -> tuple[str, ...]:
    """Several bar codes in one cell."""
    codes = tuple(dict.fromkeys(part for part in re.split(r"[\s,;|/、，；]+", plain(text)) if part))
    if any(_SCIENTIFIC.fullmatch(code) and not code.isalnum() for code in codes):
        raise Unreadable("scientific")
    return codes


def read_path(text: str) -> tuple[str, ...]:
    """A category with those above it: ``食品/粮油``."""
    parts = tuple(part.strip() for part in re.split(r"[/>＞\\]", text.strip()) if part.strip())
    if len(parts) > 5 or any(len(part) > 60 for part in parts):
        raise Unreadable("path")
    return parts


def date_reader(has_1904_dates: bool) -> Callable[[str], date]:
    """A reader of days: 2026-3-1, 2026/3/1, 2026年3月1日, 20260301, or the serial number of a spreadsheet."""

    def read(text: str) -> date:
        return _split_moment(plain(text), has_1904_dates)[0]

    return read


def moment_reader(has_1904_dates: bool) -> Callable[[str], datetime]:
    """A reader of local moments: a day as in :func:`date_reader` and an optional time; without one it is noon."""

    def read(text: str) -> datetime:
        day, clock = _split_moment(plain(text), has_1904_dates)
        return datetime.combine(day, NOON if clock is None else clock)

    return read


def _split_moment(text: str, has_1904_dates: bool) -> tuple[date, time | None]:
    match = _FULL_DATE.match(text) or (_COMPACT_DATE.match(text) if not _is_serial(text) else None)
    if match:
        day = _date(*(int(part) for part in match.groups()))
        return day, _clock(text[match.end() :])
    if _is_serial(text):
        return _from_serial(Decimal(text), has_1904_dates)
    raise Unreadable("date")


def _is_serial(text: str) -> bool:
    return bool(_SERIAL.fullmatch(text)) and Decimal(text) < 100_000


def _from_serial(serial: Decimal, has_1904_dates: bool) -> tuple[date, time | None]:
    days = int(serial) + (_DAYS_BETWEEN_EPOCHS if has_1904_dates else 0)
    # Below 61 spreadsheets disagree about 29 February 1900; nothing that is sold is that old.
    if days < 61:
        raise Unreadable("date")
    day = _EXCEL_EPOCH + timedelta(days=days)
    seconds = int((serial % 1 * 86_400).to_integral_value())
    if serial == int(serial):
        return day, None
    moment = datetime.combine(day, time()) + timedelta(seconds=seconds)
    return moment.date(), moment.time()


def _date(year: int, month: int, day: int) -> date:
    if not 1900 <= year <= 2100:
        raise Unreadable("year")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Unreadable("date") from error


def _clock(text: str) -> time | None:
    rest = text.strip().lstrip("T").strip()
    if not rest:
        return None
    match = _CLOCK.fullmatch(rest)
    if not match:
        raise Unreadable("date")
    hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return time(hour, minute, second)
    except ValueError as error:
        raise Unreadable("date") from error


def birthday_reader(has_1904_dates: bool) -> Callable[[str], Birthday]:
    """A reader of birthdays: a solar day with or without year, or 农历八月十五, 农历1990年闰四月初八, lunar 8-15."""

    def read(text: str) -> Birthday:
        value = plain(text)
        if _LUNAR_MARK.match(value):
            return _lunar(_LUNAR_MARK.sub("", value))
        if re.search(r"[闰正初廿腊冬]|[一二三四五六七八九十]月", value):
            return _lunar(value)
        short = _SHORT_DATE.fullmatch(value)
        if short and not _is_serial(value):
            month, day = (int(part) for part in short.groups())
            _date(2000, month, day)
            return Birthday("solar", None, month, day)
        day_of_birth, _clock_ignored = _split_moment(value, has_1904_dates)
        return Birthday("solar", day_of_birth.year, day_of_birth.month, day_of_birth.day)

    return read


def _lunar(text: str) -> Birthday:
    match = _LUNAR_TEXT.fullmatch(text)
    if not match:
        raise Unreadable("lunar")
    year, leap, month, day = match.groups()
    return Birthday("lunar", int(year) if year else None, _lunar_month(month), _lunar_day(day), is_leap=bool(leap))


def _lunar_month(text: str) -> int:
    number = int(text) if text.isdecimal() else _MONTHS.get(text) or _DIGITS[text]
    if not 1 <= number <= 12:
        raise Unreadable("lunar")
    return number


def _lunar_day(text: str) -> int:
    if text.isdecimal():
        number = int(text)
    elif text == "三十":
        number = 30
    elif text.startswith("初"):
        number = 10 if text == "初十" else _DIGITS[text[1]]
    elif text.startswith("十"):
        number = 10 + _DIGITS[text[1]]
    else:
        last = text[-1]
        number = 20 if last == "十" else 20 + _DIGITS[last]
    if not 1 <= number <= 30:
        raise Unreadable("lunar")
    return number


@dataclass(frozen=True)
class LineAmounts:
    """The money of one line: what it lists for, and the two kinds of reduction that led to what was paid."""

    list_amount: Decimal
    discount: Decimal
    coupon: Decimal

    @property
    def net(self) -> Decimal:
        """What was paid."""
        return self.list_amount - self.discount - self.coupon


def line_amounts(
    *,
    quantity: Decimal,
    list_price: Decimal | None,
    list_amount: Decimal | None,
    discount: Decimal | None,
    coupon: Decimal | None,
    net: Decimal | None,
) -> LineAmounts:
    """Complete a line's money from the columns that the file has; all that are there must agree to the fen.

    The list amount may be left out where a list price times the quantity gives it (half up), or where what was paid
    and the discounts add up to it; the discount where list and paid amounts tell it.
    """
    given = coupon or ZERO
    if list_amount is None and list_price is not None:
        list_amount = half_up(list_price * quantity)
    if list_amount is None:
        if net is None:
            raise Unreadable("no_amount")
        list_amount = net + (discount or ZERO) + given
    if discount is None:
        discount = ZERO if net is None else list_amount - net - given
    amounts = LineAmounts(list_amount, discount, given)
    if discount < 0 or amounts.net < 0:
        raise Unreadable("above_list")
    if net is not None and amounts.net != net:
        raise Unreadable("disagree")
    return amounts
