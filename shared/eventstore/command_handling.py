"""Command handling: load, recognise a repeat, decide, append; again after a conflict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.decider import Decided, Decider
from shared.events.base import Command, Event, StreamName, StreamOfKey
from shared.events.envelope import Cause, Write
from shared.events.slot import slot_of
from shared.eventstore.conditions import UNCONDITIONAL, Conditions
from shared.eventstore.errors import Busy, WrongExpectedVersion
from shared.eventstore.folding import folded, up_to
from shared.eventstore.idempotency import carried_out
from shared.eventstore.store import EventStore, History
from shared.rejections import Forbidden, NotFound, Rejected

ATTEMPTS = 5


class Outcome(NamedTuple):
    """What a command came to. `streams` (names), `states` and `versions` stand in the order of the command's streams.

    `events` are this command's, in the log's order; `position` is that of the last one, or where it has none of the
    last event loaded; `slot` is that of the command's first stream. `at` is the instant of the decision. `replayed`: it
    had been carried out before, and the states and the instant are those of that time. `shown` are the histories that
    the answer shows besides, as they were loaded with the command.
    """

    streams: Sequence[str]
    states: Sequence[Any]
    versions: Sequence[int]
    position: int
    slot: int
    replayed: bool
    events: Sequence[Event]
    at: datetime
    shown: Sequence[History] = ()


class Prepared(NamedTuple):
    """A command that is decided and not appended: its streams with their histories and states, what it decided on each,
    and the histories that its answer shows besides.
    """

    streams: Sequence[StreamName]
    histories: Sequence[History]
    states: Sequence[Any]
    decided: Sequence[Sequence[Event]]
    shown: Sequence[History] = ()

    @property
    def names(self) -> Sequence[str]:
        """Of its streams."""
        return [stream.name for stream in self.streams]

    @property
    def writes(self) -> Sequence[Write]:
        """What is to be appended; nothing where nothing was decided."""
        return _writes(self.streams, self.histories, self.decided) if any(self.decided) else ()

    @property
    def position(self) -> int:
        """That of the last event loaded."""
        return max((history[-1].position for history in self.histories if history), default=0)


class StaleVersion(Rejected, code="version_conflict"):
    """The first stream is at a version that the caller does not allow; `events` are those recorded since what he has
    seen, as far as he learns of them.
    """

    def __init__(self, current_version: int, events: History) -> None:
        super().__init__(f"the version is {current_version} by now", current_version=current_version)
        self.current_version = current_version
        self.events = events


Guard = Callable[[Any, int], None]
"""Raises where the command may not be carried out on this state of its first stream, at this version."""


def unguarded(_: Any, __: int) -> None:
    """Nothing but the decision says whether the command may be carried out."""


async def handle(
    store: EventStore,
    decider: Decider,
    command: Command,
    cause: Cause,
    conditions: Conditions = UNCONDITIONAL,
    guard: Guard = unguarded,
    shown: Sequence[str] = (),
) -> Outcome:
    """Carries the command out, once however often it comes; raises what `decide` rejects, KeyReused, StaleVersion or an
    I/O error. `shown` are streams that its answer shows besides, on which nothing is decided.

    The conditions speak of the first stream. A conflict starts it all again, and the decision anew; the fifth is Busy.
    """
    for _ in range(ATTEMPTS):
        loaded = await store.load(*streams_to_load(command), *shown)
        prepared = await prepare(loaded, decider, command, cause, conditions, guard)
        if isinstance(prepared, Outcome):
            return prepared
        position = prepared.position
        if writes := prepared.writes:
            try:
                position = await store.append(writes, cause.correlated(prepared.histories))
            except WrongExpectedVersion:
                continue
        return _outcome(decider, command, prepared, position)
    raise Busy(f"{ATTEMPTS} conflicts in a row")


def streams_to_load(command: Command) -> Sequence[str | StreamOfKey]:
    """What is loaded for a command: the streams that it decides on."""
    return [stream.name if isinstance(stream, StreamName) else stream for stream in command.streams]


async def prepare(
    loaded: Sequence[History],
    decider: Decider,
    command: Command,
    cause: Cause,
    conditions: Conditions = UNCONDITIONAL,
    guard: Guard = unguarded,
) -> Prepared | Outcome:
    """The command up to where it would be appended, or its outcome where it had been carried out before; raises what
    `handle` raises for a refusal. `loaded` are the histories of its streams, and of those that its answer shows
    besides.
    """
    streams = _named(command.streams, loaded[0])
    histories, shown = loaded[: len(streams)], loaded[len(streams) :]
    if outcome := await _replay(decider, command, cause.request_hash, streams, histories):
        return outcome._replace(shown=[up_to(history, outcome.position) for history in shown])
    states = await _states(decider, streams, histories)
    if not conditions.hold_at(len(histories[0])):
        raise _stale(decider, command, states, histories[0], conditions)
    guard(states[0], len(histories[0]))
    return Prepared(streams, histories, states, _by_stream(decider.decide(command, *states), len(states)), shown)


def _named(wanted: Sequence[StreamName | StreamOfKey], first: History) -> Sequence[StreamName]:
    """The streams by name, where some follow from the first one's key."""
    key = first[0].metadata.key if first else ""
    return [stream.named(key) if isinstance(stream, StreamOfKey) else stream for stream in wanted]


