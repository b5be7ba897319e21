"""The log beside a subscription: what its topic says of that log is taken where the log says so too.

The topic may hold more: what a failover or a restore has lost, under the log's own id. A policy that took it would act
on what never was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.events.fingerprint import fingerprint
from shared.eventstore.log_content import content_at, held
from shared.resilience.retry import Halted
from shared.subscriptions.follower import Delivery

if TYPE_CHECKING:
    from shared.eventstore.connections import Pool


class LogBeside:
    """The log in the subscriptions' own database, asked once about a record however many of them read it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turn = asyncio.Lock()

    async def demand_held(self, deliveries: Sequence[Delivery]) -> None:
        """Halted where the log holds something else than one of these at its position, or nothing."""
        async with self._turn:
            if unasked := [each for each in deliveries if "held" not in each.record.made]:
                await self._demand(unasked)

    async def _demand(self, deliveries: Sequence[Delivery]) -> None:
        found = await content_at(self._pool, [each.position for each in deliveries])
        for each in deliveries:
            here = found.get(each.position)
            if here is None or here.fingerprint != _fingerprint(each):
                raise Halted(
                    f"{each.record.topic} partition {each.record.partition} offset {each.record.offset} holds position "
                    f"{each.position} of this log, and {held(here)}: it has come back shorter, or another one. Nothing "
                    f"from there on is taken; once `makewhole log renew` has let it go, this goes on by itself "
                    f"(docs/runbooks/restore.md)"
                )
            each.record.made["held"] = True


def _fingerprint(delivery: Delivery) -> str:
    attributes = dict(delivery.record.headers)
    return fingerprint(attributes.get("ce_id", b""), attributes.get("ce_commandid", b""), delivery.record.value)
