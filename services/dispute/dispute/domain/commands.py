"""What this service can be asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from dispute.domain.dispute import BUYER_RESPONSE
from shared import decider as deadlines
from shared.events.base import (
    Command,
    Instant,
    Message,
    Personal,
    StreamName,
    StreamOfKey,
    derived_id,
    derived_id_beside,
)
from shared.events.dispute import Decision, Payer, Reason, RefundOutcome, ReturnOutcome, SolutionType
from shared.events.money import Money
from shared.events.order import LineAmount, OrderPayment, Parcel, ShipTo, Terms


class FactType(StrEnum):
    """What the shop and the carriers tell of an order."""

    SHIPPED = "shipped"
    DELIVERED = "delivered"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    CARRIER_LOST = "carrier_lost"
    DELIVERY_CORRECTED = "delivery_corrected"
    ACCOUNT_STATUS = "account_status"


class Fact(Message):
    """One fact and its instant, which the shop gives."""

    type: FactType
    at: Instant
    parcels: tuple[Parcel, ...] = ()
    by: str | None = None
    status: str | None = None


class RegisteredLine(Message):
    """An order line as the shop knows it."""

    line_id: str
    seller_id: str
    sku: str
    category: str
    price: Money
    quantity: int
    weight_kg: Decimal | None
    dimensions_cm: tuple[Decimal, ...]
    flags: tuple[str, ...]
    listing_warranty: str | None


class OrderCommand(Command):
    """A command that decides on one order."""

    order_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"order-{self.order_id}", self.order_id),)


class RegisterOrder(OrderCommand):
    buyer_id: str
    seller_id: str
    channel: str
    payment: OrderPayment
    paid_at: Instant | None
    lines: tuple[RegisteredLine, ...]
    terms: Terms
    buyer_account_status: str
    return_address: str | None
    free_return_confirmed: bool
    ship_to: ShipTo
    promised_by: date | None
    placed_at: Instant
    facts: tuple[Fact, ...]
    body_digest: str

    @property
    def return_address_ref(self) -> str | None:
        return text_ref(self, "return_address") if self.return_address else None

    @property
    def personal(self) -> Sequence[Personal]:
        return _texts(self, self.seller_id, return_address=self.return_address)


class RecordFact(OrderCommand):
    fact: Fact


class DisputeCommand(Command):
    """A command that decides on one dispute."""

    dispute_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"dispute-{self.dispute_id}"),)


class RequestedLine(Message):
    """So many of an order line."""

    line_id: str
    quantity: int


class OpenDispute(Command):
    """Decides on the new dispute and on its order, in one atomic append (G5)."""

    order_id: str
    lines: tuple[RequestedLine, ...]
    reason: Reason
    type: SolutionType
    amount: Money
    description: str
    evidence: tuple[str, ...]
    contacted_seller: bool

    @cached_property
    def dispute_id(self) -> str:
        return derived_id("dsp", self.order_id, self.command_id)

    @cached_property
    def streams(self) -> Sequence[StreamName]:
        return (
            StreamName(f"dispute-{self.dispute_id}", self.order_id),
            StreamName(f"order-{self.order_id}", self.order_id),
        )

    @cached_property
    def description_ref(self) -> str:
        return text_ref(self, "description")

    @property
    def personal(self) -> Sequence[Personal]:
        return _texts(self, self.actor.id, description=self.description)


class CounterOffer(Message):
    """What the seller offers instead."""

    type: SolutionType
    amount: Money
    freight_payer: Payer | None = None
    address: str | None = None


class RespondToDispute(DisputeCommand):
    decision: Decision
    solution: CounterOffer | None
    reason: str | None

    @property
    def reason_ref(self) -> str | None:
        return text_ref(self, "reason") if self.reason else None

    @property
    def address_ref(self) -> str | None:
        return text_ref(self, "address") if self.solution and self.solution.address else None

    @property
    def personal(self) -> Sequence[Personal]:
        address = self.solution.address if self.solution else None
        return _texts(self, self.actor.id, reason=self.reason, address=address)


class AcceptSolution(DisputeCommand):
    pass


class ModifyRequest(DisputeCommand):
    """What is None stays as it was."""

    type: SolutionType | None
    amount: Money | None
    reason: Reason | None
    description: str | None
    evidence: tuple[str, ...]

    @property
    def description_ref(self) -> str | None:
        return text_ref(self, "description") if self.description else None

    @property
    def personal(self) -> Sequence[Personal]:
        return _texts(self, self.actor.id, description=self.description)


class DisputeAndOrderCommand(Command):
    """A command that decides on a dispute and on its order, which shares the dispute's key."""

    dispute_id: str

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        return (StreamName(f"dispute-{self.dispute_id}"), StreamOfKey("order"))


class CancelDispute(DisputeAndOrderCommand):
    acknowledge_release: bool


class NoteCommand(DisputeAndOrderCommand):
    """What another service's event says about a dispute; the event names the order too."""

    order_id: str

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        return (StreamName(f"dispute-{self.dispute_id}"), StreamName(f"order-{self.order_id}"))


class NoteRefund(NoteCommand):
    refund_id: str
    outcome: RefundOutcome
    amount: Money
    lines: tuple[LineAmount, ...]
    reason: str | None
    source_event: str


class NoteReturn(NoteCommand):
    return_id: str
    outcome: ReturnOutcome
    reason: str | None
    source_event: str


class ExpireDeadline(deadlines.ExpireDeadline):
    """The buyer's silence may end the dispute, and with it the hold on the order's lines."""

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        order = (StreamOfKey("order"),) if self.kind == BUYER_RESPONSE else ()
        return (*super().streams, *order)


def text_ref(command: Command, field: str) -> str:
    """Where the command's text is stored: derived, so that a repeat names the same row."""
    return derived_id_beside(command.first_stream.name, "txt", command.command_id, field)


def _texts(command: Command, subject: str, **texts: str | None) -> Sequence[Personal]:
    return tuple(Personal(text_ref(command, kind), subject, kind, body) for kind, body in texts.items() if body)
