"""What becomes of an event that could not be handled: it is tried again, parked, or the database's fault is waited for.

An event of an unknown type, or one that depends on an unknown word, is parked at once: only a newer version handles it.
"""

from __future__ import annotations

import asyncpg

from shared.events.errors import NewerVersion
from shared.eventstore.errors import UnsafeDatabase
from shared.resilience.retry import Transient

TRIES = 3
EVENTS_FAULTS = asyncpg.DataError, asyncpg.IntegrityConstraintViolationError
"""What PostgreSQL says where a value does not fit: the event's fault. All else that it says is no event's."""
TABLES_FAULTS = (asyncpg.NotNullViolationError,)
"""The exception among them: a column that a newer version has added lacks its value, which no event can mend."""


class TablesUnfit(Transient):
    """A table lacks a column, or is not there: waited for, because a stream that is parked for it is never missed."""


def must_park(error: Exception, tries: int) -> bool:
    """Whether the event is parked now, after so many tries; raises where the fault is the database's and no event's."""
    if isinstance(error, UnsafeDatabase):
        raise error
    if isinstance(error, asyncpg.PostgresError) and (
        isinstance(error, TABLES_FAULTS) or not isinstance(error, EVENTS_FAULTS)
    ):
        raise TablesUnfit(f"the database is not as it is needed: {error!r}") from error
    return tries >= TRIES or isinstance(error, NewerVersion)
