"""Codes that scanners read."""

import pytest

from coupons import pictures


def test_code_128_has_start_pairs_check_symbol_and_stop() -> None:
    # 105 + 1 x 12 + 2 x 34 + 3 x 56 = 353, and 353 modulo 103 is 44.
    assert pictures.code128("123456") == [105, 12, 34, 56, 44, 106]


def test_every_symbol_is_eleven_modules_wide_and_the_stop_thirteen() -> None:
    widths = [sum(map(int, symbol)) for symbol in pictures._WIDTHS]

    assert (len(widths), set(widths[:-1]), widths[-1]) == (107, {11}, 13)
    assert len(set(pictures._WIDTHS)) == 107


@pytest.mark.parametrize("digits", ["123", "12a4", "１２"])
def test_only_an_even_number_of_digits_is_drawn(digits: str) -> None:
    with pytest.raises(ValueError, match="even number"):
        pictures.code128(digits)


def test_the_bars_of_a_coupon_code_have_whole_pixels_and_a_quiet_zone() -> None:
    picture = pictures.bar_code("1" * 20)

    # Start, 10 pairs, check symbol: 12 x 11; stop 13; 2 x 10 quiet; two pixels each.
    assert 'viewBox="0 0 165 40" width="330" height="80"' in picture
    assert "M10 0h2v40h-2z" in picture


def test_a_qr_code_is_an_svg_without_scripts() -> None:
    picture = pictures.qr_code("12345678901234567890")

    assert picture.startswith("<svg")
    assert "12345678901234567890" in picture
