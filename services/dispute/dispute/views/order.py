"""What a party sees of an order: its row of the read model, and what can be done by the stream itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispute.domain.eligibility import guard_eligible
from dispute.domain.facts import opening
from dispute.domain.order import Order
from dispute.domain.rejections import Forbidden
from dispute.views.dispute import FINISHED, IN_PROGRESS, dispute_row, label, minor, money
from shared.actions import Action, Json, rendered
from shared.events.base import Actor, wire_time
from shared.events.money import Money

Row = Mapping[str, Any]


def order_status(
    row: Row, lines: Sequence[Row], disputes: Sequence[Row], order: Order, actor: Actor, now: datetime
) -> Json:
    """Labels, windows, payout, disputes, refunds and returns as the read model knows them.

    The actions come from the order's stream: they promise what the command will answer, and a row may be behind.
    """
    opens_at = opening(
        row["shipped_at"],
        row["delivered_at"],
        row["finished_at"],
        row["promised_by"],
        row["lost_at"],
        row["opens_after_shipment_days"],
        row["timezone"],
    )
    return {
        "order_id": row["order_id"],
        "version": row["version"],
        "label": _label(disputes),
        "programme": row["programme"],
        "opens_at": _time(opens_at),
        "protection_ends_at": _time(row["protection_ends_at"]),
        "protection_expired": row["expired"],
        "completed": row["completed"],
        "placed_at": _time(row["placed_at"]),
        "paid_at": _time(row["paid_at"]),
        "promised_by": row["promised_by"].isoformat() if row["promised_by"] else None,
        "shipped_at": _time(row["shipped_at"]),
        "delivered_at": _time(row["delivered_at"]),
        "finished_at": _time(row["finished_at"]),
        "cancelled_at": _time(row["cancelled_at"]),
        "payout": payout(lines),
        "lines": [_line(line, row) for line in lines],
        "disputes": [dispute_row(dispute) for dispute in disputes],
        "open_dispute": next((x["dispute_id"] for x in disputes if x["closed_at"] is None), None),
        "refunds": [_refund(dispute) for dispute in disputes if dispute["refund_id"]],
        "returns": [_return(dispute) for dispute in disputes if dispute["return_id"]],
        **rendered(order_actions(order, actor, now)),
    }


def order_actions(order: Order, actor: Actor, now: datetime) -> Sequence[Action]:
    """Opening a dispute, asked for the lines that nothing stands against, or for all where something stands against
    each.
    """

    def guard() -> None:
        if "buyer" not in actor.roles or actor.id != order.buyer_id:
            raise Forbidden("This is for the buyer.")
        free = [line for line in order.lines.values() if not (line.held_by or line.agreed or line.done)]
        guard_eligible(order, free or list(order.lines.values()), None, now)

    return (Action("open-dispute", "/v1/disputes", guard, order.protection_ends_at),)


def payout(lines: Sequence[Row]) -> str:
    """`held` while anything may still go either way, `released` where the seller got some, `refunded` where all went
    back.
    """
    if not lines or any(line["released"] is None and line["cap"] > line["refunded"] for line in lines):
        return "held"
    return "released" if any(line["released"] is not None for line in lines) else "refunded"


def _line(line: Row, order: Row) -> Json:
    amount = {name: _amount(line[name], order) for name in ("cap", "refunded", "released")}
    return {"line_id": line["line_id"], **amount, "held_by": line["held_by"]}


def _amount(value: int | None, order: Row) -> Json | None:
    return None if value is None else money(Money(value, order["currency"], order["exponent"]))


def _label(disputes: Sequence[Row]) -> str | None:
    labels = {label(dispute["state"]) for dispute in disputes}
    return IN_PROGRESS if IN_PROGRESS in labels else (FINISHED if labels else None)


def _refund(row: Row) -> Json:
    amount = minor(row, "refunded") if row["refunded"] is not None else None
    return {"id": row["refund_id"], "dispute_id": row["dispute_id"], "outcome": row["refund_outcome"], "amount": amount}


def _return(row: Row) -> Json:
    return {"id": row["return_id"], "dispute_id": row["dispute_id"], "outcome": row["return_outcome"]}


def _time(instant: datetime | None) -> str | None:
    return wire_time(instant) if instant else None
