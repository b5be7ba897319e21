"""Orders file: JSON, one order a line, plain or gzip, in the marketplace's or our own format."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pydantic_core import from_json

from ops.orders import marketplace, native
from ops.orders.playable import PlayableOrder, Unreadable

GZIP = b"\x1f\x8b"
LONGEST = 1 << 20
"""Bytes of a line; no order is longer, and a file of another kind must not fill the memory."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line of the file, from 1: its order, or why there is none."""

    number: int
    order: PlayableOrder | None = None
    fault: str = ""


class OrdersFile:
    """An open file of orders; `position` of `size` bytes are read."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("rb")
        self.size = path.stat().st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        """Bytes of the file as it lies on the disk that are read already."""
        return self._raw.tell()

    def __iter__(self) -> Iterator[FileLine]:
        """Every line that is not blank; a file that is cut off ends with a line that says so."""
        number, source = 0, self._source()
        try:
            while line := source.readline(LONGEST):
                number += 1
                if line.strip():
                    yield read(number, line)
        except (EOFError, zlib.error, OSError) as error:
            yield FileLine(number + 1, fault=f"the file ends in the middle: {error}")

    def _source(self) -> IO[bytes]:
        is_gzip = self._raw.peek(2)[:2] == GZIP
        return io.BufferedReader(gzip.GzipFile(fileobj=self._raw)) if is_gzip else self._raw


def read(number: int, text: bytes) -> FileLine:
    """One line as an order of whichever format it is in."""
    try:
        line = from_json(text)
        if not isinstance(line, dict):
            raise Unreadable("no JSON object")
        if "purchased_at" in line:
            return FileLine(number, marketplace.read(line))
        return FileLine(number, native.read(line))
    except Unreadable as error:
        return FileLine(number, fault=str(error))
    except ValueError as error:
        return FileLine(number, fault=f"no JSON: {error}")
