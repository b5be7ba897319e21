"""Lives as the log holds them: each event with the command that it came of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from shared.events.base import Command, Event
from shared.events.envelope import Cause, Metadata, Recorded
from shared.events.ids import derived_uuid
from tests.support.dispute_service import Market
from tests.support.random_life import Life

ADDRESS = "Pier 1"
"""The seller's, which not everybody may see."""


class RecordedMarket(Market):
    """A market that keeps of every event whose command it came of."""

    def __init__(self, market: Market) -> None:
        super().__init__(market.now)
        self.recorded: dict[str, list[Recorded[Event]]] = {}
        self._cause = Cause(derived_uuid("before"), market.now, "service:shop")
        for stream, events in market.streams.items():
            for event in events:
                self._append(stream, event)

    def ask(self, command: Command) -> Sequence[Event]:
        """As ever, and what follows is the command's."""
        self._cause = Cause.of(command)
        return super().ask(command)

    def _append(self, stream: str, event: Event) -> None:
        super()._append(stream, event)
        history = self.recorded.setdefault(stream, [])
        version = len(history) + 1
        history.append(Recorded(stream, version, version, event, Metadata.of(self._cause, "o1")))

    @property
    def histories(self) -> Iterator[Sequence[Recorded[Event]]]:
        """Every dispute's."""
        return (history for stream, history in self.recorded.items() if stream.startswith("dispute-"))


def recorded_life(
    seed: int, steps: int, address: str | None = None, kind: type[Life] = Life
) -> tuple[Life, RecordedMarket]:
    """A life of so many steps, and its market."""
    life = kind(Random(seed), address)
    life.market = market = RecordedMarket(life.market)
    for _ in range(steps):
        life.step()
    return life, market


def behind_each_command(history: Sequence[Recorded[Event]]) -> Iterator[Sequence[Recorded[Event]]]:
    """The beginnings of a history that somebody may see: what a command does is seen whole."""
    for n, recorded in enumerate(history, 1):
        if n == len(history) or history[n].metadata.command_id != recorded.metadata.command_id:
            yield history[:n]
