"""Log identity: the log's id, the former lives that it continues, and the number of partitions of its topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from shared.events.lineage import last_shared
from shared.resilience.retry import Halted

if TYPE_CHECKING:
    from shared.eventstore.connections import Connection, Pool

IDENTITY = "select log_id, partitions, lineage from log"


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """The row of `log`."""

    log_id: UUID
    partitions: int
    lineage: str = ""

    def includes(self, log_id: UUID, position: int) -> bool:
        """Whether what stands at the position of that log stands in this one too."""
        shared = last_shared(self.lineage, log_id)
        return log_id == self.log_id or (shared is not None and position <= shared)

    def demand(self, partitions: int) -> None:
        """Halted unless the topic has as many partitions as the log was made for: else keys would change theirs."""
        if partitions != self.partitions:
            raise Halted(
                f"the log was made for topics of {self.partitions} partitions, and here are {partitions}: "
                f"set MAKEWHOLE_PARTITIONS={self.partitions}, for the number stays"
            )


async def identify(connection: Connection | Pool) -> LogIdentity:
    """Which log the database holds."""
    row = await connection.fetchrow(IDENTITY)
    assert row is not None, "the migration makes the row, and nobody may delete it"
    return LogIdentity(UUID(str(row["log_id"])), row["partitions"], row["lineage"])
