"""A dispute over the application in memory: what its parties and the case team ask of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx

from shared.events.base import wire_time
from shared.process.clock import SystemClock
from tests.support.servers.in_memory import InMemory, order_body, usd

NOW = SystemClock().now()


async def open_late(service: InMemory, order_id: str, sent: bool = True) -> str:
    """An order whose promised day was yesterday, shipped or not, and the path of the dispute over it."""
    placed, shipped = (wire_time(NOW - timedelta(days=days)) for days in (25 if sent else 40, 5))
    promised = (NOW - timedelta(days=1)).date().isoformat()
    facts = [{"type": "shipped", "at": shipped}] if sent else []
    body = order_body(placed_at=placed, promised_by=promised, facts=facts)
    assert (await service.ask("PUT", f"/v1/orders/{order_id}", body=body)).status_code == 201
    form = {
        "order_id": order_id,
        "lines": [{"line_id": "1", "quantity": 1}],
        "reason": "not_received",
        "type": "refund_only",
        "amount": usd("50.00"),
        "description": "The promised day has passed and nothing came.",
    }
    opened = await service.ask("POST", "/v1/disputes", role="buyer", body=form, key=f"open-{order_id}")
    assert opened.status_code == 201, opened.text
    return str(opened.json()["href"])


async def command(service: InMemory, role: str, path: str, body: Any = None, key: str = "") -> httpx.Response:
    """A command by somebody who has just looked at the dispute."""
    dispute = path.rsplit("/", 1)[0]
    seen = (await service.ask("GET", dispute, role=role)).headers["etag"]
    return await service.ask("POST", path, role=role, body=body, seen=seen, key=key)
