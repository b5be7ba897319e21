"""Export of the journal for finance: CSV or JSON Lines, a row a posting, written as it is read."""

from __future__ import annotations

import contextlib
import csv
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import IO

from pydantic_core import to_json

from ops.books.journal import Booked, part_of

COLUMNS = (
    *("at", "recorded_at", "entry", "event", "account", "debit", "credit", "currency"),
    *("order_id", "line_id", "payment_id", "refund_id", "part_id", "dispute_id", "clawback_id", "reference"),
    *("service", "position"),
)
"""`entry` is the event's id, the same in each row of it; `at` is when it happened, by which a day is chosen, and
`recorded_at` when its log took it. `part_id` is the id by which the provider knows the payment of a refund: its own, or
that of one of its parts. `reference` is the provider's or the bank's.
"""
NAMED = ("order_id", "refund_id", "dispute_id", "clawback_id")
"""What an event may name."""


class Format(StrEnum):
    """How the rows are written."""

    CSV = "csv"
    JSONL = "jsonl"


Row = Mapping[str, str | int | None]


def rows(booked: Booked, currency: str | None = None) -> Iterator[Row]:
    """A row for each posting, amounts with exactly the decimals of their event; of one currency where it is named."""
    entry, data = booked.entry, booked.entry.data
    common = {
        "at": entry.metadata["at"],
        "recorded_at": entry.recorded_at.isoformat(),
        "entry": entry.id,
        "event": entry.name,
        **{name: data.get(name) for name in NAMED},
        "payment_id": booked.payment_id,
        "part_id": part_of(entry),
        "reference": data.get("provider_ref"),
        "service": booked.service,
        "position": entry.position,
    }
    for posting in booked.postings:
        if currency in (None, posting.currency):
            sides = dict.fromkeys(("debit", "credit")) | {posting.side: posting.amount["amount"]}
            of_it = {"account": posting.account, "currency": posting.currency, "line_id": posting.line_id, **sides}
            yield {name: (common | of_it)[name] for name in COLUMNS}


async def export(journal: AsyncIterator[Booked], to: IO[str], form: Format, currency: str | None = None) -> int:
    """Writes every row; answers with how many entries there were."""
    write = _writer(to, form)
    entries = 0
    async for booked in journal:
        found = list(rows(booked, currency))
        entries += bool(found)
        for row in found:
            write(row)
    return entries


def _writer(to: IO[str], form: Format) -> Callable[[Row], object]:
    if form == Format.JSONL:
        return lambda row: to.write(to_json(row).decode() + "\n")
    table = csv.DictWriter(to, COLUMNS, lineterminator="\n")
    table.writeheader()
    return table.writerow


@contextlib.contextmanager
def opened(path: Path | None) -> Iterator[IO[str]]:
    """The file, which is there only once it is whole; stdout without one."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        yield file
    part.replace(path)
