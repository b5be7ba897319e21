"""View of an order's returns: those of its disputes, and those that it granted without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from dispute.domain.orders.refund import OrderReturn
from dispute.domain.orders.state import Order
from shared.events.base import Actor
from shared.events.dispute import Payer, Reason, ReturnDue, ReturnKind, ReturnOutcome
from shared.events.open_enums import Open
from shared.views import LineQuantity

Row = Mapping[str, Any]


class OrderReturnView(TypedDict):
    """A return of the order, as its dispute knows it, or the order itself."""

    id: str
    dispute_id: str | None
    outcome: Open[ReturnOutcome] | None


class GrantedReturn(TypedDict):
    """A return that was granted, as the return service is asked for it: there it is found under its id, and carried
    out.
    """

    return_id: str
    kind: Open[ReturnKind]
    dispute_id: str | None
    order_id: str
    buyer_id: str
    seller_id: str
    lines: Sequence[LineQuantity]
    reason: Open[Reason]
    freight_payer: Open[Payer]
    address_ref: str | None
    warehouse: str | None
    ship_days: int
    transit_alarm_days: int
    inspect_bd: int
    timezone: str
    response_days: int | None
    dispute_days: int | None
    rules: Sequence[str]


def order_returns(disputes: Sequence[Row], order: Order, actor: Actor) -> list[OrderReturnView]:
    """Those of its disputes, and its own."""
    of_disputes = [_of_dispute(row) for row in disputes if row["return_id"]]
    return of_disputes + [_own(one) for one in own_returns(order, actor)]


def own_returns(order: Order, actor: Actor) -> list[OrderReturn]:
    """Those without a dispute; a seller sees what is the seller's own."""
    own_only = order.parties.acting(actor) == {"seller"}
    return [one for one in order.returns.values() if not own_only or one.due.seller_id == actor.id]


def granted_return(due: ReturnDue) -> GrantedReturn:
    """All that is asked of the return service."""
    return {
        "return_id": due.return_id,
        "kind": due.kind,
        "dispute_id": due.dispute_id,
        "order_id": due.order_id,
        "buyer_id": due.buyer_id,
        "seller_id": due.seller_id,
        "lines": [{"line_id": line.line_id, "quantity": line.quantity} for line in due.lines],
        "reason": due.reason,
        "freight_payer": due.freight_payer,
        "address_ref": due.address_ref,
        "warehouse": due.warehouse,
        "ship_days": due.ship_days,
        "transit_alarm_days": due.transit_alarm_days,
        "inspect_bd": due.inspect_bd,
        "timezone": due.timezone,
        "response_days": due.response_days,
        "dispute_days": due.dispute_days,
        "rules": due.rules,
    }


def _of_dispute(row: Row) -> OrderReturnView:
    return {"id": row["return_id"], "dispute_id": row["dispute_id"], "outcome": row["return_outcome"]}


def _own(one: OrderReturn) -> OrderReturnView:
    return {"id": one.due.return_id, "dispute_id": None, "outcome": one.noted.outcome if one.noted else None}
