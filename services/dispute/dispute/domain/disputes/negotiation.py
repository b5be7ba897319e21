"""Negotiation: the seller's response, the buyer's acceptance or next request (T2–T4, T6, T7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from dispute.domain.commands import DisputeAndOrderCommand, text_ref, texts_about
from dispute.domain.deadlines import buyer_response_due, negotiation_due, seller_response_due
from dispute.domain.disputes.agreement.offers import CounterOffer, named, offered, proposed
from dispute.domain.disputes.agreement.passed import guard_passed_amount
from dispute.domain.disputes.ending import ended_if_over
from dispute.domain.disputes.escalation import escalation_from, negotiation_over
from dispute.domain.disputes.evidence import NamingEvidence, shown_by
from dispute.domain.disputes.form import Requested, guard_amount, guard_request
from dispute.domain.disputes.opening.eligibility import guard_reason
from dispute.domain.disputes.opening.law import guard_against_fault
from dispute.domain.disputes.settlement import goods_gone, reach
from dispute.domain.disputes.solutions import SELLER, of_side, solution_id
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import WITH_THE_TEAM, Step, guard
from dispute.domain.evidence.limits import guard_needed
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders.pieces import disputed_pieces
from dispute.domain.orders.state import Order
from shared.decider import Decided
from shared.events.base import Event, Personal
from shared.events.dispute import (
    Decision,
    ReachedType,
    Reason,
    RequestModified,
    SellerResponded,
    Solution,
    SolutionAccepted,
    SolutionProposed,
    SolutionType,
)
from shared.events.fields import EvidenceIds, Text, WireMoney
from shared.rejections import ValidationFailed, guard_text


class StandingAddress(NamingEvidence):
    """The address that stands already, where the answer names the same: the edge compares them, for no event holds one.
    A base, for a body has no field that its command inherits, and no client is to send this one.
    """

    standing_address_ref: str | None = None


class RespondToDispute(StandingAddress):
    decision: Decision
    solution: CounterOffer | None = None
    reason: Annotated[str, Text(2000)] | None = None
    evidence: EvidenceIds = ()

    @property
    def reason_ref(self) -> str | None:
        return text_ref(self, "reason") if self.reason else None

    @property
    def address(self) -> str | None:
        return self.solution.address if self.solution else None

    @property
    def address_ref(self) -> str | None:
        return self.standing_address_ref or (text_ref(self, "address") if self.address else None)

    @property
    def personal(self) -> Sequence[Personal]:
        address = None if self.standing_address_ref else self.address
        return texts_about(self.actor.id, self, reason=self.reason, address=address)


def respond(command: RespondToDispute, dispute: Dispute, order: Order, *evidence: Evidence) -> Decided:
    """The seller accepts the request, offers something else, or refuses (S40, S42, T2, T3, T4)."""
    guard(Step.RESPOND, dispute, command.actor, command.at)
    guard_text(reason=command.reason)
    shown = shown_by(command, dispute, "seller", evidence)
    answered = settling if dispute.state in WITH_THE_TEAM else _responded
    events = [*shown.added, *answered(command, dispute, order)]
    if command.decision != Decision.ACCEPT:  # without an agreement there is all left to do
        return events, [], *shown.by_stream
    return *ended_if_over(command, events, dispute, order), *shown.by_stream


def settling(command: RespondToDispute, dispute: Dispute, order: Order) -> list[Event]:
    """T43: with the case team the parties may still settle; a proposal alone changes nothing, and one that stands
    already is none: what the buyer has seen stays what there is to accept.
    """
    match command.decision:
        case Decision.ACCEPT:
            return _granted(command, dispute)
        case Decision.COUNTER:
            put = _proposed(command, dispute, order, ("T43",))
            return [] if put.solution == dispute.offer else [put]
        case Decision.REJECT:
            raise ValidationFailed.at("/decision", "not_expected", "the case team decides: nobody has to refuse", "T43")


def _granted(command: RespondToDispute, dispute: Dispute) -> list[Event]:
    assert dispute.request
    if dispute.request.type == SolutionType.RETURN_AND_REFUND and goods_gone(dispute):
        raise ValidationFailed.at("/decision", "nothing_to_return", "the goods were sent back already", "G7")
    if dispute.inspected:
        guard_passed_amount(dispute.request.amount, dispute, "/decision")
    _guard_as_it_is(command, dispute)
    return reach(command, dispute, dispute.request, ReachedType.NEGOTIATED, ("T43", "S40"))


def _guard_as_it_is(command: RespondToDispute, dispute: Dispute) -> None:
    """S40: who accepts names no solution, or the very one that the buyer asks for."""
    if command.solution and named(command.solution, command.address_ref) != dispute.request:
        raise ValidationFailed.at("/solution", "not_expected", "an acceptance takes the request as it is", "S40")


def _responded(command: RespondToDispute, dispute: Dispute, order: Order) -> list[Event]:
    match command.decision:
        case Decision.ACCEPT:
            return _accepted(command, dispute)
        case Decision.COUNTER:
            return _countered(command, dispute, order)
        case Decision.REJECT:
            return [_response(command, dispute, ("T4",)), *_too_late_to_agree(command, dispute)]


def _accepted(command: RespondToDispute, dispute: Dispute) -> list[Event]:
    _guard_as_it_is(command, dispute)
    assert dispute.request
    reached = reach(command, dispute, dispute.request, ReachedType.NEGOTIATED, ("S40",))
    return [_response(command, dispute, ("S40",)), *reached]


def _countered(command: RespondToDispute, dispute: Dispute, order: Order) -> list[Event]:
    answer, put = _response(command, dispute, ("S42",)), _proposed(command, dispute, order, ("S42",))
    return [answer, put, *_too_late_to_agree(command, dispute)]


def _proposed(command: RespondToDispute, dispute: Dispute, order: Order, rules: tuple[str, ...]) -> SolutionProposed:
    return proposed(dispute, offered(command.solution, command.address_ref, dispute, order), command.at, rules)


def _response(command: RespondToDispute, dispute: Dispute, rules: tuple[str, ...]) -> SellerResponded:
    """A response that leaves something to settle starts the buyer's time (D2), and the negotiation's (D4): the first
    one says until when, and each names it, so that what rested while the seller was silent stands again.
    """
    terms, unsettled = dispute.terms, command.decision != Decision.ACCEPT
    negotiate_until = dispute.negotiate_until or negotiation_due(terms, command.at)
    return SellerResponded(
        dispute_id=command.dispute_id,
        decision=command.decision,
        reason_ref=command.reason_ref,
        answer_by=buyer_response_due(terms, command.at) if unsettled else None,
        negotiate_until=negotiate_until if unsettled else None,
        escalation_from=escalation_from(dispute, command.at) if unsettled else None,
        rules=rules,
    )


def _too_late_to_agree(command: RespondToDispute, dispute: Dispute) -> list[Event]:
    """T7: a counter-offer or refusal after the negotiation's end goes straight to the case team."""
    if dispute.negotiate_until is None or command.at < dispute.negotiate_until:
        return []
    return negotiation_over(dispute, dispute.negotiate_until, command.at)


