"""Laws of dry runs: what a dry run tells is what the run does, but for ids; and it writes nothing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispute.domain.decider import decider
from dispute.domain.notifications.state import NOTICES
from dispute.views.dry_run import money, shown
from shared.decider import ExpireDeadline
from shared.events.base import Command, Event
from shared.events.codec import encode
from shared.events.envelope import Cause, Write
from shared.events.ids import derived_uuid
from shared.eventstore.command_handling import Prepared, prepare, streams_to_load
from shared.eventstore.memory import MemoryEventStore
from shared.http.dry_run.foretelling import Foretelling
from shared.http.responses import to_json
from shared.rejections import Rejected
from tests.laws.size import examples
from tests.support.dispute_service import Market
from tests.support.random_life import Life
from tests.support.spec import given as so_far

ID = re.compile(r"\b[a-z]{3}_[0-9a-f]{32}")
FORETELLING = Foretelling(NOTICES, money, shown)


class Rehearsed(Market):
    """Every command is tried before it is carried out, under another id and with the same words."""

    def __init__(self, market: Market) -> None:
        super().__init__(market.now)
        self.store = MemoryEventStore(decider.deadlines)
        for stream, events in market.streams.items():
            for event in events:
                self._append(stream, event)

    def ask(self, command: Command) -> Sequence[Event]:
        foretold = self._tried(command)
        tried = so_far(decider, self.streams).when(command)
        done = tried.rejection or tried.by_stream
        if command.command_id not in self.known:
            assert foretold == (done.code if isinstance(done, Rejected) else _without_ids(done)), type(command).__name__
        return super().ask(command)

    def _tried(self, command: Command) -> Any:
        """What the dry run tells, or the code of its problem."""
        # A timer's id says whose it is, and nobody else may try it.
        other = {} if isinstance(command, ExpireDeadline) else {"command_id": derived_uuid("dry", command.command_id)}
        twin, before = command.model_copy(update=other), len(self.store.log)
        try:
            prepared = asyncio.run(self._prepared(twin))
        except Rejected as rejected:
            return rejected.code
        assert isinstance(prepared, Prepared)
        assert len(self.store.log) == before, "nothing is written"
        view = FORETELLING.view(prepared, decider, command.actor)
        assert [event["stream"] for event in view["events"]] == [
            write.stream for write in prepared.writes for _ in write.events
        ]
        assert json.loads(to_json(view))["dry_run"] is True
        return _without_ids(dict(zip(prepared.names, prepared.decided, strict=True)))

    async def _prepared(self, command: Command) -> Any:
        loaded = await self.store.load(*streams_to_load(command))
        return await prepare(loaded, decider, command, Cause.of(command))

    def _append(self, stream: str, event: Event) -> None:
        version = len(self.streams.get(stream, ()))
        super()._append(stream, event)
        cause = Cause(derived_uuid(stream, version), self.now, "system:makewhole")
        asyncio.run(self.store.append([Write(stream, "o1", version, [event])], cause))


def _without_ids(by_stream: Any) -> Any:
    return [
        (ID.sub("an id", stream), name, ID.sub("an id", data.decode()))
        for stream, events in by_stream.items()
        for name, data in map(encode, events)
    ]


@settings(max_examples=examples(200))
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_a_dry_run_tells_the_events_of_the_run_or_its_very_refusal_and_writes_nothing(seed: int, steps: int) -> None:
    life = Life(Random(seed))
    life.market = Rehearsed(life.market)
    for _ in range(steps):
        life.step()
