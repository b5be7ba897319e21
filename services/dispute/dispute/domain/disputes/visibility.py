"""Visibility: what of a dispute's events each party sees. What is not listed here nobody sees, whatever an event holds;
of an event that has no list for a party, it does not even learn that it happened.

A field inside another one is named by both, `solution.amount`; a name alone stands for all that is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from dispute.domain.disputes.state import Dispute
from shared.events import dispute as events
from shared.events import mediation
from shared.events.base import SYSTEM, Actor, Event, pseudonym
from shared.events.deadlines import DeadlineMoved
from shared.events.evidence import CarrierScanAdded, EvidenceAdded, EvidenceRemoved
from shared.events.mediation import clawbacks, proposals, repayments
from shared.events.outside.chargeback import ExternalChargebackOpened, ExternalChargebackResolved
from shared.parties import Parties
from shared.rejections import snake_case

BUYER, SELLER, PLATFORM, SENDER = "buyer", "seller", "platform", "sender"
"""Who looks: the two parties, the platform's people and services, and a buyer who is to send the goods back."""

Fields = frozenset[str]


def _seen(by_all: str, address: str = "", staff: str = "") -> Mapping[str, Fields]:
    """What each sees of an event; an address is the seller's, until the buyer has to send something there (K22), and
    who of the platform's people did something is their own affair.
    """
    everybody, where = frozenset(by_all.split()), frozenset(address.split())
    known = everybody | where
    return {BUYER: everybody, SELLER: known, PLATFORM: known | frozenset(staff.split()), SENDER: known}


def _staffs(fields: str) -> Mapping[str, Fields]:
    """Of a step that is the platform's own: the parties are told what comes of it."""
    return {PLATFORM: frozenset(fields.split())}


def _buyers(fields: str) -> Mapping[str, Fields]:
    """What the buyer tells the platform, and nobody else: the seller learns that it was told."""
    told = frozenset(fields.split())
    return {BUYER: told, SELLER: frozenset(), PLATFORM: told, SENDER: told}


_SOLUTION = "solution.type solution.amount solution.freight_payer"
_REQUEST = "request.type request.amount"
_PARTS = "lines.line_id lines.amount"
_RULING = (
    "ruling.outcome ruling.type ruling.lines.line_id ruling.lines.amount ruling.amount ruling.freight_payer"
    " ruling.weights.evidence_id ruling.weights.weight ruling.text_ref"
)

VISIBLE: Mapping[type[Event], Mapping[str, Fields]] = {
    events.DisputeOpened: _seen(
        f"lines.line_id lines.quantity lines.cap reason {_REQUEST} description_ref evidence contacted_seller"
        " reopened_from from_return protection_ends_at opened_at respond_by hints by_law"
        " no_return return_points",
        "return_address_ref",
        "forced.ticket forced.reason_ref",
    ),
    events.SellerResponded: _seen("decision reason_ref answer_by negotiate_until escalation_from"),
    events.SolutionProposed: _seen(f"solution_id version by {_SOLUTION} proposed_at", "solution.address_ref"),
    events.SellerResponseTimedOut: _seen("due_at"),
    events.RequestModified: _seen(f"round reason {_REQUEST} description_ref evidence modified_at respond_by"),
    events.SolutionAccepted: _seen(f"solution_id version {_SOLUTION}", "solution.address_ref"),
    events.SolutionReached: _seen(
        f"reached_type {_SOLUTION} {_PARTS} reached_at replacement_until", "solution.address_ref"
    ),
    events.BuyerResponseTimedOut: _seen("due_at"),
    events.NegotiationTimedOut: _seen("due_at"),
    events.Escalated: _seen("by reason reason_ref evidence_until"),
    mediation.CaseClaimed: _staffs("reviewer claimed_at"),
    mediation.CaseReleased: _staffs("reviewer"),
    mediation.StatementSubmitted: _seen("by answers.key answers.text_ref evidence complete submitted_at"),
    mediation.EvidenceCompleted: _seen("by"),
    mediation.EvidenceRequested: _seen(
        "request_id party questions.key questions.text_ref questions.kind questions.mandatory evidence_until"
        " requested_at"
    ),
    mediation.EvidenceWindowClosed: _seen("complete"),
    mediation.ReviewStarted: _seen("review_until", staff="reviewer"),
    mediation.ReviewOverdue: _seen("due_at review_until"),
    mediation.DecisionIssued: _seen(
        f"{_RULING} decided_at appeal_until survey_until", "ruling.address_ref", "decided_by agreed_by"
    ),
    mediation.Appealed: _seen("by ground_ref evidence appealed_at review_until"),
    mediation.AppealReviewOverdue: _seen("due_at review_until"),
    mediation.AppealDecided: _seen(
        f"decision {_RULING} decided_at survey_until", "ruling.address_ref", "decided_by agreed_by"
    ),
    proposals.ProposalMade: _staffs(f"proposal_id kind by made_at expires_at decision {_RULING} ruling.address_ref"),
    proposals.ProposalAgreed: _staffs("proposal_id kind by"),
    proposals.ProposalDeclined: _staffs("proposal_id kind by reason_ref"),
    proposals.SupportOverrideProposed: _staffs(
        f"proposal_id kind action ticket reason_ref by made_at expires_at {_RULING} ruling.address_ref"
    ),
    proposals.SupportOverrideApplied: _seen(
        f"action {_RULING} decided_at", "ruling.address_ref", "proposal_id ticket reason_ref decided_by agreed_by"
    ),
    mediation.AppealWindowClosed: _seen(""),
    mediation.ClawbackRequested: _seen(f"clawback_id party {_PARTS} amount"),
    mediation.ClawbackNotDue: _seen(f"clawback_id party {_PARTS} amount"),
    clawbacks.ClawbackSettled: _seen(f"clawback_id party {_PARTS} amount settled_at", staff="reason_code"),
    clawbacks.ClawbackFailed: _seen(f"clawback_id party {_PARTS} amount failed_at", staff="reason_code"),
    mediation.SurveySubmitted: _buyers("rating text_ref"),
    mediation.SurveyWindowClosed: _seen(""),
    events.ReturnDue: _seen(
        "return_id lines.line_id lines.quantity reason freight_payer warehouse ship_days inspect_bd suspended points",
        "address_ref",
    ),
    events.ReturnNotDue: _seen("return_id"),
    events.RefundDue: _seen(
        f"refund_id return_id {_PARTS} amount source bank_window_bd refund_after_return_bd received_at replaces"
        " window_by_method.method window_by_method.bank_window_bd"
    ),
    events.RefundNoted: _seen(
        f"refund_id outcome amount {_PARTS} reason in_doubt.line_id in_doubt.amount"
        " expected_from expected_until source_event noted_at"
    ),
    events.ReturnNoted: _seen(
        "return_id outcome reason source_event noted_at pieces.line_id pieces.quantity pieces.result pieces.fault"
        " passed.line_id passed.amount"
    ),
    events.ReplacementShipped: _seen("tracking_number carrier shipped_at"),
    events.ReplacementReceived: _seen("received_at"),
    events.ReplacementOverdue: _seen("due_at"),
    events.ReplacementNotDue: _seen(""),
    events.CancellationNoted: _seen(f"{_PARTS} amount cancelled_at"),
    events.DisputeCancelled: _seen("acknowledged_release"),
    events.DisputeClosed: _seen(f"reason reached_type {_SOLUTION} amount closed_at", "solution.address_ref"),
    repayments.LateArrivalReported: _seen("by arrived_at lines.line_id lines.quantity text_ref reported_at"),
    repayments.RepaymentAgreed: _seen("by amount way agreed_at"),
    repayments.RepaymentReceived: _seen("amount way reference received_at noted_at"),
    EvidenceAdded: _seen(
        "item.evidence_id item.by item.kind item.purpose item.media_type item.size item.width item.height item.seconds"
        " item.sha256 item.caption_ref item.sent_at added_at"
    ),
    CarrierScanAdded: _seen("evidence_id delivered_at parcels lines.line_id lines.quantity added_at"),
    EvidenceRemoved: _seen("evidence_id removed_at"),
    ExternalChargebackOpened: _seen("chargeback_id amount opened_at"),
    ExternalChargebackResolved: _seen(f"chargeback_id result amount {_PARTS} resolved_at"),
    DeadlineMoved: _seen("kind previous_due_at due_at"),
}

