"""Folding of a history, or of what had happened by an instant: others have their turn while a long one is folded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from shared.decider import Decider
from shared.events.base import Event
from shared.events.envelope import Recorded

EVENTS_AT_ONCE = 500
"""So many are folded before others have their turn: some milliseconds."""


async def folded(decider: Decider, stream: str, history: Sequence[Recorded[Event]]) -> Any:
    """The state of a stream after its history."""
    state = decider.fold(stream, _events(history, 0))
    for start in range(EVENTS_AT_ONCE, len(history), EVENTS_AT_ONCE):
        await asyncio.sleep(0)
        state = decider.fold(stream, _events(history, start), state)
    return state


def until(history: Sequence[Recorded[Event]], as_of: datetime | None) -> Sequence[Recorded[Event]]:
    """What had happened by then, a prefix: a policy's event bears another service's instant, and may look earlier than
    what it follows.
    """
    if as_of is None:
        return history
    return list(takewhile(lambda recorded: recorded.metadata.at <= as_of, history))


def up_to(history: Sequence[Recorded[Event]], position: int) -> Sequence[Recorded[Event]]:
    """What the log held up to a position."""
    return [recorded for recorded in history if recorded.position <= position]


def _events(history: Sequence[Recorded[Event]], start: int) -> Sequence[Event]:
    return [recorded.event for recorded in history[start : start + EVENTS_AT_ONCE]]
