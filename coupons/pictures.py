"""Codes as pictures for scanners: QR by segno, and Code 128 in its set C, two digits a symbol. SVG without ids."""

import io
from typing import Final

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

# The 107 symbols of ISO/IEC 15417 as widths of bars and gaps, in the order of their values; the last is the stop.
_TABLE: Final = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231"
    "113222123122123221223211221132221231213212223112312131311222321122321221312212322112322211"
    "212123212321232121111323131123131321112313132113132311211313231113231311112133112331132131"
    "113123113321133121313121211331231131213113213311213131311123311321331121312113312311332111"
    "314111221411431111111224111422121124121421141122141221112214112412122114122411142112142211"
    "241211221114413111241112134111111242121142121241114212124112124211411212421112421211212141"
    "214121412121111143111341131141114113114311411113411311113141114131311141411131211412211214"
    "211232"
)
_WIDTHS: Final = [*(_TABLE[place : place + 6] for place in range(0, len(_TABLE), 6)), "2331112"]
_START_C: Final = 105
_STOP: Final = 106
_QUIET: Final = 10


def code128(digits: str) -> list[int]:
    """The values of the symbols of an even number of digits: start C, pairs, check symbol, stop."""
    if len(digits) % 2 or not (digits.isascii() and digits.isdigit()):
        raise ValueError("Code 128 C takes an even number of digits")
    values = [_START_C, *(int(digits[place : place + 2]) for place in range(0, len(digits), 2))]
    check = (values[0] + sum(place * value for place, value in enumerate(values[1:], start=1))) % 103
    return [*values, check, _STOP]


def bar_code(digits: str, *, height: int = 40, scale: int = 2) -> SafeString:
    """Code 128 as SVG, whole pixels wide for each module, with the quiet zone that scanners need."""
    path, place = [], _QUIET
    for value in code128(digits):
        for index, width in enumerate(map(int, _WIDTHS[value])):
            if index % 2 == 0:
                path.append(f"M{place} 0h{width}v{height}h-{width}z")
            place += width
    return format_html(
        '<svg class="bar-code" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" width="{}" height="{}" '
        'role="img" aria-label="{}"><rect width="100%" height="100%" fill="#fff"></rect>'
        '<path d="{}" fill="#000"></path></svg>',
        place + _QUIET,
        height,
        (place + _QUIET) * scale,
        height * scale,
        digits,
        "".join(path),
    )


def qr_code(text: str, *, scale: int = 4) -> SafeString:
    """A QR code as SVG, error correction M."""
    buffer = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        buffer, kind="svg", scale=scale, xmldecl=False, svgns=True, light="#fff", title=text
    )
    return mark_safe(buffer.getvalue().decode())
