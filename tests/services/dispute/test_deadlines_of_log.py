"""Deadlines folded from a log that a newer version has written to as well: what it cannot read is left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispute.domain.decider import decider
from shared.deadlines.from_log import DeadlinesOfLog
from shared.events import codec
from shared.events.envelope import Stored

GOLDEN = Path(__file__).parents[2] / "golden"
METADATA = {
    "at": "2026-03-01T00:00:00.000000Z",
    "command_id": "6f1d6a52-8a64-5c0e-9a4e-6d616b657768",
    "actor": "system:makewhole",
    "correlation": "a story",
}


def golden(stream: str, version: int, event: str) -> Stored:
    return Stored(stream, version, version, "o1", event, (GOLDEN / f"{event}.json").read_bytes(), METADATA)


def test_what_follows_an_event_that_cannot_be_read_is_not_folded() -> None:
    log = DeadlinesOfLog(decider)
    log.unreadable("order-o1")
    log.add(codec.recorded(golden("order-o1", 2, "makewhole.PaymentHeld.v1")))
    assert (log.unread, log.called()) == ({"order-o1"}, {})


@pytest.mark.parametrize("stream", ["unheard-x"])
def test_a_stream_of_a_category_that_only_a_newer_version_has_cannot_be_read(stream: str) -> None:
    log = DeadlinesOfLog(decider)
    log.add(codec.recorded(golden(stream, 1, "makewhole.DeadlineMoved.v1")))
    assert (log.unread, log.called(), log.knows(stream, "expiry")) == ({stream}, {}, False)
