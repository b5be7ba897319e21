"""Rows of an append: events encoded once, checked, and laid out in the columns of the append function."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson

from shared.decider import Clear, Start
from shared.events.base import Event, Personal
from shared.events.codec import Encode
from shared.events.envelope import Cause, Metadata, Write
from shared.eventstore.errors import EventTooLarge, StreamFull, Unstorable

MAX_EVENT = 256 * 1024  # bytes
CEILING = 10_000
"""Events of a stream from which on people's commands are refused: all of it is loaded and folded for each of them."""

Deadlines = Callable[[str, Event], Iterable[Start | Clear]]
Row = tuple[Any, ...]

# An odd number of backslashes before u0000: an escape, not a backslash in the text.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(slots=True, eq=False)
class Append:
    """One append, ready to be sent: all or nothing. `answer` gets the position of its last event, or an error."""

    streams: frozenset[str]
    writes: Sequence[Row]
    events: Sequence[Row]
    deadlines: Sequence[Row]
    personal: Sequence[Row]
    size: int
    answer: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    waiting_since: float = 0.0
    uncertain: bool = False  # it was sent at least once, and no answer came


def encode_append(
    writes: Sequence[Write], cause: Cause, encode: Encode, deadlines: Deadlines, ceiling: int = CEILING
) -> Append:
    """The append in rows; Unstorable, EventTooLarge or StreamFull where the log cannot hold it, ValueError without
    events.
    """
    streams = frozenset([write.stream for write in writes])
    if len(streams) != len(writes):
        raise ValueError("two writes to one stream in one append")
    _check_length(writes, cause, ceiling)
    metadata = _metadata(cause)
    events = [row for write in writes for row in _events(write, metadata, encode)]
    if not events:
        raise ValueError("an append without events")
    personal = [_personal(row) for row in cause.personal]
    _check_names(events, streams)
    return Append(
        streams,
        [(write.stream, write.expected_version) for write in writes],
        events,
        _deadlines(writes, deadlines),
        personal,
        size=sum([len(row[4]) + len(row[5]) for row in events]) + sum([len(row[3]) for row in personal]),
    )


def columns(items: Sequence[Append]) -> list[Sequence[Any]]:
    """The arguments of the append function for these items, which it numbers from 1."""
    return [
        *_columns([entry.writes for entry in items], 2),
        *_columns([entry.events for entry in items], 6),
        *_columns([entry.deadlines for entry in items], 4),
        *_columns([entry.personal for entry in items], 4),
    ]


def _columns(groups: Sequence[Sequence[Row]], width: int) -> list[Sequence[Any]]:
    numbers = [number for number, rows in enumerate(groups, 1) for _ in rows]
    if not numbers:
        return [()] * (width + 1)
    return [numbers, *zip(*chain.from_iterable(groups), strict=True)]


def _events(write: Write, metadata: bytes, encode: Encode) -> Iterable[Row]:
    for version, event in enumerate(write.events, write.expected_version + 1):
        try:
            name, data = encode(event)
        except ValueError as error:  # half a surrogate pair has no UTF-8
            raise Unstorable(f"{type(event).__name__} of {write.stream} cannot be encoded: {error}") from error
        if len(data) + len(metadata) > MAX_EVENT:
            raise EventTooLarge(f"{name} of {write.stream} has {len(data) + len(metadata)} bytes, above {MAX_EVENT}")
        _check(data)
        yield write.stream, version, write.key, name, data, metadata


def _metadata(cause: Cause) -> bytes:
    try:
        text = Metadata.of(cause, key="").to_json()
    except ValueError as error:
        raise Unstorable(f"metadata cannot be encoded: {error}") from error
    _check(text)
    return text


def _deadlines(writes: Sequence[Write], deadlines: Deadlines) -> list[Row]:
    """One row per stream and kind, its last change: a row of the table can be written only once in a statement."""
    rows: dict[tuple[str, str], Row] = {}
    for write in writes:
        for event in write.events:
            for change in deadlines(write.stream, event):
                due_at = change.due_at if isinstance(change, Start) else None
                rows[write.stream, change.kind] = (write.stream, change.kind, due_at, write.key)
    return list(rows.values())


def _personal(row: Personal) -> Row:
    if len(row.body) > MAX_EVENT:
        raise EventTooLarge(f"personal text {row.ref} has {len(row.body)} characters, above {MAX_EVENT}")
    for text in (row.ref, row.subject, row.kind, row.body):
        _check_text(text)
    return row.ref, row.subject, row.kind, row.body


def _check_length(writes: Sequence[Write], cause: Cause, ceiling: int) -> None:
    if cause.actor.startswith("system:"):
        return  # what was begun is brought to its end: timers, refunds and returns ask for no more than people did
    for write in writes:
        if write.events and write.expected_version + len(write.events) > ceiling:
            raise StreamFull(f"{write.stream} would have more than {ceiling} events: MAKEWHOLE_STREAM_CEILING")


def _check(text: bytes) -> None:
    if b"\\u" not in text:
        return
    if _NUL.search(text):
        raise Unstorable("a NUL character")
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:  # PostgreSQL refuses half a surrogate pair as well
        raise Unstorable(str(error)) from error


def _check_names(events: Sequence[Row], streams: Iterable[str]) -> None:
    for text in {*streams, *[row[2] for row in events]}:
        _check_text(text)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise Unstorable("a NUL character")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Unstorable("half a surrogate pair") from error
