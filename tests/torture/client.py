"""One client of the torture: carries out its commands, writes down before and after each, and goes on where its
predecessor was killed.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.events.base import Event, Personal, StreamOfKey
from shared.events.envelope import Cause, Recorded, Stored, Write
from shared.eventstore.command_handling import handle
from shared.eventstore.store import EventStore, PostgresEventStore, open_store
from shared.resilience.retry import Transient, transient
from tests.support.toys.counter import NOON, Count, Overdrawn, count, counters, deadlines, decode, encode

SIDE_BY_SIDE = 8
OVERTAKEN = 4  # each fourth command meets a conflict for certain, unless it is refused
PARENT = os.getppid()


def command(seed: int, client: int, number: int, streams: int) -> Count:
    """The client's command with this number, the same whenever it is asked for: on few streams, a third of them on two.

    The number of a rival is that of the command that it overtakes, below zero.
    """
    if number < 0:
        return count(command(seed, client, -number, streams).stream, 1, (client, number))
    dice = random.Random(f"{seed}/{client}/{number}")
    first, second = (f"counter-{index}" for index in dice.sample(range(streams), 2))
    second_role = dice.choices([{}, {"into": second}, {"guard": second}], [6, 3, 2])[0]
    amount = dice.randint(1, 40) * dice.choice([1, 1, 1, -1])
    remind_at = NOON + timedelta(seconds=number) if dice.random() < 0.3 else None
    return count(first, amount, (client, number), remind_at=remind_at, reminded=dice.random() < 0.3, **second_role)


def numbers(total: int) -> Sequence[int]:
    """The commands 1 to `total` and the rivals of some of them."""
    return [*range(1, total + 1), *range(-OVERTAKEN, -total - 1, -OVERTAKEN)]


def cause_of(wanted: Count) -> Cause:
    """Its cause, with a text beside the log."""
    text = Personal(f"txt_{wanted.command_id.hex}", "usr_1", "note", f"{wanted.amount}")
    return Cause.of(wanted, request_hash=str(wanted.amount), personal=[text])


@dataclass
class Journal:
    """What this client began and what it was told, in a file that outlives it: `began n`, `told n position`,
    `refused n`, and figures.
    """

    path: Path
    began: set[int] = field(default_factory=set)
    told: dict[int, int] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    sent: int = 0
    conflicts: int = 0
    resent: int = 0
    lives: int = 0

    @property
    def answered(self) -> set[int]:
        """The commands that need nothing more."""
        return self.refused | set(self.told)

    def read(self) -> Journal:
        """What the file says, a last line cut short left out."""
        lives: dict[str, list[int]] = {}
        for line in self.path.read_text().splitlines() if self.path.exists() else ():
            word, *numbers = line.split()
            match word, numbers:
                case "began", [number]:
                    self.began.add(int(number))
                case "told", [number, position]:
                    self.told[int(number)] = int(position)
                case "refused", [number]:
                    self.refused.add(int(number))
                case "life", [pid, *figures, "."]:
                    lives[pid] = [int(figure) for figure in figures]
        self.lives = len(lives)
        self.sent, self.conflicts, self.resent = (
            (sum(figures) for figures in zip(*lives.values(), strict=True)) if lives else (0, 0, 0)
        )
        return self

    def write(self, *words: object) -> None:
        """A line, on the disk before this returns."""
        with self.path.open("a") as file:
            file.write(" ".join(map(str, words)) + "\n")
            file.flush()
            os.fsync(file.fileno())


@dataclass
class Overtaken:
    """The store for a command that somebody else is quicker than: `rival` runs between its first load and its first
    append.
    """

    store: PostgresEventStore
    rival: Callable[[], Awaitable[None]] | None

    async def load(self, *streams: str | StreamOfKey) -> Sequence[Sequence[Recorded[Event]]]:
        histories = await self.store.load(*streams)
        rival, self.rival = self.rival, None
        if rival:
            await rival()
        return histories

    async def append(self, writes: Sequence[Write], cause: Cause) -> int:
        return await self.store.append(writes, cause)

    async def read_all(self, after: int, limit: int) -> Sequence[Stored]:
        return await self.store.read_all(after, limit)

    async def head(self) -> int:
        return await self.store.head()


@dataclass
class Client:
    """Commands 1 to `total`, some at a time; after the one with the number `last` none is begun, and its answer is
    never written down.
    """

    store: PostgresEventStore
    journal: Journal
    seed: int
    number: int
    total: int
    streams: int
    last: int

    async def run(self) -> None:
        """Those begun and unanswered first, then the others."""
        pending = sorted(number for number in self.journal.began - self.journal.answered if number > 0)
        todo = iter(pending + [n for n in range(1, self.total + 1) if n not in self.journal.began])
        await asyncio.gather(*(self._work(todo) for _ in range(SIDE_BY_SIDE)))

    async def _work(self, todo: Iterator[int]) -> None:
        for number in todo:
            if self.last and number > self.last:
                return
            await self._carry_out(number, self._store(number))

    def _store(self, number: int) -> EventStore:
        rival = -number
        if number % OVERTAKEN or rival in self.journal.answered:
            return self.store
        return Overtaken(self.store, lambda: self._carry_out(rival, self.store))

    async def _carry_out(self, number: int, store: EventStore) -> None:
        if number not in self.journal.began:
            self.journal.write("began", number)
        if number == self.last:
            print("the last command has begun", flush=True)
        answer = await self._insist(number, store)
        if number == self.last:
            await end_of_life()
        self.journal.write(*answer)
        figures = self.store.figures
        self.journal.write("life", os.getpid(), figures.items, figures.conflicts, figures.resent, ".")

    async def _insist(self, number: int, store: EventStore) -> Sequence[object]:
        wanted = command(self.seed, self.number, number, self.streams)
        while True:
            try:
                return "told", number, (await handle(store, counters, wanted, cause_of(wanted))).position
            except Overdrawn:
                return "refused", number
            except Transient:
                await unless_orphaned()


async def end_of_life() -> None:
    """Waits to be killed."""
    while True:
        await unless_orphaned()


async def unless_orphaned() -> None:
    """A moment's rest; an orphan has nobody to tell and ends."""
    if os.getppid() != PARENT:
        sys.exit("the torture is gone")
    await asyncio.sleep(0.05)


async def main(dsn: str, journal: str, *numbers: str) -> None:
    """`python -m tests.torture.client <dsn> <journal> <seed> <client> <total> <streams> <last>`"""
    while True:
        try:
            async with open_store(dsn, deadlines=deadlines, encode=encode, decode=decode) as store:
                await Client(store, Journal(Path(journal)).read(), *map(int, numbers)).run()
            return
        except Exception as error:  # the proxy also cuts what the store opens at its start
            if not transient(error):
                raise
            await unless_orphaned()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
