"""Report of a payment provider: its movements of money, as CSV with a line of names, or as JSON a line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

Movement = Mapping[str, Any]

NAMED = ("kind", "payment_id", "amount")
"""What every movement has, beside its currency."""
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
_JSON = b"{"


def movements(path: Path) -> Iterator[Movement]:
    """Every movement; ValueError names the line that is none."""
    with path.open("rb") as file:
        is_json = file.read(1) in (_JSON, b"")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, said in _json_lines(lines, path) if is_json else _csv_lines(lines):
            if wrong := _wrong(said):
                raise ValueError(f"line {number} of the provider's report ({path}) {wrong}")
            yield said


def _json_lines(lines: Iterable[str], path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            if line.strip():
                yield number, orjson.loads(line)
        except ValueError:
            raise ValueError(f"line {number} of the provider's report ({path}) is no JSON") from None


def _csv_lines(lines: Iterable[str]) -> Iterator[tuple[int, Movement]]:
    table = csv.DictReader(lines)
    for row in table:
        said = {name: value or None for name, value in row.items() if isinstance(name, str)}
        amount = {name: said.pop(name, None) for name in ("amount", "currency")}
        yield table.line_num, {**said, "amount": amount}


def _wrong(said: Any) -> str | None:
    if not isinstance(said, dict) or not all(said.get(name) for name in NAMED):
        return f"has no {' and '.join(sorted(NAMED))}"
    amount = said["amount"]
    if not isinstance(amount, dict) or not isinstance(amount.get("currency"), str):
        return "has no currency"
    if not isinstance(amount.get("amount"), str) or not _AMOUNT.fullmatch(amount["amount"]):
        return f"has no amount such as 12.34, but {amount.get('amount')}"
    return None
