"""Attention: how much of a subscription waits for a person, parked streams and quarantined records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shared.subscriptions import quarantine
from shared.subscriptions.follower import Quarantined
from shared.subscriptions.parked_streams import ParkedStreams

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool

MOST = 100
"""More streams or records than these, and the worker is not ready: it is no longer one stranger's record, or one
defect.
"""


class Attention:
    """What of one subscription waits for a person, counted."""

    def __init__(self, parked: ParkedStreams) -> None:
        self._parked = parked
        self._streams = self._records = 0

    def __str__(self) -> str:
        return ", ".join(self._counted(0))

    @property
    def beyond(self) -> Sequence[str]:
        """What is more than anybody would look at one by one."""
        return [f"{counted} (makewhole parked list)" for counted in self._counted(MOST)]

    async def count(self, pool: Pool) -> None:
        """Counts anew; other processes release and drop."""
        self._streams = await self._parked.count(pool)
        self._records = await quarantine.count(pool, self._parked.subscription)

    async def keep(self, pool: Pool, found: Sequence[Quarantined]) -> None:
        """Keeps records that are not of the log that is followed."""
        if found:
            await quarantine.keep(pool, self._parked.subscription, found)
            await self.count(pool)

    def _counted(self, above: int) -> Iterator[str]:
        if self._streams > above:
            yield f"{self._streams} parked streams"
        if self._records > above:
            yield f"{self._records} records in quarantine"
