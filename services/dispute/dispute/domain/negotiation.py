"""What the parties say to each other: response, acceptance, modification, cancellation (T2–T4, T6, T7, T21)."""

from __future__ import annotations

from datetime import datetime

from dispute.domain.agreement import reach
from dispute.domain.commands import AcceptSolution, CancelDispute, CounterOffer, ModifyRequest, RespondToDispute
from dispute.domain.dispute import Dispute, DisputeState
from dispute.domain.eligibility import guard_ground
from dispute.domain.form import guard_amount, guard_evidence, guard_text
from dispute.domain.order import Order
from dispute.domain.parties import guard_party
from dispute.domain.rejections import DeadlinePassed, MaxRounds, ReleaseAckRequired, ValidationFailed, WrongPhase
from dispute.domain.release import end_hold
from dispute.domain.timers import escalated, negotiation_over
from shared.events.base import Actor, Event, wire_time
from shared.events.calendar import within_days
from shared.events.dispute import (
    CloseReason,
    Decision,
    DisputeCancelled,
    DisputeClosed,
    EscalationReason,
    ReachedType,
    Reason,
    RequestModified,
    SellerResponded,
    Solution,
    SolutionAccepted,
    SolutionProposed,
)
from shared.events.money import Money
from shared.events.order import HoldEnd


def guard_response(dispute: Dispute, actor: Actor, at: datetime) -> None:
    """G8 of the seller's answer."""
    guard_party(dispute, actor, "seller")
    _guard_state(dispute, DisputeState.AWAITING_SELLER)
    _guard_before(dispute.respond_by, at)


def guard_acceptance(dispute: Dispute, actor: Actor, at: datetime) -> None:
    """G8 of the buyer's acceptance: there is a live solution, the one of the seller's last answer."""
    guard_party(dispute, actor, "buyer")
    _guard_state(dispute, DisputeState.AWAITING_BUYER)
    if dispute.live is None:
        raise WrongPhase("The seller offers nothing to accept.", state=dispute.state)
    _guard_before(dispute.answer_by, at)
    _guard_before(dispute.negotiate_until, at)


def guard_modification(dispute: Dispute, actor: Actor, at: datetime) -> None:
    """G8 and G10 of the buyer's next round."""
    guard_party(dispute, actor, "buyer")
    _guard_state(dispute, DisputeState.AWAITING_BUYER)
    _guard_before(dispute.answer_by, at)
    _guard_before(dispute.negotiate_until, at)
    if dispute.round >= dispute.terms.max_rounds:
        raise MaxRounds("The negotiation has had its rounds.", max_rounds=dispute.terms.max_rounds)


def guard_cancellation(dispute: Dispute, actor: Actor) -> None:
    """G8 of the buyer's withdrawal."""
    guard_party(dispute, actor, "buyer")
    _guard_state(dispute, DisputeState.AWAITING_SELLER, DisputeState.AWAITING_BUYER, DisputeState.ESCALATED)


def respond(command: RespondToDispute, dispute: Dispute) -> list[Event]:
    """The seller accepts what is asked, offers something else, or refuses (S40, S42, T2, T3, T4)."""
    guard_response(dispute, command.actor, command.at)
    guard_text(reason=command.reason)
    match command.decision:
        case Decision.ACCEPT:
            return _accepted(command, dispute)
        case Decision.COUNTER:
            return _countered(command, dispute)
        case Decision.REJECT:
            return [_response(command, dispute, ("T4",)), *_too_late_to_agree(command, dispute)]


def accept(command: AcceptSolution, dispute: Dispute) -> list[Event]:
    """The buyer accepts the live solution (S42)."""
    guard_acceptance(dispute, command.actor, command.at)
    assert dispute.live
    accepted = SolutionAccepted(dispute_id=command.dispute_id, solution=dispute.live, rules=("S42",))
    return [accepted, *reach(dispute, dispute.live, ReachedType.NEGOTIATED, ("S42",), command.command_id, command.at)]


def modify(command: ModifyRequest, dispute: Dispute) -> list[Event]:
    """The buyer changes the request and the seller has five days again (S43)."""
    guard_modification(dispute, command.actor, command.at)
    guard_text(description=command.description)
    request, reason = _changed_request(command, dispute)
    guard_amount(request.amount, dispute.facts.lines)
    modified = RequestModified(
        dispute_id=command.dispute_id,
        round=dispute.round + 1,
        reason=reason,
        request=request,
        description_ref=command.description_ref,
        evidence=command.evidence,
        respond_by=within_days(command.at, dispute.terms.seller_response_days, dispute.terms.timezone),
        rules=("S43", "S39"),
    )
    return [modified]


