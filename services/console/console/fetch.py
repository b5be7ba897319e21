"""What a page shows, asked of all services side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console.format import instant
from console.services_client import Answer, Upstream

SERVICES = ("dispute", "refund", "return-label", "sandbox")
LATEST = 15
DISPUTES_SHOWN = 5
HISTORY_SHOWN = 100


@dataclass(frozen=True, slots=True)
class OrderFound:
    """What the services know of one order; `histories` by dispute id."""

    order_id: str
    status: Answer
    disputes: Answer
    refunds: Answer
    ledger: Answer
    histories: Mapping[str, Answer]

    @property
    def shown(self) -> list[Mapping[str, Any]]:
        """The disputes that the page shows in full: the list's, or the order status's own where the list does not
        answer.
        """
        rows = self.disputes.data
        if not self.disputes.ok and isinstance(self.status.body, Mapping):
            rows = [row for row in self.status.body.get("disputes") or [] if isinstance(row, Mapping)]
        return rows[:DISPUTES_SHOWN]


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything on one page."""

    health: Mapping[str, Answer]
    clock: Answer
    ledger: Answer
    order: OrderFound | None

    @property
    def now(self) -> datetime | None:
        """The domain's present, where the sandbox tells it."""
        return instant(self.clock.body.get("now")) if isinstance(self.clock.body, Mapping) else None

    @property
    def ahead(self) -> timedelta:
        """How far the domain's time is ahead of real time."""
        offset = self.clock.body.get("offset_us") if isinstance(self.clock.body, Mapping) else None
        return timedelta(microseconds=offset) if isinstance(offset, int) else timedelta()


async def look(upstream: Upstream, order_id: str) -> Seen:
    """Asks for everything; nothing of it can fail, each part carries its own trouble."""
    health = asyncio.gather(*(upstream.get(service, "readyz", signed=False) for service in SERVICES))
    clock = upstream.get("sandbox", "clock", signed=False)
    ledger = upstream.get("sandbox", "psp", "ledger", query={"limit": LATEST, "sort": "-id"}, signed=False)
    states, time, lines, order = await asyncio.gather(health, clock, ledger, find(upstream, order_id))
    return Seen(dict(zip(SERVICES, states, strict=True)), time, lines, order)


async def find(upstream: Upstream, order_id: str) -> OrderFound | None:
    """One order, its disputes with their histories, its refunds and its money; nothing where no order is asked for."""
    if not order_id:
        return None
    status, disputes, refunds, ledger = await asyncio.gather(
        upstream.get("dispute", "v1", "orders", order_id, "status"),
        upstream.get("dispute", "v1", "disputes", query={"order_id": order_id}),
        upstream.get("refund", "v1", "refunds", query={"order_id": order_id}),
        upstream.get("sandbox", "psp", "ledger", query={"order_id": order_id}, signed=False),
    )
    found = OrderFound(order_id, status, disputes, refunds, ledger, {})
    ids = [str(row["id"]) for row in found.shown if "id" in row]
    entries = await asyncio.gather(
        *(upstream.get("dispute", "v1", "disputes", id_, "history", query={"limit": HISTORY_SHOWN}) for id_ in ids)
    )
    return OrderFound(order_id, status, disputes, refunds, ledger, dict(zip(ids, entries, strict=True)))
