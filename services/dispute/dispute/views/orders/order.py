"""View of an order for one party: its row of the read model, and what can be done by the stream itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from dispute.domain.disputes.opening.law import guard_openable
from dispute.domain.orders.parcels import PieceGroup
from dispute.domain.orders.pieces import named_pieces
from dispute.domain.orders.protection import opens_at
from dispute.domain.orders.state import Order
from dispute.domain.rejections import TooEarly
from dispute.views.disputes.dispute import FINISHED, IN_PROGRESS, dispute_row, label
from dispute.views.disputes.members import DisputeRow
from dispute.views.orders.goodwill import GoodwillView, goodwill_views
from dispute.views.orders.payments import PaymentView, payment_views
from dispute.views.orders.refunds import OrderRefund, last_events, order_refunds
from dispute.views.orders.reports import ReportView, report_views
from dispute.views.orders.returns import OrderReturnView, order_returns
from shared.actions import Action, Actions, Offer, rendered
from shared.events.base import Actor, Instant
from shared.events.money import Money
from shared.events.order import Parcel, TrackingCorrected
from shared.rejections import Rejected

Row = Mapping[str, Any]
Payout = Literal["held", "released", "refunded"]


class OrderRegistrationView(TypedDict):
    """The order is known."""

    order_id: str
    version: int


class OrderLineView(TypedDict):
    """The money of an order line: at most the cap, which is what was taken for it so far, goes back, or it is released.
    What was `reclaimed` is refunded though it had been released, and asked of the seller (K19); what was `charged_back`
    a bank has paid the buyer (T35). `held_by` is the first dispute that is open about pieces of it, or return that goes
    on.
    """

    line_id: str
    cap: Money
    refunded: Money
    released: Money | None
    reclaimed: Money
    charged_back: Money
    held_by: str | None


class ParcelLine(TypedDict):
    """So many pieces of a line."""

    line_id: str
    quantity: int


class OrderParcel(TypedDict):
    """A parcel as its carrier numbers it, and how far it has come."""

    parcel_id: str
    tracking_number: str | None
    carrier: str | None
    shipped_at: Instant | None
    delivered_at: Instant | None
    lost_at: Instant | None
    lines: Sequence[ParcelLine]


class OrderStatus(Actions):
    """How an order stands: from `opens_at` on a dispute may be opened, until `protection_ends_at`. `last_events` names
    by topic the last event that it includes.
    """

    order_id: str
    version: int
    label: str | None
    programme: str
    opens_at: Instant | None
    protection_ends_at: Instant | None
    protection_expired: bool
    completed: bool
    external_hold: bool
    placed_at: Instant
    paid_at: Instant | None
    promised_by: date | None
    shipped_at: Instant | None
    delivered_at: Instant | None
    finished_at: Instant | None
    cancelled_at: Instant | None
    cancelled_by: str | None
    parcels: Sequence[OrderParcel]
    payout: Payout
    payments: Sequence[PaymentView]
    lines: Sequence[OrderLineView]
    disputes: Sequence[DisputeRow]
    open_dispute: str | None
    refunds: Sequence[OrderRefund]
    returns: Sequence[OrderReturnView]
    last_events: Mapping[str, str | None]
    goodwill: Sequence[GoodwillView]
    seller_reports: Sequence[ReportView]


def order_status(
    row: Row, lines: Sequence[Row], disputes: Sequence[Row], order: Order, actor: Actor, now: datetime
) -> OrderStatus:
    """Labels, payout, disputes, refunds and returns as the read model knows them.

    Facts and actions come from the order's stream: they promise what the command will answer, and a row may be behind.
    """
    return {
        "order_id": row["order_id"],
        "version": row["version"],
        "label": _label(disputes),
        "programme": row["programme"],
        "opens_at": opens_at(order),
        "protection_ends_at": row["protection_ends_at"],
        "protection_expired": row["expired"],
        "completed": row["completed"],
        "external_hold": bool(order.chargebacks.open),
        "placed_at": row["placed_at"],
        "paid_at": row["paid_at"],
        "promised_by": row["promised_by"],
        "shipped_at": order.shipments.shipped_at,
        "delivered_at": order.delivered_at,
        "finished_at": order.finished_at,
        "cancelled_at": order.cancelled_at,
        "cancelled_by": order.cancelled_by,
        "parcels": _parcels(order, {line["line_id"] for line in lines}),
        "payout": payout(lines),
        "payments": payment_views(order, actor),
        "lines": [_line(line, row) for line in lines],
        "disputes": [dispute_row(dispute, actor) for dispute in disputes],
        "open_dispute": next((x["dispute_id"] for x in disputes if x["closed_at"] is None), None),
        "refunds": order_refunds(disputes, order, actor),
        "returns": order_returns(disputes, order, actor),
        "last_events": last_events(row, disputes, order),
        "goodwill": goodwill_views(order, actor),
        "seller_reports": report_views(order, actor),
        **rendered(order_actions(order, actor, now)),
    }


def order_actions(order: Order, actor: Actor, now: datetime) -> Sequence[Action]:
    """Opening a dispute: about one piece of any line; where nothing can be disputed, the first line says why."""

    def offer() -> Offer:
        order.parties.guard(actor, "order", "buyer")
        refusal = None
        for name in order.lines:
            try:
                return Offer(guard_openable(order, named_pieces(order, [(name, 1)]), None, now).until)
            except Rejected as rejected:
                refusal = refusal or rejected
        raise refusal or TooEarly()

    return (Action("open-dispute", "/v1/disputes", offer),)


def _parcels(order: Order, lines: Collection[str]) -> list[OrderParcel]:
    """Those with pieces of these lines: a seller does not see what another one sent."""
    groups = [group for group in order.piece_groups if group.line_id in lines]
    of_parcels = {name: [group for group in groups if name in group.parcels] for name in order.shipments.parcels}
    return [
        _parcel(parcel, order.shipments.numbers.get(name), of_parcels[name])
        for name, parcel in order.shipments.parcels.items()
        if of_parcels[name]
    ]


def _parcel(parcel: Parcel, right: TrackingCorrected | None, groups: Sequence[PieceGroup]) -> OrderParcel:
    quantities: Counter[str] = Counter()
    for group in groups:
        quantities[group.line_id] += group.quantity
    delivered = [group.delivered_at for group in groups]
    return {
        "parcel_id": parcel.parcel_id,
        "tracking_number": right.tracking_number if right else parcel.tracking_number,
        "carrier": (right.carrier if right else None) or parcel.carrier,
        "shipped_at": min((group.shipped_at for group in groups if group.shipped_at), default=None),
        "delivered_at": max(filter(None, delivered), default=None) if all(delivered) else None,
        "lost_at": min((group.lost_at for group in groups if group.lost_at), default=None),
        "lines": [{"line_id": line_id, "quantity": quantity} for line_id, quantity in quantities.items()],
    }


def payout(lines: Sequence[Row]) -> Payout:
    """`held` while anything may still go either way, `released` where the seller got some, `refunded` where all went
    back.
    """
    if not lines or any(_left(line) > 0 for line in lines):
        return "held"
    return "released" if any(line["released"] is not None for line in lines) else "refunded"


def _left(line: Row) -> int:
    """What went to nobody yet; what was refunded after the seller was paid was not the line's any more (K19)."""
    gone = line["refunded"] + (line["released"] or 0) + line["charged_back"]
    left: int = line["cap"] - gone + line["reclaimed"]
    return left


def _line(line: Row, order: Row) -> OrderLineView:
    released = line["released"]
    return {
        "line_id": line["line_id"],
        "cap": _money(line["cap"], order),
        "refunded": _money(line["refunded"], order),
        "released": None if released is None else _money(released, order),
        "reclaimed": _money(line["reclaimed"], order),
        "charged_back": _money(line["charged_back"], order),
        "held_by": next(iter(line["held_by"]), None),
    }


def _money(value: int, order: Row) -> Money:
    return Money(value, order["currency"], order["exponent"])


def _label(disputes: Sequence[Row]) -> str | None:
    labels = {label(dispute["state"]) for dispute in disputes}
    return IN_PROGRESS if IN_PROGRESS in labels else (FINISHED if labels else None)
