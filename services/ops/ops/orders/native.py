"""Native orders: the body of an order's PUT with its `order_id`, and optionally a `complaint`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import PydanticCustomError

from ops.orders.playable import Json, OrderRequests, Unreadable, captures, dispute
from shared.events.moments import day, moment

NO_WORDS = "The buyer complains."


def read(line: Json) -> NativeOrder:
    """The order of a line; Unreadable where its frame is missing. What is inside is the service's to judge."""
    for member, kind in (("order_id", str), ("payment", dict), ("lines", list)):
        if not isinstance(line.get(member), kind):
            raise Unreadable(f"{member} is missing or of the wrong type")
    if not isinstance(line.get("complaint", {}), dict):
        raise Unreadable("complaint is no object")
    if not all(isinstance(order_line, dict) for order_line in line["lines"]):
        raise Unreadable("lines holds something that is no object")
    return NativeOrder(line["order_id"], line)


@dataclass(frozen=True, slots=True)
class NativeOrder:
    """An order with instants of its own, which do not move."""

    order_id: str
    line: Json

    def requests(self, now: datetime) -> OrderRequests:
        """The order as it is written."""
        body = self._body()
        complaint = self.line.get("complaint")
        return OrderRequests(
            self.order_id,
            body,
            captures(self.order_id, body["payment"]),
            None if complaint is None else self._dispute(body, complaint),
        )

    def first_played_at(self, placed_at: datetime) -> None:
        """None: its instants do not move."""

    def _dispute(self, body: Json, complaint: Mapping[str, Any]) -> Json | None:
        reason = str(complaint.get("reason") or _reason(body))
        return dispute(self.order_id, body, reason, str(complaint.get("description") or NO_WORDS))

    def _body(self) -> Json:
        body = {name: value for name, value in self.line.items() if name not in ("order_id", "complaint")}
        payment = dict(body["payment"])
        currency = payment.get("currency")
        if isinstance(payment.get("amount"), str):
            payment["amount"] = _money(payment["amount"], payment.pop("currency", None))
        lines = [{**line, "price": _money(line.get("price"), currency)} for line in body["lines"]]
        return {**body, "payment": payment, "lines": lines}


def _money(value: Any, currency: Any) -> Any:
    """An amount written as a bare decimal string is of the payment's currency."""
    return {"amount": value, "currency": currency} if isinstance(value, str) else value


def _reason(body: Mapping[str, Any]) -> str:
    """The reason by the facts: not delivered, delivered after the promised day, or else not as described."""
    facts = [fact for fact in body.get("facts") or () if isinstance(fact, dict)]
    delivered = next((fact.get("at") for fact in facts if fact.get("type") == "delivered"), None)
    if delivered is None:
        return "not_received"
    try:
        # A day is one of the policy's zone, not of whoever wrote the instant.
        late = moment(delivered).astimezone(UTC).date() > day(body.get("promised_by"))
    except PydanticCustomError:
        late = False
    return "late" if late else "not_as_described"
