"""Opening of a dispute: one dispute a line, decided on the dispute and its order in one append (T1, T38, S18)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated

from pydantic import Field

from dispute.domain.areas import Suspensions, return_points
from dispute.domain.commands import text_ref, texts_about
from dispute.domain.deadlines import seller_response_due
from dispute.domain.disputes.form import (
    Requested,
    RequestedLine,
    disputed_lines,
    guard_amount,
    guard_lines,
    guard_request,
)
from dispute.domain.disputes.opening.eligibility import covering_rule, guard_forced
from dispute.domain.disputes.opening.hints import hints
from dispute.domain.disputes.opening.law import Openable, guard_openable
from dispute.domain.disputes.state import Dispute
from dispute.domain.evidence.limits import guard_needed
from dispute.domain.evidence.naming import Named, Naming, named, named_streams
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders.pieces import named_pieces
from dispute.domain.orders.release import release_late
from dispute.domain.orders.returns.denials import kept_no_longer
from dispute.domain.orders.state import Order
from shared.events.base import Command, Event, Message, Personal, StreamName
from shared.events.dispute import DisputedLine, DisputeOpened, Forced, Reason, Solution
from shared.events.fields import EvidenceIds, Text, Ticket, WireMoney
from shared.events.ids import derived_id
from shared.events.order import HeldPieces, Hold, HoldEnd, PaymentHeld
from shared.events.outside.ids import Id
from shared.rejections import guard_text


class Override(Message):
    """Why support opens a dispute that its buyer could not (S20)."""

    ticket: Ticket
    reason: Annotated[str, Text(2000)]


class FromAnywhere(Command):
    """From where nothing goes back now: the edge knows. A base, for a body has no field that its command inherits."""

    suspensions: Suspensions = Suspensions()


class OpenDispute(FromAnywhere):
    """Decides on the new dispute and on its order, in one atomic append (G5)."""

    order_id: Id
    lines: Annotated[tuple[RequestedLine, ...], Field(min_length=1, max_length=100)]
    reason: Reason
    type: Requested
    amount: WireMoney
    description: Annotated[str, Text(2000)]
    evidence: EvidenceIds = ()
    contacted_seller: bool = False
    override: Override | None = None

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
        reason = self.override.reason if self.override else None
        return texts_about(self.actor.id, self, description=self.description, reason=reason)

    @property
    def texts(self) -> Mapping[str, str]:
        """What its people wrote, by the place in the body."""
        why = {"override/reason": self.override.reason} if self.override else {}
        return {"description": self.description, **why}

    @property
    def forced(self) -> Forced | None:
        """What is recorded of an override."""
        return Forced(ticket=self.override.ticket, reason_ref=text_ref(self, "reason")) if self.override else None


def open_dispute(command: OpenDispute, _: Dispute, order: Order, *evidence: Evidence) -> tuple[Sequence[Event], ...]:
    """The dispute begins and the payout of its lines waits for it; guards G8, G1–G5, G18, G6, G7 and G9 in order."""
    openable = _openable(command, order)
    eligible = openable.pieces
    lines = guard_lines(order, command.lines)
    guard_request(eligible, command.reason, command.type)
    guard_text(**command.texts)
    shown = _shown(command, order, evidence)
    if not command.override:
        guard_needed(command.reason, shown.items)
    disputed = disputed_lines(eligible)
    guard_amount(command.amount, disputed)
    assert order.terms
    opened = DisputeOpened(
        dispute_id=command.dispute_id,
        order_id=command.order_id,
        payment_id=order.taken.payment_id(order.payment),
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
        protection_ends_at=openable.until,
        # Of an order with several sellers it is the first one's, where the others' goods must not go (K22).
        return_address_ref=order.return_address_ref if lines[0].seller_id == order.seller_id else None,
        opened_at=command.at,
        respond_by=seller_response_due(order.terms, command.at),
        hints=hints(order, eligible, command.reason, command.at),
        forced=command.forced,
        by_law=openable.by_law,
        no_return=command.suspensions.rules(order.terms.programme, order.ship_to),
        return_points=return_points(order.terms, order.ship_to) if order.ship_to else (),
        from_return=openable.denied,
        rules=(covering_rule(command.reason), *(("S20",) if command.override else openable.rules), "S39"),
    )
    heard = order.chargebacks.heard_by(command.dispute_id, command.at) if order.chargebacks.open else ()
    return [opened, *shown.added, *heard], _held(command, order, openable, disputed), *shown.by_stream


def _held(command: OpenDispute, order: Order, openable: Openable, disputed: Sequence[DisputedLine]) -> Sequence[Event]:
    """What waits for the dispute; what waited for one about a denial and it leaves out waits no longer (T27x)."""
    pieces = zip(disputed, openable.pieces, strict=True)
    held = PaymentHeld(
        order_id=order.order_id,
        hold=Hold.DISPUTE,
        dispute_id=command.dispute_id,
        lines=tuple(HeldPieces(**dict(line), parcels=piece.parcels) for line, piece in pieces),
        held_at=command.at,
        paid_out=openable.by_law.paid_out if openable.by_law else (),
        return_id=openable.denied,
    )
    if not openable.denied:
        return [held]
    return release_late(order, [held, *kept_no_longer(order, openable.denied, HoldEnd.DISPUTED)], command.at)


def _openable(command: OpenDispute, order: Order) -> Openable:
    """G8, and the pieces that may be disputed; for support, with a ticket and a reason, in spite of time, standing and
    what is known of them (S20).
    """
    order.parties.guard(command.actor, "order", "support" if command.override else "buyer")
    pieces = named_pieces(order, [(part.line_id, part.quantity) for part in command.lines])
    if command.override:
        return Openable(guard_forced(order, pieces, command.reason), order.protection_ends_at)
    return guard_openable(order, pieces, command.reason, command.at)


def _shown(command: OpenDispute, order: Order, evidence: Sequence[Evidence]) -> Named:
    assert order.terms
    form = Naming(command.actor, "buyer", command.at, command.dispute_id, command.order_id, order.terms)
    return named(form, command.evidence, f"order-{command.order_id}", evidence)
