"""One run: the stack, a patient client, what every story comes to without faults, and the end that every promise
has.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from tests.chaos.client import Journal, Patient
from tests.chaos.outcome import State, audited, differences, once_each, states_of, story_of
from tests.chaos.stack import Chaos, chaos_stack
from tests.chaos.stories import STORIES, Wave, pass_all_time, play

WENT_BACK = {
    "negotiated": ["42.00"],
    "accepted": ["25.00"],
    "returned": ["84.50"],
    "mediated": ["40.00", "25.00"],
    "declined": ["47.00"],
    "unanswered": ["120.00"],
}
"""What each story's buyer gets, refund by refund; the others nothing."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise that was kept, and how often that was seen."""

    promise: str
    counts: Mapping[str, object]

    @property
    def line(self) -> str:
        return f"{self.promise:<28} {' '.join(f'{name}={value}' for name, value in self.counts.items())}"


@dataclass(slots=True)
class Run:
    """A running stack with its client; waves have names of their own."""

    stack: Chaos
    client: Patient
    reference: dict[str, State] = field(default_factory=dict)
    waves: int = 0

    def new_wave(self, word: str) -> str:
        self.waves += 1
        return f"{word}{self.waves}"

    async def play(self, word: str, copies: int = 1, pace: float = 0.0, stories: Iterable[str] = STORIES) -> Wave:
        """A wave of stories under a name that no other has."""
        return await play(self.client, self.new_wave(word), copies, pace, stories)

    async def learn(self) -> Kept:
        """Plays every story without faults: what it comes to is what it must always come to."""
        began = time.monotonic()
        wave = await self.play("calm")
        await pass_all_time(self.client)
        states = await states_of(self.client, self.stack.database_url, [wave])
        self.reference = {story_of(order): state for order, state in states.items()}
        for story, state in self.reference.items():
            back = [amount for kind, amount in state["ledger"] if kind == "refund"]
            assert back == WENT_BACK.get(story, []), (story, state)
            assert state["dispute"]["state"] == "closed", (story, state)
        return Kept(
            "without faults",
            {"stories": len(states), **await audited(self.stack, self.client.journal), **seconds(began)},
        )

    async def ended(self, waves: Sequence[Wave]) -> dict[str, int]:
        """Heals and lets everything come to its end: every story as without faults, every acknowledged command once,
        the audit's zeros.
        """
        await self.stack.back()
        await pass_all_time(self.client)
        states = await states_of(self.client, self.stack.database_url, waves)
        wrong = differences(self.reference, states)
        assert not wrong, "\n".join(wrong)
        commands = await once_each(self.stack.database_url, self.client.journal)
        return {"stories": len(states), "acknowledged": commands, **await audited(self.stack, self.client.journal)}


@contextlib.asynccontextmanager
async def open_run() -> AsyncIterator[Run]:
    """A stack of its own, which knows how its stories end."""
    async with chaos_stack() as stack, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:
        with contextlib.closing(Journal(stack.state / "journal")) as journal:
            yield Run(stack, Patient(session, stack.base, journal))


def seconds(began: float) -> dict[str, str]:
    return {"seconds": f"{time.monotonic() - began:.0f}"}
