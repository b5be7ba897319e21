"""Contested goods: a return without a dispute that fails the inspection becomes one, with the case team (T27)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import chain

from dispute.domain.commands import text_ref, texts_about
from dispute.domain.deadlines import seller_response_due
from dispute.domain.disputes.escalation import escalated
from dispute.domain.disputes.state import Dispute, evolve
from dispute.domain.evidence.inspected import shown_at_inspection
from dispute.domain.evidence.naming import named_streams
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders.refund import OrderReturn
from dispute.domain.orders.release import release_late
from dispute.domain.orders.returns.passed import passed_parts, refund_of_passed
from dispute.domain.orders.returns.steps import StepOfReturn, asked_for, ended, money_of, noted
from dispute.domain.orders.state import Order
from shared.decider import Decided
from shared.events.base import Personal, StreamName
from shared.events.dispute import (
    DisputedLine,
    DisputeOpened,
    EscalationReason,
    ReturnOutcome,
    Solution,
    SolutionType,
)
from shared.events.ids import derived_id
from shared.events.money import total
from shared.events.order import HeldPieces, Hold, HoldEnd, PaymentHeld


class ContestReturn(StepOfReturn):
    """The inspection found a fault, or the buyer's own carrier lost it: people are to judge. Decides on the order and
    on the dispute that begins.
    """

    @cached_property
    def dispute_id(self) -> str:
        return derived_id("dsp", self.order_id, self.command_id)

    @property
    def streams(self) -> Sequence[StreamName]:
        begun = f"dispute-{self.dispute_id}"
        return (*super().streams, StreamName(begun, self.order_id), *named_streams(self.evidence, begun))

    @property
    def personal(self) -> Sequence[Personal]:
        found = f": {self.reason}" if self.reason else ""
        return texts_about(self.actor.id, self, description=f"{self.return_id} {self.outcome}{found}.")


def contest_return(command: ContestReturn, order: Order, _: Dispute, *evidence: Evidence) -> Decided:
    """What waited for the goods waits for the dispute, in one append, and what passed is paid; G3, G4 and G6 do not
    apply (T27).
    """
    asked = asked_for(command, order)
    parts = money_of(order, command.return_id)
    if not parts:
        of_order = [noted(command, order), *ended(order, command.return_id, HoldEnd.CLOSED)]
        return release_late(order, of_order, command.at), [], *([] for _ in evidence)
    claims = {part.line_id: order.lines[part.line_id].claims[command.return_id] for part in parts}
    lines = tuple(
        DisputedLine(line_id=part.line_id, quantity=claims[part.line_id].quantity, cap=part.amount) for part in parts
    )
    opened = _opened(command, order, asked, lines)
    passed = passed_parts(parts, {line.line_id: line.quantity for line in lines}, command.pieces)
    refunds = [refund_of_passed(command, opened, command.return_id, asked.received_at, passed)] if passed else []
    shown = shown_at_inspection(opened, evidence, command.at)
    begun = [
        opened,
        noted(command, order, passed, command.dispute_id),
        *refunds,
        escalated(evolve(Dispute(), opened), _reason(command.outcome), command.at),
        *chain(*shown),
        *order.chargebacks.heard_by(command.dispute_id, command.at),
    ]
    held = PaymentHeld(
        order_id=order.order_id,
        hold=Hold.DISPUTE,
        dispute_id=command.dispute_id,
        lines=tuple(HeldPieces(**dict(line), parcels=claims[line.line_id].parcels) for line in lines),
        held_at=command.at,
    )
    step = noted(command, order, passed)
    return [step, *ended(order, command.return_id, HoldEnd.DISPUTED), held], begun, *shown


def _reason(outcome: ReturnOutcome) -> EscalationReason:
    lost = outcome is ReturnOutcome.LOST_BY_OWN_CARRIER
    return EscalationReason.RETURN_LOST if lost else EscalationReason.RETURN_CONDITION


def _opened(command: ContestReturn, order: Order, asked: OrderReturn, lines: tuple[DisputedLine, ...]) -> DisputeOpened:
    """As if the buyer wanted the money, for the goods are back; the seller has no time of its own to answer."""
    assert order.terms
    return DisputeOpened(
        dispute_id=command.dispute_id,
        order_id=order.order_id,
        payment_id=order.taken.payment_id(order.payment),
        buyer_id=order.buyer_id,
        seller_id=asked.due.seller_id,
        lines=lines,
        reason=asked.due.reason,
        request=Solution(type=SolutionType.REFUND_ONLY, amount=total([line.cap for line in lines])),
        description_ref=text_ref(command, "description"),
        evidence=(),
        contacted_seller=False,
        terms=order.terms,
        reopened_from=None,
        protection_ends_at=order.protection_ends_at,
        return_address_ref=order.return_address_ref if asked.due.seller_id == order.seller_id else None,
        opened_at=command.at,
        respond_by=seller_response_due(order.terms, command.at),
        rules=("S82", "T27"),
    )
