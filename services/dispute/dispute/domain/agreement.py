"""A solution is reached: what will be done, and the first step of doing it (T2, T5, T6, T22, T29)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from dispute.domain.dispute import Dispute
from dispute.domain.form import split
from shared.events.base import Event, derived_id
from shared.events.dispute import (
    Payer,
    ReachedType,
    RefundDue,
    RefundSource,
    ReturnDue,
    ReturnLine,
    Solution,
    SolutionReached,
    SolutionType,
)
from shared.events.newer import known


def reach(
    dispute: Dispute, solution: Solution, how: ReachedType, rules: tuple[str, ...], command_id: UUID, at: datetime
) -> list[Event]:
    """The agreement, and at once what it asks for: the money, or first the goods (K14)."""
    reached = SolutionReached(
        dispute_id=dispute.facts.dispute_id,
        reached_type=how,
        solution=solution,
        lines=split(solution.amount, dispute.facts.lines),
        reached_at=at,
        rules=rules,
    )
    return [
        reached,
        _return_due(dispute, reached, command_id) if _returns(solution) else refund_due(dispute, reached, command_id),
    ]


def refund_due(dispute: Dispute, reached: SolutionReached, command_id: UUID) -> RefundDue:
    """Asks for the money that was agreed (S57)."""
    facts = dispute.facts
    return RefundDue(
        refund_id=derived_id("rfd", facts.order_id, command_id),
        order_id=facts.order_id,
        payment_id=facts.payment_id,
        dispute_id=facts.dispute_id,
        buyer_id=facts.buyer_id,
        seller_id=facts.seller_id,
        lines=tuple(part for part in reached.lines if part.amount),
        amount=reached.solution.amount,
        source=RefundSource.AGREEMENT,
        bank_window_bd=facts.terms.refund_bank_window_bd,
        timezone=facts.terms.timezone,
        rules=("S57", *reached.rules),
    )


def _returns(solution: Solution) -> bool:
    return known(solution.type) == SolutionType.RETURN_AND_REFUND


def _return_due(dispute: Dispute, reached: SolutionReached, command_id: UUID) -> ReturnDue:
    """Asks for the goods: who pays the freight is what was agreed, else the seller, since the reason is a fault
    (K26).
    """
    facts, terms = dispute.facts, dispute.terms
    return ReturnDue(
        return_id=derived_id("ret", facts.order_id, command_id),
        dispute_id=facts.dispute_id,
        order_id=facts.order_id,
        buyer_id=facts.buyer_id,
        seller_id=facts.seller_id,
        lines=tuple(ReturnLine(line_id=line.line_id, quantity=line.quantity) for line in facts.lines),
        reason=dispute.reason or facts.reason,
        freight_payer=reached.solution.freight_payer or Payer.SELLER,
        address_ref=reached.solution.address_ref or facts.return_address_ref,
        ship_days=terms.return_ship_days,
        transit_alarm_days=terms.return_transit_alarm_days,
        inspect_bd=terms.return_inspect_bd,
        timezone=terms.timezone,
        rules=("K26", "K22", *reached.rules),
    )
