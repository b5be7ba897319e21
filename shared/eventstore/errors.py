"""Errors of an append: conflict, busy, outcome unknown, unstorable, too large."""

from typing import ClassVar

from shared.resilience.retry import Transient


class WrongExpectedVersion(Exception):
    """A stream is not at the version that a write expects: nothing of this append is recorded."""


class Busy(Transient):
    """Nothing was recorded: too much is waiting, or the database did not answer in time. A repeat may succeed."""

    code: ClassVar[str] = "busy"
    retry_after: ClassVar[int] = 1  # seconds


class OutcomeUnknown(Transient):
    """The append was sent, and for ten seconds no answer could be had. Sending it again with the same command id is
    safe.
    """

    code: ClassVar[str] = "outcome_unknown"
    retry_after: ClassVar[int] = 1  # seconds


class TornHistory(Exception):
    """A stream's events do not count from 1 without a hole: what is left of it must not be folded."""


class Unstorable(ValueError):
    """The log cannot hold this: a NUL character, half a surrogate pair, or a number beyond PostgreSQL's range."""

    code: ClassVar[str] = "unstorable"


class EventTooLarge(Unstorable):
    """An encoded event is above 256 KiB; above Kafka's limit it would stop the relay for ever."""

    code: ClassVar[str] = "event_too_large"


class StreamFull(Unstorable):
    """The stream has as many events as people may give it; only the system itself still appends
    (docs/runbooks/full-stream.md).
    """

    code: ClassVar[str] = "stream_full"


class UnsafeDatabase(Exception):
    """The server's settings break a promise that the store gives: durable appends, or waits with a limit."""
