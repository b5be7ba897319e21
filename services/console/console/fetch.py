"""Fetching: everything that the page shows, asked of all services side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console.format import instant
from console.services_client import ServiceResponse, ServicesClient
from shared.events.logs import LOGS

SERVICES = (*(service.replace("_", "-") for service in LOGS), "sandbox")
LATEST = 15
DISPUTES_SHOWN = 5
HISTORY_SHOWN = 100


@dataclass(frozen=True, slots=True)
class OrderData:
    """One order as the services show it; `histories` by dispute id."""

    order_id: str
    status: ServiceResponse
    disputes: ServiceResponse
    refunds: ServiceResponse
    ledger: ServiceResponse
    histories: Mapping[str, ServiceResponse]

    @property
    def shown_disputes(self) -> list[Mapping[str, Any]]:
        """The disputes that the page shows in full: the list's, or the order status's own where the list does not
        answer.
        """
        rows = self.disputes.data
        if not self.disputes.ok and isinstance(self.status.body, Mapping):
            rows = [row for row in self.status.body.get("disputes") or [] if isinstance(row, Mapping)]
        return rows[:DISPUTES_SHOWN]


@dataclass(frozen=True, slots=True)
class HomeData:
    """Everything on one page."""

    health: Mapping[str, ServiceResponse]
    clock: ServiceResponse
    ledger: ServiceResponse
    order: OrderData | None

    @property
    def now(self) -> datetime | None:
        """The domain's present, where the sandbox tells it."""
        return instant(self.clock.body.get("now")) if isinstance(self.clock.body, Mapping) else None

    @property
    def ahead(self) -> timedelta:
        """How far the domain's time is ahead of real time."""
        offset = self.clock.body.get("offset_us") if isinstance(self.clock.body, Mapping) else None
        return timedelta(microseconds=offset) if isinstance(offset, int) else timedelta()


async def fetch_home(services: ServicesClient, order_id: str) -> HomeData:
    """Asks for everything; what fails is part of the page."""
    health = asyncio.gather(*(services.get(service, "readyz", signed=False) for service in SERVICES))
    clock = services.get("sandbox", "clock", signed=False)
    ledger = services.get("sandbox", "psp", "ledger", query={"limit": LATEST, "sort": "-id"}, signed=False)
    healths, clock_now, movements, order = await asyncio.gather(health, clock, ledger, fetch_order(services, order_id))
    return HomeData(dict(zip(SERVICES, healths, strict=True)), clock_now, movements, order)


async def fetch_order(services: ServicesClient, order_id: str) -> OrderData | None:
    """One order, its disputes with their histories, its refunds and its money; nothing where no order is asked for."""
    if not order_id:
        return None
    status, disputes, refunds, ledger = await asyncio.gather(
        services.get("dispute", "v1", "orders", order_id, "status"),
        services.get("dispute", "v1", "disputes", query={"order_id": order_id}),
        services.get("refund", "v1", "refunds", query={"order_id": order_id}),
        services.get("sandbox", "psp", "ledger", query={"order_id": order_id}, signed=False),
    )
    order = OrderData(order_id, status, disputes, refunds, ledger, {})
    ids = [str(row["id"]) for row in order.shown_disputes if "id" in row]
    histories = await asyncio.gather(
        *(services.get("dispute", "v1", "disputes", id_, "history", query={"limit": HISTORY_SHOWN}) for id_ in ids)
    )
    return OrderData(order_id, status, disputes, refunds, ledger, dict(zip(ids, histories, strict=True)))
