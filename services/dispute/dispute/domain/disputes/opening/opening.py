"""Opening of a dispute: one dispute a line, decided on the dispute and its order in one append (T1, T38, S18)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated

from pydantic import Field

from dispute.domain.commands import guard_text, text_ref, texts_about
from dispute.domain.deadlines import seller_response_due
from dispute.domain.disputes.form import (
    Requested,
    RequestedLine,
    disputed_lines,
    guard_amount,
    guard_lines,
    guard_returnable,
)
from dispute.domain.disputes.opening.eligibility import covering_rule, guard_eligible
from dispute.domain.disputes.opening.hints import hints
from dispute.domain.disputes.state import Dispute
from dispute.domain.evidence.limits import guard_needed
from dispute.domain.evidence.naming import Named, Naming, named, named_streams
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders.pieces import named_pieces
from dispute.domain.orders.state import Order
from shared.events.base import Command, Event, Personal, StreamName
from shared.events.dispute import DisputeOpened, Reason, Solution
from shared.events.fields import EvidenceIds, Text, WireMoney
from shared.events.ids import derived_id
from shared.events.order import HeldPieces, Hold, PaymentHeld
from shared.events.outside.ids import Id


class OpenDispute(Command):
    """Decides on the new dispute and on its order, in one atomic append (G5)."""

    order_id: Id
    lines: Annotated[tuple[RequestedLine, ...], Field(min_length=1, max_length=100)]
    reason: Reason
    type: Requested
    amount: WireMoney
    description: Annotated[str, Text(2000)]
    evidence: EvidenceIds = ()
    contacted_seller: bool = False

    @cached_property
    def dispute_id(self) -> str:
        return derived_id("dsp", self.order_id, self.command_id)

    @cached_property
    def streams(self) -> Sequence[StreamName]:
        return (
            StreamName(f"dispute-{self.dispute_id}", self.order_id),
            StreamName(f"order-{self.order_id}", self.order_id),
            *named_streams(self.evidence, f"order-{self.order_id}"),
        )

    @cached_property
    def description_ref(self) -> str:
        return text_ref(self, "description")

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, description=self.description)


def open_dispute(command: OpenDispute, _: Dispute, order: Order, *evidence: Evidence) -> tuple[Sequence[Event], ...]:
    """The dispute begins and the payout of its lines waits for it; guards G8, G1–G5, G18, G6, G7 and G9 in order."""
    order.parties.guard(command.actor, "order", "buyer")
    pieces = named_pieces(order, [(part.line_id, part.quantity) for part in command.lines])
    eligible = guard_eligible(order, pieces, command.reason, command.at)
    lines = guard_lines(order, command.lines)
    guard_returnable(eligible, command.reason, command.type)
    guard_text(description=command.description)
    shown = _shown(command, order, evidence)
    guard_needed(command.reason, shown.items)
    disputed = disputed_lines(order, command.lines)
    guard_amount(command.amount, disputed)
    assert order.terms and order.payment
    opened = DisputeOpened(
        dispute_id=command.dispute_id,
        order_id=command.order_id,
        payment_id=order.payment.payment_id,
        buyer_id=order.buyer_id,
        seller_id=lines[0].seller_id,
        lines=disputed,
        reason=command.reason,
        request=Solution(type=command.type, amount=command.amount),
        description_ref=command.description_ref,
        evidence=command.evidence,
        contacted_seller=command.contacted_seller,
        terms=order.terms,
        reopened_from=next((line.reopens for line in lines if line.reopens), None),
        protection_ends_at=order.protection_ends_at,
        # Of an order with several sellers it is the first one's, where the others' goods must not go (K22).
        return_address_ref=order.return_address_ref if lines[0].seller_id == order.seller_id else None,
        opened_at=command.at,
        respond_by=seller_response_due(order.terms, command.at),
        hints=hints(order, eligible, command.reason, command.at),
        rules=(covering_rule(command.reason), "S21", "S22", "S39"),
    )
    held = PaymentHeld(
        order_id=order.order_id,
        hold=Hold.DISPUTE,
        dispute_id=command.dispute_id,
        lines=tuple(
            HeldPieces(**dict(line), parcels=held.parcels) for line, held in zip(disputed, eligible, strict=True)
        ),
        held_at=command.at,
    )
    return [opened, *shown.added], [held], *shown.by_stream


def _shown(command: OpenDispute, order: Order, evidence: Sequence[Evidence]) -> Named:
    assert order.terms
    form = Naming(command.actor, "buyer", command.at, command.dispute_id, command.order_id, order.terms)
    return named(form, command.evidence, f"order-{command.order_id}", evidence)
