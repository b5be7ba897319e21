"""Following of parcels: the carrier is asked now and then what it knows, as a message of its may be lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.decider import decider
from return_label.domain.returns.scans import Seen, commands, is_of
from return_label.domain.returns.state import Return
from return_label.gateways.port import Carrier, Scan, Unanswered
from shared.events.envelope import Cause
from shared.eventstore.command_handling import handle
from shared.eventstore.folding import folded
from shared.process.clock import Clock
from shared.rejections import Rejected

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool
    from shared.eventstore.store import EventStore

EVERY = 900.0
"""Seconds between two rounds."""
AT_ONCE = 50
"""Returns in one turn."""

# A return waits for its parcel as long as it may be sent or is on its way, and has a deadline for that.
OPEN = "select distinct stream from deadlines where kind = any($1::text[]) and stream > $2 order by stream limit $3"
KINDS = [DeadlineKind.SHIPMENT.value, DeadlineKind.TRANSIT.value]

log = logging.getLogger(__name__)


class Following:
    """Asks the carrier of this name after every parcel that may be on its way with a label of its."""

    def __init__(self, name: str, carrier: Carrier, store: EventStore, pool: Pool, clock: Clock) -> None:
        self._name = name
        self._carrier = carrier
        self._store = store
        self._pool = pool
        self._clock = clock
        self._last = ""

    async def turn(self) -> bool:
        """Follows the parcels of the next returns; whether more of them wait in this round."""
        found = await self._pool.fetch(OPEN, KINDS, self._last, AT_ONCE)
        for row in found:
            await self._follow(row["stream"])
        full = len(found) == AT_ONCE
        self._last = found[-1]["stream"] if full else ""
        return full

    async def _follow(self, stream: str) -> None:
        (history,) = await self._store.load(stream)
        return_: Return = await folded(decider, stream, history)
        label = return_.label
        if not label or label.carrier != self._name or not label.tracking_number or not return_.has_prepaid_label:
            return
        try:
            await self._tell(return_, await self._carrier.track(label.tracking_number))
        except Unanswered as error:
            log.warning("a parcel is not followed this time: %s", error)

    async def _tell(self, return_: Return, scans: Sequence[Scan]) -> None:
        """By the scans' own ids, so that what a message has told before is not carried out again."""
        for scan in scans:
            seen = Seen(scan.scan_id, scan.tracking_number, scan.kind)
            for command in commands(return_, seen, self._clock.now()) if is_of(return_, seen) else ():
                try:
                    await handle(self._store, decider, command, Cause.of(command))
                except Rejected as rejection:
                    log.info("a scan changes nothing: %s", rejection.code)
