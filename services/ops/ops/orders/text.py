"""Text of a file as exporters write it: packed or not, in UTF-8, UTF-16 or an old code page, with any ends of lines."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

GZIP = b"\x1f\x8b"
CHUNK = 1 << 16
LONGEST = 1 << 20
"""Bytes of a line; no order is longer, and a file of another kind must not fill the memory."""
WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
"""How text of wide characters begins; the longer marks first."""
OLD = "cp1252"
NOTHING = b" \t\x1a"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, from 1: its text, or why there is none; `note` says how it was read."""

    number: int
    text: str = ""
    fault: str = ""
    note: str = ""


def lines_of(raw: IO[bytes]) -> Iterator[Line]:
    """Every line of the file; one that is cut off or damaged ends with a line that says so."""
    number, source = 0, _Source(raw)
    for number, line in enumerate(_split(source), 1):
        if len(line) > LONGEST:
            yield Line(number, fault=f"a line of more than {LONGEST} bytes")
        elif text := line.removeprefix(codecs.BOM_UTF8).strip(NOTHING):
            yield _read(number, text)
    if source.fault:
        yield Line(number + 1, fault=f"the file ends in the middle: {source.fault}")


class _Source:
    """The file's bytes, unpacked, as UTF-8 or whatever is narrow; `fault` is why they ended too early."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.fault = ""
        self._raw = raw

    def __iter__(self) -> Iterator[bytes]:
        packed = self._raw.peek(len(GZIP))[: len(GZIP)] == GZIP  # type: ignore[attr-defined]
        # One member at a time and no more than it gives at once: what was unpacked before a damage is not lost.
        read = gzip.GzipFile(fileobj=self._raw).read1 if packed else self._raw.read
        try:
            first = read(CHUNK)
            wide = next((name for mark, name in WIDE if first.startswith(mark)), None)
            decoder = codecs.getincrementaldecoder(wide)("replace") if wide else None
            while first:
                yield decoder.decode(first).encode("utf-8", "replace") if decoder else first
                first = read(CHUNK)
        except (EOFError, zlib.error, OSError) as error:
            self.fault = str(error)


def _split(source: _Source) -> Iterator[bytes]:
    """Lines without their ends, which are CR, LF or both; of one that is too long only that it is."""
    rest, after_cr = bytearray(), False
    for chunk in source:
        # The LF of a CR that ended the chunk before.
        text = chunk[1:] if after_cr and chunk[:1] == b"\n" else chunk
        after_cr = chunk[-1:] == b"\r"
        *lines, last = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            yield bytes(rest + line)
            rest.clear()
        rest += last[: LONGEST + 1 - len(rest)]
    # What a damage cut off is no line: the fault stands in its place.
    if rest and not source.fault:
        yield bytes(rest)


def _read(number: int, text: bytes) -> Line:
    try:
        return Line(number, text.decode())
    except UnicodeDecodeError:
        return Line(number, text.decode(OLD, "replace"), note=f"not UTF-8: read as {OLD}")
