"""OpenDispute (T1, T38, S18): one dispute a line, decided on the dispute and its order in one append."""

from __future__ import annotations

from dispute.domain.commands import OpenDispute
from dispute.domain.dispute import Dispute
from dispute.domain.eligibility import COVERED_BY, guard_eligible
from dispute.domain.form import disputed_lines, guard_amount, guard_evidence, guard_lines, guard_text
from dispute.domain.order import Order
from dispute.domain.parties import guard_party_of_order
from shared.events.base import Event
from shared.events.calendar import within_days
from shared.events.dispute import DisputeOpened, Solution
from shared.events.order import PaymentHeld


def open_dispute(command: OpenDispute, _: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """The dispute begins and the payout of its lines waits for it; guards G1–G7 and G9 in order."""
    guard_party_of_order(order, command.actor, "buyer")
    wanted = [(line.line_id, line.quantity) for line in command.lines]
    known = [order.lines[name] for name, _ in wanted if name in order.lines]
    guard_eligible(order, known, command.reason, command.at)
    lines = guard_lines(order, wanted)
    guard_text(description=command.description)
    guard_evidence(command.reason, command.evidence)
    disputed = disputed_lines(order, dict(wanted))
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
        return_address_ref=order.return_address_ref,
        opened_at=command.at,
        respond_by=within_days(command.at, order.terms.seller_response_days, order.terms.timezone),
        rules=(COVERED_BY[command.reason], "S21", "S22", "S39"),
    )
    held = PaymentHeld(
        order_id=order.order_id, dispute_id=command.dispute_id, lines=tuple(line.line_id for line in disputed)
    )
    return [opened], [held]