def cancel(command: CancelDispute, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """The buyer withdraws: the lines are protected again, or, when protection is over and the buyer knows, released
    (S46–S48).
    """
    guard_cancellation(dispute, command.actor)
    guard_release_acknowledged(order, command)
    nothing = Money.zero(dispute.facts.request.amount)
    cancelled = DisputeCancelled(
        dispute_id=command.dispute_id, acknowledged_release=command.acknowledge_release, rules=("S46",)
    )
    closed = DisputeClosed(
        dispute_id=command.dispute_id,
        reason=CloseReason.CANCELLED_BY_BUYER,
        amount=nothing,
        closed_at=command.at,
        rules=("S46",),
    )
    return [cancelled, closed], end_hold(order, dispute.facts, HoldEnd.CANCELLED, command.at)


def guard_release_acknowledged(order: Order, command: CancelDispute) -> None:
    """G16 (S47)."""
    if order.protection_over(command.at) and not command.acknowledge_release:
        warning = "Protection is over: cancelling pays the seller and cannot be undone. Send acknowledge_release=true."
        raise ReleaseAckRequired(warning, warning="payment_will_be_released")


def _guard_state(dispute: Dispute, *states: DisputeState) -> None:
    if dispute.state not in states:
        raise WrongPhase(f"Not while the dispute is {dispute.state}.", state=dispute.state)


def _guard_before(due_at: datetime | None, at: datetime) -> None:
    if due_at and at >= due_at:
        raise DeadlinePassed("The time for this is over.", due_at=wire_time(due_at))


def _accepted(command: RespondToDispute, dispute: Dispute) -> list[Event]:
    if command.solution:
        raise ValidationFailed.at("/solution", "not_expected", "an acceptance takes the request as it is")
    assert dispute.request
    reached = reach(dispute, dispute.request, ReachedType.NEGOTIATED, ("S40",), command.command_id, command.at)
    return [_response(command, dispute, ("S40",)), *reached]


def _countered(command: RespondToDispute, dispute: Dispute) -> list[Event]:
    if not (offer := command.solution):
        raise ValidationFailed.at("/solution", "missing", "a counter-offer needs a solution", "S42")
    guard_text(**{"solution/address": offer.address})
    guard_amount(offer.amount, dispute.facts.lines, "/solution/amount")
    proposed = SolutionProposed(
        dispute_id=command.dispute_id, by="seller", solution=_offered(command, offer), rules=("S42",)
    )
    return [_response(command, dispute, ("S42",)), proposed, *_too_late_to_agree(command, dispute)]


def _offered(command: RespondToDispute, offer: CounterOffer) -> Solution:
    return Solution(
        type=offer.type, amount=offer.amount, freight_payer=offer.freight_payer, address_ref=command.address_ref
    )


def _response(command: RespondToDispute, dispute: Dispute, rules: tuple[str, ...]) -> SellerResponded:
    """An answer that leaves something to settle starts the buyer's time (D2) and, once, the negotiation's (D4)."""
    terms, open_still = dispute.terms, command.decision != Decision.ACCEPT
    first = open_still and dispute.negotiate_until is None
    return SellerResponded(
        dispute_id=command.dispute_id,
        decision=command.decision,
        reason_ref=command.reason_ref,
        answer_by=within_days(command.at, terms.buyer_response_days, terms.timezone) if open_still else None,
        negotiate_until=within_days(command.at, terms.negotiation_days, terms.timezone) if first else None,
        rules=rules,
    )


def _too_late_to_agree(command: RespondToDispute, dispute: Dispute) -> list[Event]:
    """T7: a counter-offer or refusal after the negotiation's end goes straight to the case team."""
    if dispute.negotiate_until is None or command.at < dispute.negotiate_until:
        return []
    over = negotiation_over(dispute, dispute.negotiate_until)
    return [over, escalated(dispute, EscalationReason.NEGOTIATION_TIMEOUT, command.at)]


def _changed_request(command: ModifyRequest, dispute: Dispute) -> tuple[Solution, Reason]:
    assert dispute.request and dispute.reason
    reason = command.reason or dispute.reason
    if command.reason and command.reason != dispute.reason:
        guard_ground(command.reason)
        guard_evidence(command.reason, command.evidence)
    elif command.evidence:
        guard_evidence(reason, command.evidence)
    # An amount of nothing is false: it was named all the same, and is refused (G9).
    amount = dispute.request.amount if command.amount is None else command.amount
    return Solution(type=command.type or dispute.request.type, amount=amount), reason
