"""Proposals: what takes two persons of support waits for the second one's word (T31a, G15, ADR 28, ADR 40)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from refund.domain.commands import RefundCommand
from refund.domain.payments.refund import Part, Refund, RefundState
from refund.domain.payments.state import Payment
from shared.events.base import Actor, Command, Message, Personal
from shared.events.calendar import within_days
from shared.events.fields import ShortText, Text, Ticket
from shared.events.ids import derived_id, derived_id_beside
from shared.events.mediation.proposals import ProposalKind, ProposalMade, RefundEnding
from shared.events.refund import RefundRequested
from shared.rejections import ValidationFailed, WrongPhase

PROPOSAL_DAYS = 7
"""How long a proposal waits for a second person: a refund knows no programme, so for all alike."""


class OfPart(Message):
    """Which part of a refund a command is about; without a name it is the only one that waits for it."""

    part_id: ShortText | None = None


class Why(Message):
    """On what ground a refund ends otherwise than by the provider."""

    ticket: Ticket
    reason: Annotated[str, Text(2000)]


def reason_ref(command: Command) -> str:
    """The id of the row that holds the command's reason: derived, so that a repeat names the same row."""
    return derived_id_beside(command.first_stream.name, "txt", command.command_id, "reason")


def reason_text(command: Command, reason: str) -> Sequence[Personal]:
    """What a person of support gives as a reason, beside the log."""
    return (Personal(reason_ref(command), command.actor.id, "reason", reason),)


def guard_support(payment: Payment, refund_id: str, actor: Actor, *states: RefundState) -> Refund:
    """One of support who is no party of the order, and a refund in one of these states, or a part of it (G15)."""
    refund = payment.refund_for(actor, refund_id, "support")
    WrongPhase.unless_in("refund", refund.first_of(states), *states)
    return refund


def the_part(refund: Refund, part_id: str | None, *states: RefundState) -> Part | None:
    """The part in one of these states that is named, or the only one; none of a refund that was refused."""
    if part_id is not None and part_id not in refund.parts:
        raise ValidationFailed.at("/part_id", "unknown_part", "the refund has no such part", "T31a")
    named = [part for name, part in refund.parts.items() if part_id in (None, name)]
    waiting = [part for part in named if part.state in states]
    if len(waiting) > 1:
        raise ValidationFailed.at("/part_id", "required", "several of its parts wait: which one?", "T31a")
    if named and not waiting:
        WrongPhase.unless_in("refund", named[0].state, *states)
    return waiting[0] if waiting else None


def proposed_part(refund: Refund, made: ProposalMade) -> Part | None:
    """The part that something is proposed for."""
    return refund.parts.get(made.part_id or refund.request.refund_id)


def standing(refund: Refund, at: datetime) -> ProposalMade | None:
    """The proposal that waits for a second person. That money was sent is a fact, which no time undoes."""
    made = refund.proposal
    return made if made and (says_paid(made) or at < made.expires_at) else None


def says_paid(made: ProposalMade) -> bool:
    """Whether it says that the money was sent by hand."""
    return made.kind == ProposalKind.MANUAL_PAYMENT


def guard_not_said_to_be_paid(refund: Refund) -> None:
    """Money that somebody says was sent by hand would go twice: first it is agreed to, or declined."""
    if refund.proposal and says_paid(refund.proposal):
        raise WrongPhase(
            "Somebody of support says that it was paid by hand: another one agrees to that, or declines it, first.",
            state=refund.state,
            rules=("T31a",),
        )


def guard_instant(paid_at: datetime, now: datetime, refund: Refund) -> None:
    """When money went lies between its request and now."""
    if paid_at > now:
        raise ValidationFailed.at("/paid_at", "in_the_future", "it has not been paid yet", "T31a")
    if paid_at < refund.request.requested_at:
        raise ValidationFailed.at("/paid_at", "before_request", "before the refund was requested", "T31a")


def proposal_id(order_id: str, command_id: UUID) -> str:
    """The id of what this command proposes."""
    return derived_id("prp", order_id, command_id)


def proposed(
    command: RefundCommand,
    refund: Refund,
    part: Part | None,
    kind: ProposalKind,
    rules: tuple[str, ...],
    ending: RefundEnding | None,
) -> ProposalMade:
    """What one person of support wants; another has some days to agree."""
    timezone = refund.request.timezone if isinstance(refund.request, RefundRequested) else "UTC"
    return ProposalMade(
        proposal_id=proposal_id(command.order_id, command.command_id),
        kind=kind,
        order_id=command.order_id,
        refund_id=command.refund_id,
        part_id=part.id if part and part.id != command.refund_id else None,
        by=command.actor.id,
        made_at=command.at,
        expires_at=within_days(command.at, PROPOSAL_DAYS, timezone),
        ending=ending,
        rules=rules,
    )
