"""Payment by hand: people have sent the money of a refund that they took over, and two of support say so (T31a)."""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain.commands import RefundCommand
from refund.domain.payments.issuing import issued
from refund.domain.payments.proposals import (
    OfPart,
    Why,
    guard_instant,
    guard_not_said_to_be_paid,
    guard_support,
    proposed,
    proposed_part,
    reason_ref,
    reason_text,
    the_part,
)
from refund.domain.payments.refund import Refund, RefundState
from refund.domain.payments.state import Payment
from shared.events.base import Actor, Event, Personal
from shared.events.fields import Ticket
from shared.events.mediation.proposals import ProposalKind, ProposalMade, RefundEnding
from shared.events.moments import Moment


class PayByHand(RefundCommand, OfPart, Why):
    """Somebody of support says that the money was sent, and under which reference the bank knows it."""

    bank_reference: Ticket
    paid_at: Moment

    @property
    def personal(self) -> Sequence[Personal]:
        return reason_text(self, self.reason)


def guard_pay_by_hand(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """Once, until somebody else has answered: of two payments one could be forgotten, and go again."""
    refund = guard_paid_by_hand(payment, refund_id, actor)
    guard_not_said_to_be_paid(refund)
    return refund


def guard_paid_by_hand(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """Only of what people took over: anything else a machine may still pay, and so it would be paid twice."""
    return guard_support(payment, refund_id, actor, RefundState.MANUAL)


def pay_by_hand(command: PayByHand, payment: Payment) -> Sequence[Event]:
    """It waits for a second person."""
    refund = guard_pay_by_hand(payment, command.refund_id, command.actor)
    part = the_part(refund, command.part_id, RefundState.MANUAL)
    guard_instant(command.paid_at, command.at, refund)
    ending = RefundEnding(
        ticket=command.ticket,
        reason_ref=reason_ref(command),
        bank_reference=command.bank_reference,
        paid_at=command.paid_at,
    )
    return [proposed(command, refund, part, ProposalKind.MANUAL_PAYMENT, ("T31a",), ending)]


def paid_by_hand(command: RefundCommand, payment: Payment, made: ProposalMade) -> Sequence[Event]:
    """A refund that was issued like any other, but that no provider has in its books."""
    refund = payment.refund(command.refund_id)
    part = proposed_part(refund, made)
    assert part and made.ending and made.ending.bank_reference and made.ending.paid_at
    reference, paid_at = made.ending.bank_reference, made.ending.paid_at
    return issued(payment, refund, part, reference, paid_at, ("S57", "S58", "K1", "T31a", "D12"), manual=True)
