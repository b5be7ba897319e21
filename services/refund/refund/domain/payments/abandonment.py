"""Abandonment: two persons of support give up a refund that was refused, that people took over, or that the bank has
sent back (T30a, T31a).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from refund.domain.commands import RefundCommand
from refund.domain.payments.issuing import confirmed
from refund.domain.payments.proposals import (
    OfPart,
    Why,
    guard_not_said_to_be_paid,
    guard_support,
    proposed,
    proposed_part,
    reason_ref,
    reason_text,
    the_part,
)
from refund.domain.payments.refund import Refund, RefundState
from refund.domain.payments.settlement.bank import settled_before
from refund.domain.payments.state import Payment, evolve
from shared.events.base import Actor, Event, Personal
from shared.events.mediation.proposals import ProposalKind, ProposalMade, RefundEnding
from shared.events.refund import RefundAbandoned, RefundEvent, RefundPartAbandoned

_OF_A_PART = (RefundState.MANUAL, RefundState.RETURNED_BY_BANK)
GIVEN_UP_FROM = (*_OF_A_PART, RefundState.REFUSED)
"""The states in which no machine will pay it any more."""


class AbandonRefund(RefundCommand, OfPart, Why):
    """Somebody of support wants it given up."""

    @property
    def personal(self) -> Sequence[Personal]:
        return reason_text(self, self.reason)


def guard_abandonment(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """Anything else is paid, or may still be by a machine."""
    refund = guard_support(payment, refund_id, actor, *GIVEN_UP_FROM)
    refund.guard_unanswered()
    guard_not_said_to_be_paid(refund)
    return refund


def abandon_refund(command: AbandonRefund, payment: Payment) -> Sequence[Event]:
    """It waits for a second person."""
    refund = guard_abandonment(payment, command.refund_id, command.actor)
    part = the_part(refund, command.part_id, *_OF_A_PART)
    ending = RefundEnding(ticket=command.ticket, reason_ref=reason_ref(command))
    return [proposed(command, refund, part, ProposalKind.ABANDONMENT, ("T30a", "T31a"), ending)]


def abandoned(command: RefundCommand, payment: Payment, made: ProposalMade) -> Sequence[Event]:
    """By both of them; nothing is paid. With its last part a refund ends: issued with what went, or given up."""
    refund = payment.refund(command.refund_id)
    part = proposed_part(refund, made)
    ending, doubt = _ending(command, made), part.lines if part and part.doubts else ()
    if not part or part.id == command.refund_id:
        return [RefundAbandoned(**refund.event_fields, **ending, in_doubt=doubt)]
    gone = RefundPartAbandoned(**refund.fields_of(part, RefundState.ABANDONED), **ending, in_doubt=doubt)
    since = evolve(payment, gone)
    left = since.refund(command.refund_id)
    if left.state is RefundState.ABANDONED:
        return [gone, RefundAbandoned(**refund.event_fields, **ending, in_doubt=left.in_doubt)]
    events: list[RefundEvent] = [gone, *confirmed(since, left, ("S57", "S58", "K1", "T31a", "D12"))]
    return [*events, *settled_before(reduce(evolve, events, payment).refund(command.refund_id))]


def _ending(command: RefundCommand, made: ProposalMade) -> dict[str, Any]:
    assert made.ending
    return {
        "ticket": made.ending.ticket,
        "reason_ref": made.ending.reason_ref,
        "decided_by": made.by,
        "agreed_by": command.actor.id,
        "abandoned_at": command.at,
        "rules": made.rules,
    }
