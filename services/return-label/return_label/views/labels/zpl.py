"""ZPL of a label: bars and our own words in the printer's language, addresses as pictures, no printer has all scripts.

What people wrote is never a part of the language, so nothing in it can steer a printer.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from return_label.views.labels.drawing import png
from return_label.views.labels.layout import BARS_HEIGHT, BARS_TOP, DOTS, FROM, HEIGHT, RULES, TO, WIDTH, Box, Label
from return_label.views.labels.layout import bars as bars_of
from return_label.views.labels.layout import lines as lines_of

_DARK = 128
"""Below it a dot is printed."""


def zpl(label: Label) -> bytes:
    """The label for a printer of 203 dots an inch; the graphics are of one bit, each line as hexadecimal digits."""
    return "\n".join(_fields(label)).encode("ascii")


def _fields(label: Label) -> Iterator[str]:
    yield f"^XA^PW{_dots(WIDTH)}^LL{_dots(HEIGHT)}^LH0,0"
    for line in lines_of(label):
        height = _dots(line.height)
        yield f"^FO{_dots(line.left)},{_dots(line.top)}^A0N,{height},{height}^FD{line.text}^FS"
    for top in RULES:
        yield f"^FO{_dots(4)},{_dots(top)}^GB{_dots(97)},3,3^FS"
    left, _ = bars_of(label.number)
    place = f"^FO{_dots(left)},{_dots(BARS_TOP)}"
    yield f"{place}^BY3^BCN,{_dots(BARS_HEIGHT)},N,N,N,A^FD{label.number}^FS"
    yield from _pictures(label)
    yield "^XZ"


def _pictures(label: Label) -> Iterator[str]:
    from PIL import Image

    with Image.open(io.BytesIO(png(label))) as whole:
        dots = whole.convert("L").point(lambda grey: 255 if grey < _DARK else 0).convert("1")
        for box in (TO, FROM):
            yield f"^FO{_dots(box[0])},{_dots(box[1])}^GFA,{_graphic(dots.crop(_corners(box)))}^FS"


def _graphic(part: object) -> str:
    """Sizes and lines: a comma ends one whose rest is white, a colon is the one above again."""
    from PIL import Image

    assert isinstance(part, Image.Image)
    width = (part.width + 7) // 8
    data = part.tobytes().hex().upper()
    rows = [data[start : start + 2 * width] for start in range(0, len(data), 2 * width)]
    told = "".join(":" if row == above else _row(row) for row, above in zip(rows, ["", *rows], strict=False))
    return f"{width * part.height},{width * part.height},{width},{told}"


def _row(row: str) -> str:
    dark = row.rstrip("0")
    whole = dark + "0" * (len(dark) % 2)
    return whole if len(whole) == len(row) else whole + ","


def _corners(box: Box) -> tuple[int, int, int, int]:
    left, top, width, height = map(_dots, box)
    return left, top, left + width, top + height


def _dots(millimetres: float) -> int:
    return round(millimetres * DOTS)