async def _replay(
    decider: Decider,
    command: Command,
    request_hash: str,
    streams: Sequence[StreamName],
    histories: Sequence[History],
) -> Outcome | None:
    """The outcome as it was, if these streams hold events of this very command; KeyReused if of another request."""
    mine = carried_out(command.command_id, request_hash, histories)
    if not mine:
        return None
    # An append's positions are contiguous, so the log up to its last one is what that decision left behind.
    last = mine[-1].position
    then = [up_to(history, last) for history in histories]
    return Outcome(
        [stream.name for stream in streams],
        await _states(decider, streams, then),
        [len(history) for history in then],
        last,
        _slot(streams, histories),
        True,
        [recorded.event for recorded in mine],
        mine[0].metadata.at,
    )


def _stale(
    decider: Decider, command: Command, states: Sequence[Any], history: History, conditions: Conditions
) -> Rejected:
    """The refusal of a stale version: what was recorded since, as far as the caller learns of it, unless the caller may
    not see it at all.
    """
    try:
        decider.decide(command, *states)
    except (NotFound, Forbidden) as refusal:
        return refusal
    except Rejected:
        pass
    unseen = history[conditions.last_seen(len(history)) :]
    since = [each for each in unseen if decider.knows(each.stream, states[0], command.actor, each.event)]
    return StaleVersion(len(history), since)


async def _states(decider: Decider, streams: Sequence[StreamName], histories: Sequence[History]) -> list[Any]:
    return [await folded(decider, stream.name, history) for stream, history in zip(streams, histories, strict=True)]


def _by_stream(decided: Decided, streams: int) -> tuple[Sequence[Event], ...]:
    """A plain list is the one stream's; an empty one is nothing at all, whatever the number of streams."""
    if isinstance(decided, tuple):
        parts: tuple[Sequence[Event], ...] = decided
    else:
        parts = (decided,) if decided or streams == 1 else ((),) * streams
    if len(parts) != streams:
        raise ValueError(f"decided on {len(parts)} streams of {streams}")
    return parts


def _writes(
    streams: Sequence[StreamName], histories: Sequence[History], decided: Sequence[Sequence[Event]]
) -> list[Write]:
    """A write for each stream; those without events are guards: the decision rests on what they held."""
    writes = []
    for stream, history, events in zip(streams, histories, decided, strict=True):
        key = history[0].metadata.key if history else stream.key
        if events and key is None:
            raise ValueError(f"{stream.name} has no key: this command may not begin it")
        writes.append(Write(stream.name, key or "", len(history), events))
    return writes


def _outcome(decider: Decider, command: Command, prepared: Prepared, position: int) -> Outcome:
    names, histories, decided = prepared.names, prepared.histories, prepared.decided
    after = [
        decider.fold(name, events, state) for name, events, state in zip(names, decided, prepared.states, strict=True)
    ]
    versions = [len(history) + len(events) for history, events in zip(histories, decided, strict=True)]
    events = [event for part in decided for event in part]
    slot = _slot(prepared.streams, histories)
    return Outcome(names, after, versions, position, slot, False, events, command.at, prepared.shown)


def _slot(streams: Sequence[StreamName], histories: Sequence[History]) -> int:
    for stream, history in zip(streams, histories, strict=True):
        key = history[0].metadata.key if history else stream.key
        if key is not None:
            return slot_of(key)
    return slot_of("")
