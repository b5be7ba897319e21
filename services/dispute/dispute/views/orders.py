"""View of an order for one party: its row of the read model, and what can be done by the stream itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from dispute.domain.disputes.eligibility import guard_eligible
from dispute.domain.orders.protection import Milestones, earliest_opening
from dispute.domain.orders.state import Order
from dispute.views.disputes import FINISHED, IN_PROGRESS, amount_of, dispute_row, label
from dispute.views.disputes_members import DisputeRow
from shared.actions import Action, Actions, rendered
from shared.events.base import Actor, Instant
from shared.events.dispute import RefundOutcome, ReturnOutcome
from shared.events.money import Money
from shared.events.open_words import Open

Row = Mapping[str, Any]
Payout = Literal["held", "released", "refunded"]


class OrderRegistrationView(TypedDict):
    """The order is known."""

    order_id: str
    version: int


class FactView(OrderRegistrationView):
    """The fact is known; `recorded` says whether it was new."""

    recorded: bool


class OrderLineView(TypedDict):
    """The money of an order line: at most the cap goes back, or it is released; a dispute may hold it."""

    line_id: str
    cap: Money
    refunded: Money
    released: Money | None
    held_by: str | None


class OrderRefund(TypedDict):
    """A refund of the order, as its dispute knows it."""

    id: str
    dispute_id: str
    outcome: Open[RefundOutcome] | None
    amount: Money | None


class OrderReturn(TypedDict):
    """A return of the order, as its dispute knows it."""

    id: str
    dispute_id: str
    outcome: Open[ReturnOutcome] | None


class OrderStatus(Actions):
    """How an order stands: from `opens_at` on a dispute may be opened, until `protection_ends_at`."""

    order_id: str
    version: int
    label: str | None
    programme: str
    opens_at: Instant | None
    protection_ends_at: Instant | None
    protection_expired: bool
    completed: bool
    placed_at: Instant
    paid_at: Instant | None
    promised_by: date | None
    shipped_at: Instant | None
    delivered_at: Instant | None
    finished_at: Instant | None
    cancelled_at: Instant | None
    payout: Payout
    lines: Sequence[OrderLineView]
    disputes: Sequence[DisputeRow]
    open_dispute: str | None
    refunds: Sequence[OrderRefund]
    returns: Sequence[OrderReturn]


def order_status(
    row: Row, lines: Sequence[Row], disputes: Sequence[Row], order: Order, actor: Actor, now: datetime
) -> OrderStatus:
    """Labels, windows, payout, disputes, refunds and returns as the read model knows them.

    The actions come from the order's stream: they promise what the command will answer, and a row may be behind.
    """
    milestones = Milestones(
        row["shipped_at"], row["delivered_at"], row["finished_at"], row["promised_by"], row["lost_at"]
    )
    opens_at = earliest_opening(milestones, row["opens_after_shipment_days"], row["timezone"])
    return {
        "order_id": row["order_id"],
        "version": row["version"],
        "label": _label(disputes),
        "programme": row["programme"],
        "opens_at": opens_at,
        "protection_ends_at": row["protection_ends_at"],
        "protection_expired": row["expired"],
        "completed": row["completed"],
        "placed_at": row["placed_at"],
        "paid_at": row["paid_at"],
        "promised_by": row["promised_by"],
        "shipped_at": row["shipped_at"],
        "delivered_at": row["delivered_at"],
        "finished_at": row["finished_at"],
        "cancelled_at": row["cancelled_at"],
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
        order.parties.guard(actor, "order", "buyer")
        disputable = [line for line in order.lines.values() if not (line.held_by or line.agreed or line.done)]
        guard_eligible(order, disputable or list(order.lines.values()), None, now)

    return (Action("open-dispute", "/v1/disputes", ("buyer",), guard, order.protection_ends_at),)


def payout(lines: Sequence[Row]) -> Payout:
    """`held` while anything may still go either way, `released` where the seller got some, `refunded` where all went
    back.
    """
    if not lines or any(line["released"] is None and line["cap"] > line["refunded"] for line in lines):
        return "held"
    return "released" if any(line["released"] is not None for line in lines) else "refunded"


def _line(line: Row, order: Row) -> OrderLineView:
    released = line["released"]
    return {
        "line_id": line["line_id"],
        "cap": _money(line["cap"], order),
        "refunded": _money(line["refunded"], order),
        "released": None if released is None else _money(released, order),
        "held_by": line["held_by"],
    }


def _money(value: int, order: Row) -> Money:
    return Money(value, order["currency"], order["exponent"])


def _label(disputes: Sequence[Row]) -> str | None:
    labels = {label(dispute["state"]) for dispute in disputes}
    return IN_PROGRESS if IN_PROGRESS in labels else (FINISHED if labels else None)


def _refund(row: Row) -> OrderRefund:
    amount = amount_of(row, "refunded") if row["refunded"] is not None else None
    return {"id": row["refund_id"], "dispute_id": row["dispute_id"], "outcome": row["refund_outcome"], "amount": amount}


def _return(row: Row) -> OrderReturn:
    return {"id": row["return_id"], "dispute_id": row["dispute_id"], "outcome": row["return_outcome"]}
