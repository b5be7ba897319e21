"""The clock's position in the sandbox's database, so that a restart does not turn time back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.clock.clock import MICROSECOND, ClockPosition

if TYPE_CHECKING:
    from sandbox.database import Pool


@dataclass(frozen=True, slots=True)
class ClockStore:
    """The stored position behind one pool."""

    pool: Pool

    async def load(self) -> ClockPosition:
        """The clock's position as it was stored last."""
        row = await self.pool.fetchrow("select offset_us, revision from clock")
        assert row, "the first migration stores a position"
        return ClockPosition(timedelta(microseconds=row["offset_us"]), row["revision"])

    async def save(self, position: ClockPosition) -> None:
        """Stores the clock's next position; RuntimeError where another process has moved it."""
        statement = "update clock set offset_us = $1, revision = $2 where revision = $2 - 1"
        if await self.pool.execute(statement, position.offset // MICROSECOND, position.revision) != "UPDATE 1":
            raise RuntimeError("another sandbox moves the same clock")
