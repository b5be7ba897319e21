"""Abandonment: two persons of support give up a refund that was refused, or that people took over (T30a, T31a)."""

from __future__ import annotations

from collections.abc import Sequence

from refund.domain.commands import RefundCommand
from refund.domain.payments.proposals import Why, guard_support, proposed, reason_ref, reason_text
from refund.domain.payments.state import Payment, Refund, RefundState
from shared.events.base import Actor, Event, Personal
from shared.events.mediation.proposals import ProposalKind, ProposalMade, RefundEnding
from shared.events.refund import RefundAbandoned

GIVEN_UP_FROM = (RefundState.MANUAL, RefundState.REFUSED)
"""The states in which no machine will pay it any more."""


class AbandonRefund(RefundCommand, Why):
    """Somebody of support wants it given up."""

    @property
    def personal(self) -> Sequence[Personal]:
        return reason_text(self, self.reason)


def guard_abandonment(payment: Payment, refund_id: str, actor: Actor) -> Refund:
    """Anything else is paid, or may still be by a machine."""
    refund = guard_support(payment, refund_id, actor, *GIVEN_UP_FROM)
    refund.guard_unanswered()
    return refund


def abandon_refund(command: AbandonRefund, payment: Payment) -> Sequence[Event]:
    """It waits for a second person."""
    refund = guard_abandonment(payment, command.refund_id, command.actor)
    ending = RefundEnding(ticket=command.ticket, reason_ref=reason_ref(command))
    return [proposed(command, refund, ProposalKind.ABANDONMENT, ("T30a", "T31a"), ending)]


def abandoned(command: RefundCommand, refund: Refund, made: ProposalMade) -> Event:
    """By both of them; nothing is paid."""
    assert made.ending
    return RefundAbandoned(
        **refund.event_fields,
        ticket=made.ending.ticket,
        reason_ref=made.ending.reason_ref,
        decided_by=made.by,
        agreed_by=command.actor.id,
        abandoned_at=command.at,
        rules=made.rules,
    )
