"""Lines of an orders file, made up: what a test does not name has a plain default."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

from ops.orders.file import FileLine, read
from ops.orders.playable import OrderRequests
from ops.orders.text import lines_of

NOW = datetime(2031, 5, 20, 13, 30, 45, 123456, tzinfo=UTC)
"""Far from real time: a clock that was moved."""


def marketplace_line(**changes: Any) -> dict[str, Any]:
    """An order in the marketplace's columns: delivered in time, nobody complains."""
    return {
        "order_id": "m-1",
        "country": "BR",
        "status": "delivered",
        "purchased_at": "2017-11-01T10:00:00",
        "approved_at": "2017-11-01T11:00:00",
        "carrier_at": "2017-11-03T09:00:00",
        "delivered_at": "2017-11-10T16:00:00",
        "estimated_delivery_at": "2017-11-20T00:00:00",
        "customer_unique_id": "buyer-1",
        "customer_zip_prefix": "01310",
        "customer_state": "SP",
        "payments": [payment("credit_card", 3384)],
        "items": [item(1, 2199, "seller-a")],
        "reviews": [review(5, "2017-11-11T00:00:00", "2017-11-12T08:00:00")],
        **changes,
    }


def payment(kind: str, cents: int) -> dict[str, Any]:
    return {"sequential": 1, "type": kind, "installments": 1, "value_cents": cents}


def item(number: int, cents: int, seller: str, **changes: Any) -> dict[str, Any]:
    sizes = {"weight_g": 1250, "length_cm": 30, "height_cm": 10, "width_cm": 20}
    named = {"item_no": number, "product_id": f"sku-{number}", "category_en": "toys", "category_pt": "brinquedos"}
    return {**named, "price_cents": cents, "freight_cents": 100, "seller_id": seller, **sizes, **changes}


def review(
    score: int, created: str, answered: str | None = None, title: str | None = None, message: str | None = None
) -> dict[str, Any]:
    return {"score": score, "title": title, "message": message, "created_at": created, "answered_at": answered}


def read_all(text: bytes) -> list[FileLine]:
    """The lines of a file with this content."""
    return list(map(read, lines_of(io.BufferedReader(io.BytesIO(text)))))


def requests_of(line: dict[str, Any], now: datetime = NOW) -> OrderRequests:
    (found,) = read_all(json.dumps(line).encode())
    assert found.order, found.fault
    return found.order.requests(now)


def fault(line: Any) -> str:
    (found,) = read_all(line if isinstance(line, bytes) else json.dumps(line).encode())
    return found.fault


def native_line(**changes: Any) -> dict[str, Any]:
    """An order in our own format."""
    return {
        "order_id": "own-1",
        "buyer_id": "ann",
        "seller_id": "shop",
        "payment": {"method": "visa", "amount": "25.00", "currency": "USD", "paid_at": "2031-05-01T10:00:00Z"},
        "lines": [{"line_id": "1", "price": "10.00", "quantity": 2}],
        "ship_to": {"country": "DE"},
        "placed_at": "2031-05-01T09:00:00Z",
        **changes,
    }
