"""Replacement: the seller sends the item again, or another one, and its arrival ends the dispute (T40, S86, S92)."""

from __future__ import annotations

from dispute.domain.commands import DisputeAndOrderCommand, DisputeCommand
from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.disputes.ending import ended_if_over
from dispute.domain.disputes.escalation import escalated
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, Told, fitting, guard, guard_row
from dispute.domain.orders.instants import guard_arrival
from dispute.domain.orders.state import Order
from shared.events.base import Event
from shared.events.dispute import (
    EscalationReason,
    ReplacementOverdue,
    ReplacementReceived,
    ReplacementShipped,
)
from shared.events.moments import Moment
from shared.events.outside.words import Name, TrackingNumber
from shared.rejections import Forbidden, NotFound


class ShipReplacement(DisputeCommand):
    """The seller's parcel is on its way, under the carrier's number."""

    tracking_number: TrackingNumber
    carrier: Name | None = None


def ship(command: ShipReplacement, dispute: Dispute) -> list[Event]:
    """The same number again says nothing new; the time to arrive runs on as it was (D13)."""
    dispute.parties.guard(command.actor, "dispute", "seller")
    shipped = dispute.replacement.shipped
    if shipped and shipped.tracking_number == command.tracking_number:
        return []
    guard(Step.SHIP_REPLACEMENT, dispute, command.actor, command.at)
    return [
        ReplacementShipped(
            dispute_id=command.dispute_id,
            tracking_number=command.tracking_number,
            carrier=command.carrier,
            shipped_at=command.at,
            rules=("T40",),
        )
    ]


class ReceiveReplacement(DisputeAndOrderCommand):
    """It has come, now or at the instant that is named."""

    received_at: Moment | None = None


Received = tuple[list[Event], list[Event]]
"""What the arrival comes to on the dispute and on its order."""


def receive(command: ReceiveReplacement, dispute: Dispute, order: Order) -> Received:
    """The buyer has it, whether or not the seller told of a parcel."""
    guard(Step.RECEIVE_REPLACEMENT, dispute, command.actor, command.at)
    return received(command, dispute, order)


class NoteArrival(DisputeAndOrderCommand):
    """A carrier's word that it has come, told by a service."""

    received_at: Moment | None = None


def note_arrival(command: NoteArrival, dispute: Dispute, order: Order) -> Received:
    """The parcel of which the seller told has come; told again it is known."""
    if "service" not in command.actor.roles:
        raise Forbidden("This is for the service.")
    if dispute.state is None:
        raise NotFound("There is no such dispute.")
    if dispute.replacement.received_at:
        return [], []
    guard_row(fitting(Told.CARRIER, dispute), dispute, command.actor, command.at)
    return received(command, dispute, order)


def received(command: ReceiveReplacement | NoteArrival, dispute: Dispute, order: Order) -> Received:
    """An agreement ends here, a decision once nobody can appeal it (T40)."""
    received_at = command.received_at or command.at
    guard_arrival("/received_at", received_at, dispute.replacement.agreed_at, command.at)
    came = ReplacementReceived(dispute_id=command.dispute_id, received_at=received_at, rules=("T40", "S86"))
    return ended_if_over(command, [came], dispute, order, rule="T40")


def replacement_overdue(command: ExpireDeadline, dispute: Dispute) -> list[Event]:
    """D13: nothing has come, sent or not, so the case team takes over (T40)."""
    overdue = ReplacementOverdue(dispute_id=dispute.opened.dispute_id, due_at=command.due_at, rules=("T40", "D13"))
    return [overdue, escalated(dispute, EscalationReason.REPLACEMENT_OVERDUE, command.at)]
