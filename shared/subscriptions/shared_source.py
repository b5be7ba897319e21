"""Shared source: one reading of a topic for several subscriptions, each at its own place (ADR 36)."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from operator import attrgetter

from shared.kafka.records import Record
from shared.resilience.retry import Transient
from shared.subscriptions.source import Source

AHEAD = 2_000
"""Records that may wait for the slowest reader, and how far behind the others one may stand to read with them: from
further back it reads by itself until it has come up.
"""

Open = Callable[[], AbstractAsyncContextManager[Source]]
_offset = attrgetter("offset")


@dataclass(slots=True)
class _Window:
    """The records of one partition that some reader has still to take: all there are from offset `first` to `next`."""

    first: int
    next: int
    records: list[Record] = field(default_factory=list)

    def of(self, offset: int, most: int) -> list[Record]:
        begin = bisect_left(self.records, offset, key=_offset)
        return self.records[begin : begin + most]

    def drop_before(self, offset: int) -> None:
        if offset > self.first:
            self.records = self.records[bisect_left(self.records, offset, key=_offset) :]
            self.first = min(offset, self.next)


class SharedSource:
    """Opens the topic for the first subscription that asks, and closes it after the last. Each has a view of it, which
    looks to it like a source of its own.

    Readers that stand close together get the same record objects, so that what one has read out of a record the others
    need not. A reader far behind, a read model made anew among others that are up to date, keeps nobody waiting: it
    opens the topic for itself. One that fails closes its view, and the others go on.
    """

    def __init__(self, open_source: Open) -> None:
        self._open = open_source
        self._turn = asyncio.Lock()
        self._reading: _Reading | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Source]:
        """A view, for one subscription."""
        reading = await self._current()
        view = View(reading, self._open)
        try:
            yield view
        finally:
            await view.close()
            await self._leave(reading)

    async def _current(self) -> _Reading:
        async with self._turn:
            if self._reading is None or self._reading.broken:
                stack = AsyncExitStack()
                self._reading = _Reading(await stack.enter_async_context(self._open()), stack)
            self._reading.users += 1
            return self._reading

    async def _leave(self, reading: _Reading) -> None:
        reading.users -= 1
        if not reading.users:
            if self._reading is reading:
                self._reading = None
            await reading.close()


class _Reading:
    """The open source, and what of it is not yet taken by all who read along."""

    def __init__(self, source: Source, stack: AsyncExitStack) -> None:
        self.source = source
        self.broken = False
        self.users = 0
        self._stack = stack
        self._along: list[View] = []
        self._windows: dict[int, _Window] = {}
        self._fetch: asyncio.Task[None] | None = None
        self._joining = asyncio.Lock()
        self._taken = asyncio.Event()

    def behind(self, places: Mapping[int, int]) -> int:
        """How many offsets before those that are there still these places are; 0 where nobody reads along."""
        windows = self._windows if self._along else {}
        return sum(max(0, windows[p].first - offset) for p, offset in places.items() if p in windows)

    async def join(self, view: View) -> None:
        """The view reads along: from its places on, all records are there. Who stands far behind it reads alone."""
        async with self._joining:
            await self._still()
            if self._ahead(view.places) > AHEAD:
                self._along = []
            if not self._along:
                self._windows = {}
            for partition, offset in view.places.items():
                window = self._windows.get(partition)
                if window is None or offset < window.first:
                    self.source.seek(partition, offset)
                    self._windows[partition] = _Window(offset, offset)
            self._along.append(view)

    def leave(self, view: View) -> None:
        """The view no longer reads along."""
        if view in self._along:
            self._along.remove(view)
            self.trim()

    def has(self, view: View) -> bool:
        """Whether the view reads along."""
        return view in self._along

    def trim(self) -> None:
        """Lets go what all have taken."""
        for partition, window in self._windows.items():
            window.drop_before(min((each.places[partition] for each in self._along), default=0))
        taken, self._taken = self._taken, asyncio.Event()
        taken.set()

    def take(self, places: Mapping[int, int], most: int) -> dict[int, list[Record]]:
        """What is there from these places on."""
        found: dict[int, list[Record]] = {}
        for partition, offset in places.items():
            if most > 0 and (records := self._windows[partition].of(offset, most)):
                found[partition] = records
                most -= len(records)
        return found

    async def more(self, limit: float, most: int) -> None:
        """Returns when records have come, or the slowest reader has taken some, or after about `limit` seconds."""
        if sum(len(window.records) for window in self._windows.values()) >= AHEAD:
            with suppress(TimeoutError):
                async with asyncio.timeout(limit):
                    await self._taken.wait()
        elif self._fetch is not None and not self._fetch.done():
            await asyncio.shield(self._fetch)
        elif self._joining.locked():
            async with self._joining:
                """Nobody fetches while somebody seeks."""
        elif self.broken:
            raise Transient("the reading that the subscriptions share has failed")
        else:
            self._fetch = asyncio.create_task(self._fetched(limit, most), name="shared fetch")
            await asyncio.shield(self._fetch)

    async def close(self) -> None:
        """Ends the reading."""
        if self._fetch is not None:
            self._fetch.cancel()
            await self._still()
        await self._stack.aclose()

    def _ahead(self, places: Mapping[int, int]) -> int:
        windows = self._windows if self._along else {}
        return sum(max(0, offset - windows[p].next) for p, offset in places.items() if p in windows)

    async def _still(self) -> None:
        if self._fetch is not None:
            await asyncio.wait({self._fetch})
            _ = self._fetch.cancelled() or self._fetch.exception()  # marks it as seen, or asyncio would log it

    async def _fetched(self, limit: float, most: int) -> None:
        try:
            for partition, records in (await self.source.fetch(limit, most)).items():
                window = self._windows[partition]
                window.records += records
                window.next = records[-1].offset + 1
        except BaseException:
            self.broken = True
            raise


class View:
    """One subscription's source: reads along with the others, or from far behind them by itself."""

    def __init__(self, reading: _Reading, open_source: Open) -> None:
        self.places: dict[int, int] = {}
        self._reading = reading
        self._open = open_source
        self._alone: Source | None = None
        self._stack = AsyncExitStack()

    @property
    def partitions(self) -> int:
        """How many the topic has."""
        return self._reading.source.partitions

    async def bounds(self) -> dict[int, tuple[int, int]]:
        """By partition: the offset of the first record, and the one that the next record will get."""
        return await self._reading.source.bounds()

    def seek(self, partition: int, offset: int) -> None:
        """The partition goes on at the offset."""
        self._reading.leave(self)
        self.places[partition] = offset
        if self._alone:
            self._alone.seek(partition, offset)

    async def fetch(self, limit: float, most: int) -> Mapping[int, Sequence[Record]]:
        """Up to `most` records by partition; nothing where none came within `limit` seconds."""
        reading = self._reading
        if not reading.has(self):
            if reading.behind(self.places) > AHEAD:
                return await self._fetch_alone(limit, most)
            await self._join()
        if not (found := reading.take(self.places, most)):
            await reading.more(limit, most)
            found = reading.take(self.places, most) if reading.has(self) else {}
        self._passed(found)
        reading.trim()
        return found

    async def close(self) -> None:
        """Reads no more."""
        self._reading.leave(self)
        await self._stack.aclose()

    async def _join(self) -> None:
        await self._stack.aclose()
        self._alone = None
        await self._reading.join(self)

    async def _fetch_alone(self, limit: float, most: int) -> Mapping[int, Sequence[Record]]:
        if self._alone is None:
            self._alone = await self._stack.enter_async_context(self._open())
            for partition, offset in self.places.items():
                self._alone.seek(partition, offset)
        found = await self._alone.fetch(limit, most)
        self._passed(found)
        return found

    def _passed(self, found: Mapping[int, Sequence[Record]]) -> None:
        for partition, records in found.items():
            self.places[partition] = records[-1].offset + 1