_BY_ACTION = {snake_case(event.__name__): fields for event, fields in VISIBLE.items()}


def looks_as(dispute: Dispute, actor: Actor) -> frozenset[str]:
    """As whom the actor looks at the dispute."""
    roles = dispute.parties.acting(actor)
    own = roles & {BUYER, SELLER}
    sends = {SENDER} if BUYER in roles and dispute.return_id else set()
    return own | sends | ({PLATFORM} if roles - own else set())


@cache
def actions_told(looking: frozenset[str]) -> frozenset[str]:
    """The actions of which one who looks as these learns that they happened."""
    return frozenset(action for action, lists in _BY_ACTION.items() if not looking.isdisjoint(lists))


def knows(dispute: Dispute, actor: Actor, event: Event) -> bool:
    """Whether the actor learns that this has happened in the dispute."""
    return snake_case(type(event).__name__) in actions_told(looks_as(dispute, actor))


def visible(action: str, detail: Mapping[str, Any], looking: Iterable[str]) -> dict[str, Any]:
    """The members of an event's data that one who looks as these may see; none of an event that is not listed."""
    listed = _BY_ACTION.get(action, {})
    found: dict[str, Any] = _picked(detail, frozenset().union(*(listed.get(role, ()) for role in looking)))
    return found


def visible_refs(action: str, detail: Mapping[str, Any], looking: Iterable[str]) -> set[str]:
    """The texts that these members name."""
    return set(_refs(visible(action, detail, looking)))


def visible_actor(recorded: str, parties: Parties, looking: Iterable[str]) -> str:
    """Who did it: buyer, seller and machine by name; of the platform's people the parties learn the role alone."""
    roles, _, name = recorded.partition(":")
    if PLATFORM in looking or recorded == str(SYSTEM):
        return recorded
    if name == pseudonym(parties.buyer_id):
        return f"{BUYER}:{parties.buyer_id}"
    return next((f"{SELLER}:{seller}" for seller in parties.seller_ids if name == pseudonym(seller)), roles)


def _picked(value: Any, fields: Fields) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_picked(part, fields) for part in value]
    within = {name: _within(name, fields) for name in value}
    return {
        name: part if name in fields else _picked(part, within[name])
        for name, part in value.items()
        if name in fields or within[name]
    }


def _within(name: str, fields: Fields) -> Fields:
    return frozenset(field.removeprefix(f"{name}.") for field in fields if field.startswith(f"{name}."))


def _refs(value: Any) -> Iterable[str]:
    for name, part in value.items():
        if name.endswith("_ref") and part:
            yield part
        elif isinstance(part, dict):
            yield from _refs(part)
        elif isinstance(part, list):
            yield from (ref for inner in part if isinstance(inner, dict) for ref in _refs(inner))
