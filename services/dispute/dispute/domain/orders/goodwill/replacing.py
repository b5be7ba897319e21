"""Replacing: a seller sends what it gave of its own accord, and the buyer has it; nothing rests on either (S20)."""

from __future__ import annotations

from dispute.domain.commands import OrderCommand
from dispute.domain.orders.instants import guard_arrival
from dispute.domain.orders.payments.gifts import Replacement
from dispute.domain.orders.state import Order
from shared.events.base import Event
from shared.events.moments import Moment
from shared.events.order import GoodwillReplacementReceived, GoodwillReplacementShipped
from shared.events.outside.words import Name, TrackingNumber
from shared.rejections import NotFound, WrongPhase
from shared.tracking.numbers import tracking


class GoodwillCommand(OrderCommand):
    """A command about one goodwill of an order."""

    goodwill_id: str


class ShipGoodwill(GoodwillCommand):
    """The seller's parcel is on its way, under the carrier's number."""

    tracking_number: TrackingNumber
    carrier: Name | None = None


def ship(command: ShipGoodwill, order: Order) -> list[Event]:
    """The same number again says nothing new; a mistyped one is refused (S81)."""
    order.parties.guard(command.actor, "order", "seller")
    given = _given(command, order)
    if given.granted.seller_id != command.actor.id:
        raise _unknown()
    parcel = tracking(command.tracking_number, command.carrier)
    if given.shipped and given.shipped.tracking_number == parcel.number:
        return []
    if given.shipped or given.received:
        raise WrongPhase(
            "It has come already." if given.received else "It was sent already.", rules=("S20",), state=given.state
        )
    return [
        GoodwillReplacementShipped(
            goodwill_id=command.goodwill_id,
            order_id=order.order_id,
            tracking_number=parcel.number,
            carrier=parcel.carrier,
            shipped_at=command.at,
            rules=("S20", "S81"),
        )
    ]


class ReceiveGoodwill(GoodwillCommand):
    """It has come, now or at the instant that is named."""

    received_at: Moment | None = None


def receive(command: ReceiveGoodwill, order: Order) -> list[Event]:
    """The buyer has it, whether or not the seller told of a parcel; told again it is known."""
    order.parties.guard(command.actor, "order", "buyer", "support")
    given = _given(command, order)
    if given.received:
        return []
    received_at = command.received_at or command.at
    guard_arrival("/received_at", received_at, given.granted.granted_at, command.at, rule="S20")
    return [
        GoodwillReplacementReceived(
            goodwill_id=command.goodwill_id, order_id=order.order_id, received_at=received_at, rules=("S20",)
        )
    ]


def _given(command: GoodwillCommand, order: Order) -> Replacement:
    if given := order.gifts.replacements.get(command.goodwill_id):
        return given
    raise _unknown()


def _unknown() -> NotFound:
    return NotFound("There is no such replacement.")
