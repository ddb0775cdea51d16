"""The keys in Latin letters by whose beginning a Chinese name is found at a keyboard: pinyin and initials. Pure.

Keys are lower case letters and digits without spaces; a text typed by a person is brought into the same form by
:func:`search_form`.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import product

from pypinyin import Style, pinyin

KEY_LENGTH = 60
_READINGS_LIMIT = 16
_STARTS_LIMIT = 12

# Characters whose reading as a surname is not their usual one; keys hold both.
SURNAMES = {
    "单": "shan",
    "曾": "zeng",
    "仇": "qiu",
    "解": "xie",
    "查": "zha",
    "区": "ou",
    "盖": "ge",
    "朴": "piao",
    "乐": "yue",
    "任": "ren",
    "冼": "xian",
    "尉": "wei",
    "员": "yun",
    "秘": "bi",
    "缪": "miao",
    "繁": "po",
    "覃": "qin",
    "召": "shao",
    "种": "chong",
    "翟": "zhai",
    "祭": "zhai",
    "折": "she",
    "重": "chong",
    "卜": "bu",
    "葛": "ge",
    "车": "che",
    "句": "gou",
    "隗": "kui",
    "华": "hua",
    "宁": "ning",
    "沈": "shen",
    "石": "shi",
    "贾": "jia",
    "谌": "chen",
    "盛": "sheng",
    "柏": "bai",
}
COMPOUND_SURNAMES = {
    "欧阳": ("ou", "yang"),
    "司马": ("si", "ma"),
    "上官": ("shang", "guan"),
    "诸葛": ("zhu", "ge"),
    "东方": ("dong", "fang"),
    "皇甫": ("huang", "fu"),
    "尉迟": ("yu", "chi"),
    "公孙": ("gong", "sun"),
    "慕容": ("mu", "rong"),
    "长孙": ("zhang", "sun"),
    "宇文": ("yu", "wen"),
    "司徒": ("si", "tu"),
    "万俟": ("mo", "qi"),
    "夏侯": ("xia", "hou"),
    "令狐": ("ling", "hu"),
    "澹台": ("tan", "tai"),
    "端木": ("duan", "mu"),
    "独孤": ("du", "gu"),
    "南宫": ("nan", "gong"),
    "单于": ("chan", "yu"),
    "呼延": ("hu", "yan"),
}


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"


def has_han(text: str) -> bool:
    """Whether a text holds Chinese characters, so that it is searched by name and not by pinyin."""
    return any(_is_han(character) for character in text)


def search_form(text: str) -> str:
    """How a text is compared with keys: half-width, lower case, letters and digits only."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _latin(reading: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", reading) if c.isascii() and c.isalnum())


@lru_cache(maxsize=20_000)
def _readings(character: str) -> tuple[str, ...]:
    """All distinct toneless readings of one character, the usual one first."""
    if not _is_han(character):
        return (character,)
    usual = pinyin(character, style=Style.NORMAL)[0][0]
    every = [usual, *pinyin(character, style=Style.NORMAL, heteronym=True)[0]]
    # dict keeps the order; a character without any reading stands for itself.
    return tuple(dict.fromkeys(_latin(reading) for reading in every if _latin(reading))) or (character,)


def _units(text: str) -> list[str]:
    """Chinese characters one by one and the words in between, in search form."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found = re.findall(r"[\u3400-\u9fff\U00020000-\U0003ffff]|[^\W_\u3400-\u9fff\U00020000-\U0003ffff]+", folded)
    return [unit for unit in map(search_form, found) if unit]


def syllables(text: str) -> list[tuple[str, ...]]:
    """The readings of each Chinese character and, as one unit each, the words in between."""
    return [_readings(unit) if _is_han(unit[0]) else (unit,) for unit in _units(text)]


def name_key(text: str) -> str:
    """Full pinyin without spaces in the usual reading (the surname's where it has its own), for sorting and search."""
    return "".join(unit[0] for unit in _personal_syllables(text))[:200]


def _personal_syllables(name: str) -> list[tuple[str, ...]]:
    units = syllables(name)
    stripped = unicodedata.normalize("NFKC", name).strip()
    if stripped[:2] in COMPOUND_SURNAMES and len(units) > 2:
        first, second = COMPOUND_SURNAMES[stripped[:2]]
        return [_first(first, units[0]), _first(second, units[1]), *units[2:]]
    if stripped[:1] in SURNAMES:
        return [_first(SURNAMES[stripped[:1]], units[0]), *units[1:]]
    return units


def _first(reading: str, others: tuple[str, ...]) -> tuple[str, ...]:
    return (reading, *(other for other in others if other != reading))


def name_keys(name: str) -> tuple[str, ...]:
    """Every text in Latin letters by whose beginning a person is found (R-S5).

    王小明: ``wangxiaoming``, ``wxm`` and ``wangxm``; for characters with several readings the initials of all of them
    (at most 16 combinations), and for a surname with a reading of its own the full pinyin in each reading.
    A name in Latin letters is also found by its later words.
    """
    units = _personal_syllables(name)
    if not units:
        return ()
    surname = 2 if unicodedata.normalize("NFKC", name).strip()[:2] in COMPOUND_SURNAMES and len(units) > 2 else 1
    usual = [unit[0] for unit in units]
    keys = ["".join(usual)]
    if name.strip()[:1] in SURNAMES:
        keys += ["".join([reading, *usual[1:]]) for reading in units[0][1:]]
    if not has_han(name):
        keys += ["".join(usual[start:]) for start in range(1, len(usual))]
    if len(units) > 1 and has_han(name):
        keys.append("".join(usual[:surname]) + "".join(reading[0] for reading in usual[surname:]))
    keys += initials(units)
    return _distinct(keys)


def phrase_keys(text: str) -> tuple[str, ...]:
    """Every text by whose beginning a thing is found, from each word or character on, so that 可乐 finds 可口可乐.

    From each of the first 12 starts: the text itself, its pinyin and its initials; for the whole also the initials of
    other readings.
    """
    units = _units(text)
    readings = syllables(text)
    keys: list[str] = []
    for start in range(min(len(units), _STARTS_LIMIT)):
        rest = readings[start:]
        keys += ["".join(units[start:]), "".join(unit[0] for unit in rest), "".join(unit[0][0] for unit in rest)]
    return _distinct([*keys, *initials(readings)])


def _distinct(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key[:KEY_LENGTH] for key in keys if key))


def initials(units: list[tuple[str, ...]]) -> list[str]:
    """The initials of every combination of readings, the usual one first, at most 16."""
    letters = [tuple(dict.fromkeys(reading[0] for reading in unit)) for unit in units]
    result: list[str] = []
    for combination in product(*letters):
        result.append("".join(combination))
        if len(result) == _READINGS_LIMIT:
            break
    return result
