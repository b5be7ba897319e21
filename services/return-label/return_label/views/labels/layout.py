"""Layout of a label: what stands on it and where, in millimetres, whatever it is printed as."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

DOTS = 8
"""Dots of a printer in a millimetre: 203 in an inch."""
PAGES: Mapping[str, tuple[float, float]] = {"a6": (105, 148), "letter": (215.9, 279.4)}
WIDTH, HEIGHT = PAGES["a6"]
EDGE = 10
"""How far from a larger page's edge the label stands: no office printer reaches that."""

Box = tuple[float, float, float, float]
"""Left, top, width and height."""
TO: Box = (4, 25, 97, 38)
FROM: Box = (4, 71, 97, 24)
BARS_TOP, BARS_HEIGHT, MODULE = 100.0, 26.0, 3 / DOTS
"""A bar is three dots wide or a multiple of that, so none is blurred."""
RULES = (18, 64, 97)
MOST_LINES = 9
"""Lines of an address that keep a line each; more are run on."""

LATIN = "Noto Sans"
SCRIPTS: Sequence[str] = (
    "IBM Plex Sans Arabic",
    *(f"{LATIN} {script}" for script in ("Hebrew", "Thai", "Devanagari", "Bengali", "Tamil", "Telugu", "Gujarati")),
    *(f"{LATIN} {script}" for script in ("Georgian", "Armenian", "Ethiopic", "Khmer", "Lao", "Myanmar", "Sinhala")),
)
"""Families beside the Latin, Greek and Cyrillic one. Arabic's is another one's: Noto sets its letters and their dots
apart, and what is copied from the document would have them twice.
"""


@dataclass(frozen=True, slots=True)
class Label:
    """What a label says. Nothing else goes into the document, so the same label is the same bytes."""

    number: str
    receiver: str
    sender: str
    return_id: str
    send_by: str
    sample: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of our own words at a place, so high."""

    left: float
    top: float
    height: float
    text: str


def lines(label: Label) -> Iterator[Line]:
    """All but addresses and bars; in letters that every printer has."""
    yield Line(4, 4, 6, "RETURN")
    yield Line(4, 12, 3, label.return_id)
    yield Line(60, 6, 4, f"SEND BY {label.send_by}")
    yield Line(4, 20, 3, "TO")
    yield Line(4, 66, 3, "FROM")
    yield Line(36, 129, 4, label.number)
    if label.sample:
        yield Line(4, 139, 4, "SAMPLE: NOT VALID FOR POSTAGE")


def bars(number: str) -> tuple[float, Sequence[tuple[int, int]]]:
    """Where the bars begin, and each one's place and width in modules: Code 128."""
    from barcode.codex import Code128

    (modules,) = Code128(number).build()
    left = round((WIDTH - len(modules) * MODULE) / 2 * DOTS) / DOTS
    return left, list(_dark(modules))


def _dark(modules: str) -> Iterator[tuple[int, int]]:
    place = 0
    for one, run in groupby(modules):
        width = len(list(run))
        if one == "1":
            yield place, width
        place += width


def as_data(label: Label, page: str) -> dict[str, Any]:
    """The label as the template reads it."""
    left, dark = bars(label.number)
    return {
        "title": f"Return label {label.number}",
        "page": PAGES[page],
        "size": (WIDTH, HEIGHT),
        "offset": 0 if page == "a6" else EDGE,
        "font": LATIN,
        "texts": [{"left": one.left, "top": one.top, "height": one.height, "text": one.text} for one in lines(label)],
        "rules": RULES,
        "addresses": [_address(label.receiver, TO), _address(label.sender, FROM)],
        "bars": {"left": left, "top": BARS_TOP, "height": BARS_HEIGHT, "module": MODULE, "dark": dark},
    }


def _address(text: str, box: Box) -> dict[str, Any]:
    told = [line.strip() for line in _shown(text).splitlines() if line.strip()]
    return {
        "lines": told if len(told) <= MOST_LINES else [", ".join(told)],
        "rtl": _runs_from_the_right(text),
        "fonts": [LATIN, *SCRIPTS, f"{LATIN} CJK {_region(text)}"],
        "box": box,
    }


def _shown(text: str) -> str:
    """Without what steers the direction or has no shape; joiners belong to the letters of some scripts."""
    joiners = "\u200c\u200d"
    return "".join(one for one in text if one in f"\n{joiners}" or unicodedata.category(one)[0] != "C")


def _runs_from_the_right(text: str) -> bool:
    """Whether the first letter with a direction of its own is of a script that does."""
    strong = (unicodedata.bidirectional(letter) for letter in text)
    return next((one for one in strong if one in ("L", "R", "AL")), "L") != "L"


def _region(text: str) -> str:
    """Whose shapes the ideographs have: Korea's and Japan's tell themselves by their other letters."""
    if any("\uac00" <= letter <= "\ud7a3" for letter in text):
        return "KR"
    return "JP" if any("\u3040" <= letter <= "\u30ff" for letter in text) else "SC"
