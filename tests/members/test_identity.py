"""Phones at rest, member numbers and the keys of names: pure helpers, no database."""

import pytest
from django.test import override_settings

from core import pinyin
from members import identity
from members.models import Member


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 13800138000",
        "+86-138-0013-8000",
        "008613800138000",
        "8613800138000",
        "１３８００１３８０００",
        "（138）00138000",
        " 13800138000 ",
    ],
)
def test_one_phone_has_one_form(text):
    assert identity.normalize_phone(text) == "+8613800138000"


@pytest.mark.parametrize(
    ("text", "canonical", "masked"),
    [
        ("19912345678", "+8619912345678", "199****5678"),
        ("021-61234567", "+862161234567", "+86 ****4567"),
        ("+852 6123 4567", "+85261234567", "+852 ****4567"),
        ("+1 415 555 2671", "+14155552671", "+1 ****2671"),
    ],
)
def test_landlines_and_foreign_phones_are_taken_and_masked(text, canonical, masked):
    assert identity.normalize_phone(text) == canonical
    assert identity.mask_phone(canonical) == masked


@pytest.mark.parametrize(
    "text",
    ["", "1", "12800138000", "1380013800", "138001380001", "1.38E+10", "abc", "１", "9" * 40, "+", "13800a38000"],
)
def test_what_cannot_be_dialled_is_refused(text):
    with pytest.raises(identity.InvalidPhone):
        identity.normalize_phone(text)


def test_a_sealed_phone_opens_with_its_key_only():
    sealed = identity.seal_phone("+8613800138000")
    again = identity.seal_phone("+8613800138000")

    assert identity.open_phone(sealed.cipher) == "+8613800138000"
    assert sealed.cipher != again.cipher
    assert (sealed.hash, sealed.prefix_hash, sealed.tail) == (again.hash, again.prefix_hash, "8000")
    assert sealed.prefix_hash == identity.seal_phone("+8613800139999").prefix_hash
    assert sealed.prefix_hash != identity.seal_phone("+8613900138000").prefix_hash
    with override_settings(PHONE_KEY="another key"):
        assert identity.seal_phone("+8613800138000").hash != sealed.hash
        with pytest.raises(ValueError, match="PHONE_KEY"):
            identity.open_phone(sealed.cipher)
        assert Member(phone_cipher=sealed.cipher, phone_tail="8000").masked_phone == "*******8000"


def test_no_phone_stores_nothing():
    assert identity.seal_phone("") == identity.NO_PHONE
    assert identity.open_phone("") == ""
    assert Member().masked_phone == ""


def test_every_single_wrong_digit_is_noticed():
    number = identity.member_number(1234567)

    assert number[:-1] == "601234567"
    for place in range(1, 10):
        for digit in "0123456789":
            wrong = number[:place] + digit + number[place + 1 :]
            assert identity.is_member_number(wrong) == (wrong == number)


@pytest.mark.parametrize("text", ["", "600000001", "60000000155", "7000000015", "600000001x", "６000000015"])
def test_other_texts_are_no_member_numbers(text):
    assert identity.is_member_number("6000000015")
    assert not identity.is_member_number(text)


def test_the_last_number_is_the_last():
    assert identity.is_member_number(identity.member_number(99_999_999))
    with pytest.raises(ValueError, match="used up"):
        identity.member_number(100_000_000)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("王小明", {"wangxiaoming", "wxm", "wangxm"}),
        ("欧阳娜娜", {"ouyangnana", "ouyangnn", "oynn"}),
        ("单雄信", {"shanxiongxin", "danxiongxin", "sxx", "dxx", "shanxx"}),
        ("曾国藩", {"zengguofan", "zgf", "zenggf"}),
        ("仇英", {"qiuying", "qy"}),
        ("解缙", {"xiejin", "xj"}),
        ("区志强", {"ouzhiqiang", "ozq"}),
        ("John Smith", {"johnsmith", "smith", "js"}),
        ("阿不都·热合曼", {"abudoureheman", "abdrhm"}),
    ],
)
def test_names_are_found_by_pinyin_and_initials(name, keys):
    assert keys <= set(pinyin.name_keys(name))


def test_many_readings_are_bounded():
    keys = pinyin.name_keys("单乐重长行朝都")

    assert len(keys) <= 32
    assert all(len(key) <= 60 for key in keys)


@pytest.mark.parametrize("name", ["", "  ", "·", "!!"])
def test_a_name_without_letters_has_no_keys(name):
    assert pinyin.name_keys(name) == ()
    assert pinyin.phrase_keys(name) == ()


def test_goods_are_found_from_every_word_on():
    assert {"可乐330ml", "kele330ml", "kl3", "kkkl3", "330ml"} <= set(pinyin.phrase_keys("可口可乐 330ml"))


@pytest.mark.parametrize(
    ("birthday", "text"),
    [
        ({}, ""),
        ({"birth_year": 1990, "birth_month": 3, "birth_day": 8}, "1990-03-08"),
        ({"birth_month": 3, "birth_day": 8}, "03-08"),
    ],
)
def test_birthdays_are_shown_with_or_without_a_year(birthday, text):
    assert Member(**birthday).birthday_text == text
