"""What a policy sends for an event, as its subscription would hand it over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.decider import Send
from shared.events.base import Event
from shared.events.envelope import Metadata, Recorded

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)

React = Callable[[Recorded[Event]], Iterable[Send]]


def recorded(event: Event, stream: str = "dispute-dsp_9a31") -> Recorded[Event]:
    """The event as the seventh of its stream."""
    return Recorded(stream, 7, 42, event, Metadata(AT, UUID(int=1), "", "makewhole", "story", None, None, "o1"))


def sent(react: React, event: Event) -> Any:
    """The one command that the policy sends, decided at the event's instant."""
    [send] = react(recorded(event))
    assert send.causation.id == "dispute-dsp_9a31/7"
    assert send.command.at == AT
    return send.command
