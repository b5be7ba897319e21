"""Doubt: two persons of support say whether money that was given up in doubt was paid (T31a, ADR 55).

Until then it is neither asked for again nor released: it may be with the buyer.
"""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain.commands import RefundCommand
from refund.domain.payments.issuing import doubt_ended, issued
from refund.domain.payments.proposals import (
    OfPart,
    Why,
    guard_instant,
    proposed,
    proposed_part,
    reason_ref,
    reason_text,
)
from refund.domain.payments.refund import Part, Refund
from refund.domain.payments.state import Payment
from shared.events.base import Actor, Event, Personal
from shared.events.fields import Ticket
from shared.events.mediation.proposals import ProposalKind, ProposalMade, RefundEnding
from shared.events.moments import Moment
from shared.events.refund import DoubtFound
from shared.rejections import ValidationFailed, WrongPhase


class EndDoubt(RefundCommand, OfPart, Why):
    """Somebody of support has found out whether the money went: if it did, when, and under which reference the provider
    or the bank knows it.
    """

    found: DoubtFound
    reference: Ticket | None = None
    paid_at: Moment | None = None

    @property
    def personal(self) -> Sequence[Personal]:
        return reason_text(self, self.reason)


def guard_end_of_doubt(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """Of a refund that is over, and of which something was given up in doubt."""
    refund = payment.refund_for(actor, refund_id, "support")
    if not refund.in_doubt:
        raise WrongPhase("Nothing of it is in doubt.", state=refund.state, rules=("T31a",))
    return refund


def end_doubt(command: EndDoubt, payment: Payment) -> Sequence[Event]:
    """It waits for a second person."""
    refund = guard_end_of_doubt(payment, command.refund_id, command.actor)
    part = _doubtful(refund, command.part_id)
    _guard_payment(command, refund)
    ending = RefundEnding(
        ticket=command.ticket,
        reason_ref=reason_ref(command),
        bank_reference=command.reference,
        paid_at=command.paid_at,
    )
    return [proposed(command, refund, part, ProposalKind.END_OF_DOUBT, ("T31a",), ending)]


def doubt_is_over(command: RefundCommand, payment: Payment, made: ProposalMade) -> Sequence[Event]:
    """By both of them: it was paid, and counts as any payment of the provider's, or its money is free."""
    refund = payment.refund(command.refund_id)
    part = proposed_part(refund, made)
    assert part and made.ending
    if made.ending.bank_reference and made.ending.paid_at:
        rules = ("S57", "S58", "K1", "T31a", "D12")
        return issued(payment, refund, part, made.ending.bank_reference, made.ending.paid_at, rules)
    return [
        doubt_ended(
            refund,
            part,
            DoubtFound.NOT_PAID,
            ticket=made.ending.ticket,
            reason_ref=made.ending.reason_ref,
            decided_by=made.by,
            agreed_by=command.actor.id,
            ended_at=command.at,
            rules=made.rules,
        )
    ]


def _doubtful(refund: Refund, part_id: str | None) -> Part:
    """The part in doubt that is named, or the only one."""
    doubtful = {name: part for name, part in refund.parts.items() if part.in_doubt}
    if part_id is None and len(doubtful) > 1:
        raise ValidationFailed.at("/part_id", "required", "several of its parts are in doubt: which one?", "T31a")
    if part_id is not None and part_id not in doubtful:
        raise ValidationFailed.at("/part_id", "unknown_part", "no part of it that is in doubt", "T31a")
    return doubtful[part_id] if part_id else next(iter(doubtful.values()))


def _guard_payment(command: EndDoubt, refund: Refund) -> None:
    """What was paid has a reference and an instant, what was not has neither."""
    was_paid = command.found is DoubtFound.PAID
    for name, value in {"reference": command.reference, "paid_at": command.paid_at}.items():
        if was_paid and value is None:
            raise ValidationFailed.at(f"/{name}", "required", "what was paid has one", "T31a")
        if not was_paid and value is not None:
            raise ValidationFailed.at(f"/{name}", "not_paid", "what was not paid has none", "T31a")
    if command.paid_at:
        guard_instant(command.paid_at, command.at, refund)
