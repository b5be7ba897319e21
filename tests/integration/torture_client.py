"""One client of the torture: carries out its commands, writes down before and after each, and goes on where its predecessor was killed."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shared.events.base import Cause, Personal
from shared.eventstore.handle import handle
from shared.eventstore.retry import Transient, transient
from shared.eventstore.store import PostgresEventStore, open_store
from tests.counter import NOON, Count, Overdrawn, count, counters, deadlines, decode, encode

SIDE_BY_SIDE = 8
PARENT = os.getppid()


def command(seed: int, client: int, number: int, streams: int) -> Count:
    """The client's command with this number, the same whenever it is asked for: on few streams, a third of them on two."""
    dice = random.Random(f"{seed}/{client}/{number}")
    first, second = (f"counter-{index}" for index in dice.sample(range(streams), 2))
    second_role = dice.choices([{}, {"into": second}, {"guard": second}], [6, 3, 2])[0]
    amount = dice.randint(1, 40) * dice.choice([1, 1, 1, -1])
    remind_at = NOON + timedelta(seconds=number) if dice.random() < 0.3 else None
    return count(first, amount, (client, number), remind_at=remind_at, reminded=dice.random() < 0.3, **second_role)


def cause_of(wanted: Count) -> Cause:
    """Its cause, with a text beside the log."""
    text = Personal(f"txt_{wanted.command_id.hex}", "usr_1", "note", f"{wanted.amount}")
    return Cause.of(wanted, request_hash=str(wanted.amount), personal=[text])


@dataclass
class Journal:
    """What this client began and what it was told, in a file that outlives it: `began n`, `told n position`, `refused n`, and figures."""

    path: Path
    began: set[int] = field(default_factory=set)
    told: dict[int, int] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    sent: int = 0
    conflicts: int = 0
    resent: int = 0
    lives: int = 0

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
        self.sent, self.conflicts, self.resent = (sum(figures) for figures in zip(*lives.values(), strict=True)) if lives else (0, 0, 0)
        return self

    def write(self, *words: object) -> None:
        """A line, on the disk before this returns."""
        with self.path.open("a") as file:
            file.write(" ".join(map(str, words)) + "\n")
            file.flush()
            os.fsync(file.fileno())


@dataclass
class Client:
    """Commands 1 to `total`, some at a time."""

    store: PostgresEventStore
    journal: Journal
    seed: int
    number: int
    total: int
    streams: int

    async def run(self) -> None:
        """Those begun and unanswered first, then the others."""
        answered = set(self.journal.told) | self.journal.refused
        pending = sorted(self.journal.began - answered)
        todo = iter(pending + [n for n in range(1, self.total + 1) if n not in self.journal.began])
        await asyncio.gather(*(self._work(todo) for _ in range(SIDE_BY_SIDE)))

    async def _work(self, todo: object) -> None:
        for number in todo:  # type: ignore[attr-defined]
            if number not in self.journal.began:
                self.journal.write("began", number)
            await self._insist(number)
            figures = self.store.figures
            self.journal.write("life", os.getpid(), figures.items, figures.conflicts, figures.resent, ".")

    async def _insist(self, number: int) -> None:
        wanted = command(self.seed, self.number, number, self.streams)
        while os.getppid() == PARENT:
            try:
                outcome = await handle(self.store, counters, wanted, cause_of(wanted))
            except Overdrawn:
                self.journal.write("refused", number)
                return
            except Transient:
                await asyncio.sleep(0.05)
            else:
                self.journal.write("told", number, outcome.position)
                return


async def main(dsn: str, journal: str, *numbers: str) -> None:
    """`python -m tests.integration.torture_client <dsn> <journal> <seed> <client> <total> <streams>`"""
    while os.getppid() == PARENT:  # an orphan has nobody to tell
        try:
            async with open_store(dsn, deadlines=deadlines, encode=encode, decode=decode) as store:
                await Client(store, Journal(Path(journal)).read(), *map(int, numbers)).run()
            return
        except Exception as error:  # the proxy also cuts what the store opens at its start
            if not transient(error):
                raise
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
