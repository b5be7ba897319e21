"""Orders file: JSON, one order a line, plain or gzip, in the marketplace's or our own format."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic_core import from_json

from ops.orders import marketplace, native
from ops.orders.playable import PlayableOrder, Unreadable
from ops.orders.text import Line, lines_of

ABSENT = frozenset({"", "null", "none", "nan", "nat", "n/a", "\\n"})
"""What exporters write where there is nothing, in any case of letters."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line of the file, from 1: its order, or why there is none; `note` says how it was read."""

    number: int
    order: PlayableOrder | None = None
    fault: str = ""
    note: str = ""


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
        return map(read, lines_of(self._raw))


def read(line: Line) -> FileLine:
    """One line as an order of whichever format it is in."""
    if line.fault:
        return FileLine(line.number, fault=line.fault)
    try:
        found = from_json(line.text)
        if not isinstance(found, dict):
            raise Unreadable("no JSON object")
        kind = marketplace if "purchased_at" in found else native
        return FileLine(line.number, kind.read(_present(found)), note=line.note)
    except Unreadable as error:
        return FileLine(line.number, fault=str(error))
    except ValueError as error:
        return FileLine(line.number, fault=f"no JSON: {error}")


def _present(value: Any) -> Any:
    """The value without members that hold nothing, and whole numbers as such: where a column has gaps, exporters write
    all its numbers with a fraction.
    """
    if isinstance(value, dict):
        return {name: _present(member) for name, member in value.items() if not _is_absent(member)}
    if isinstance(value, list):
        return [_present(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _is_absent(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in ABSENT
    return value is None or (isinstance(value, float) and not math.isfinite(value))
