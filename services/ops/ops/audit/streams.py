"""Streams, one after the other: each is folded while its events go by, and compared with its deadlines and its rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from ops.audit.database import Row, Window
from ops.audit.deadlines import DueRow, Started
from ops.audit.entry import Entry, Unreadable
from ops.audit.log import LogCheck, StreamOrder
from ops.audit.readings.fold import Checks, Rows
from ops.audit.readings.folds import FOLDS
from ops.audit.readings.plain import PlainFold

BROKEN = (Unreadable, AttributeError, KeyError, TypeError, ValueError)
"""What an event raises that is not as the audit knows it."""


KEYS: Mapping[str, Sequence[str]] = {
    "order_status": ("order_id",),
    "disputes": ("dispute_id",),
    "evidence": ("evidence_id",),
    "dispute_history": ("dispute_id", "version"),
    "clawbacks": ("dispute_id", "clawback_id"),
    "return_reasons": ("dispute_id", "part"),
    "own_return_reasons": ("order_id", "part"),
    "goodwill_clawbacks": ("order_id", "clawback_id"),
    "refunds": ("order_id", "refund_id"),
    "payments": ("order_id",),
    "chargebacks": ("order_id", "chargeback_id"),
    "returns": ("return_id",),
    "warranties": ("warranty_id",),
}


class Stream:
    """One stream while its events go by."""

    def __init__(self, checks: Checks, category: str, rows: Mapping[str, Rows], name: str) -> None:
        self.name = name
        self._checks = checks
        self._fold = FOLDS.get(category, PlainFold)(checks, rows, name.partition("-")[2])
        self._order, self._started = StreamOrder(checks.log.check), Started()
        self._last: Entry | None = None
        self._broken = False

    def add(self, entry: Entry) -> None:
        """The next event."""
        self._order.add(entry)
        self._last = entry
        try:
            if not self._broken:
                self._started.add(entry)
                self._fold.add(entry)
            self._checks.facts.add(self._checks.service, entry, self._checks.settled(entry))
        except BROKEN as error:
            self._broken = True
            self._checks.log.unreadable(entry, error)

    def end(self, rows: Mapping[str, DueRow]) -> None:
        """Its last event is seen: the deadlines of the same moment."""
        if self._broken or self._last is None:
            return
        self._checks.deadlines.compare(self._last, self._started, self._fold.wanted(), rows)
        for debt in self._fold.end(self._last):
            if self._checks.settled(self._last):
                self._checks.owed.fault("owed", f"{self.name}: {debt}")


async def check_streams(checks: Checks, category: str, windows: AsyncIterator[Window]) -> None:
    """All streams of one category."""
    async for window in windows:
        rows = {name: Rows({_key(name, row): row for row in found}) for name, found in window.rows.items()}
        deadlines = dict(window.deadlines)
        stream: Stream | None = None
        async for entry in window.entries:
            if stream is None or stream.name != entry.stream:
                _end(stream, deadlines)
                stream = Stream(checks, category, rows, entry.stream)
            stream.add(entry)
        _end(stream, deadlines)
        _report_strangers(checks, rows, deadlines)


async def check_order(log: LogCheck, windows: AsyncIterator[Window]) -> None:
    """All streams of one category, their versions and the types of their events alone."""
    async for window in windows:
        name, order = "", StreamOrder(log.check)
        async for entry in window.entries:
            if entry.stream != name:
                name, order = entry.stream, StreamOrder(log.check)
            order.add(entry)
            try:
                entry.name  # noqa: B018 - it raises for a type that is not known
            except Unreadable as error:
                log.unreadable(entry, error)


def _end(stream: Stream | None, deadlines: dict[str, Mapping[str, DueRow]]) -> None:
    if stream:
        stream.end(deadlines.pop(stream.name, {}))


def _report_strangers(checks: Checks, rows: Mapping[str, Rows], deadlines: Mapping[str, Mapping[str, DueRow]]) -> None:
    for name, left in rows.items():
        for key in left.by_key:
            checks.models[name].unknown("/".join(map(str, key)) if isinstance(key, tuple) else str(key))
    for stream, due in deadlines.items():
        for kind in due:
            checks.deadlines.strange(stream, kind)


def _key(model: str, row: Row) -> Any:
    names = KEYS[model]
    return row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)