class AcceptSolution(DisputeAndOrderCommand):
    pass


def accept(command: AcceptSolution, dispute: Dispute, order: Order) -> Decided:
    """The buyer accepts the seller's offer (S42, T6); who has its money already ends the dispute by that (T33)."""
    guard(Step.ACCEPT, dispute, command.actor, command.at)
    assert dispute.offer
    accepted = SolutionAccepted(
        dispute_id=command.dispute_id,
        solution_id=solution_id(dispute.opened, SELLER),
        version=of_side(dispute.solutions, SELLER)[-1].version,
        solution=dispute.offer,
        rules=("S42",),
    )
    events = [accepted, *reach(command, dispute, dispute.offer, ReachedType.NEGOTIATED, ("S42",))]
    return ended_if_over(command, events, dispute, order)


class ModifyRequest(NamingEvidence):
    """What is None stays as it was; so is a description that stands already, which the edge has compared."""

    type: Requested | None = None
    amount: WireMoney | None = None
    reason: Reason | None = None
    description: Annotated[str, Text(2000)] | None = None
    evidence: EvidenceIds = ()

    @property
    def description_ref(self) -> str | None:
        return text_ref(self, "description") if self.description else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, description=self.description)


def modify(command: ModifyRequest, dispute: Dispute, order: Order, *evidence: Evidence) -> Decided:
    """The buyer changes the request and the seller has five days again (S43, T7)."""
    guard(Step.MODIFY, dispute, command.actor, command.at)
    request, reason = _changed_request(command, dispute)
    guard_new_reason(command, dispute, order)
    guard_request(disputed_pieces(order, command.dispute_id), reason, request.type)
    guard_text(description=command.description)
    shown = shown_by(command, dispute, "buyer", evidence)
    if reason != dispute.reason:
        guard_needed(reason, [*dispute.evidence.standing("buyer"), *shown.items])
    guard_amount(request.amount, dispute.opened.lines)
    modified = RequestModified(
        dispute_id=command.dispute_id,
        round=dispute.round + 1,
        reason=reason,
        request=request,
        description_ref=command.description_ref,
        evidence=command.evidence,
        modified_at=command.at,
        respond_by=seller_response_due(dispute.terms, command.at),
        rules=("S43", "S39"),
    )
    return [*shown.added, modified], [], *shown.by_stream


def guard_new_reason(command: ModifyRequest, dispute: Dispute, order: Order) -> None:
    """G6: another reason is judged as at the opening, on the order as it stands now (S3, S6, S11)."""
    if command.reason and command.reason != dispute.reason:
        guard_against_fault(dispute.opened.by_law, command.reason)
        guard_reason(order, disputed_pieces(order, command.dispute_id), command.reason, command.at)


def _changed_request(command: ModifyRequest, dispute: Dispute) -> tuple[Solution, Reason]:
    """The next request; ValidationFailed where it is the one that stands, for which nobody gets new days (S43)."""
    assert dispute.request and dispute.reason
    # An amount of nothing is false: it was named all the same, and is refused (G9).
    amount = dispute.request.amount if command.amount is None else command.amount
    request = Solution(type=command.type or dispute.request.type, amount=amount)
    reason = command.reason or dispute.reason
    if (request, reason) == (dispute.request, dispute.reason) and not _says_or_shows_more(command, dispute):
        raise ValidationFailed.at("", "nothing_changed", "change at least one thing", "S43")
    return request, reason


def _says_or_shows_more(command: ModifyRequest, dispute: Dispute) -> bool:
    """Whether there is another description, or an item that is not with the dispute already."""
    return bool(command.description) or any(dispute.evidence.find(name) is None for name in command.evidence)
