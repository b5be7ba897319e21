"""Which event may follow which history: the transitions written down once more, beside the code that decides (I5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dispute.domain.conversations.state import Conversation
from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.afterwards.repayment import repayment_of
from dispute.domain.disputes.case import Ruled, ruling_in
from dispute.domain.disputes.difference import paid_out
from dispute.domain.disputes.progress import refunded
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.orders.line import Line, Sold
from dispute.domain.orders.parcels import Step
from dispute.domain.orders.payments.bank import OF_THE_BANK
from dispute.domain.orders.payments.caps import with_seller
from dispute.domain.orders.refund import FOUND
from dispute.domain.orders.state import Order
from shared.events import dispute as d
from shared.events import evidence as e
from shared.events import mediation as m
from shared.events import order as o
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.mediation import clawbacks as c
from shared.events.mediation import proposals as p
from shared.events.mediation import repayments as r
from shared.events.money import Money, total
from shared.events.outside import chargeback as bank

SELLER, BUYER, TEAM, REVIEW, AGREED, DECIDED, APPEAL, CLOSED = (
    DisputeState.AWAITING_SELLER,
    DisputeState.AWAITING_BUYER,
    DisputeState.ESCALATED,
    DisputeState.UNDER_REVIEW,
    DisputeState.AGREED,
    DisputeState.DECIDED,
    DisputeState.APPEAL_REVIEW,
    DisputeState.CLOSED,
)
HAVING_PAID = {d.CloseReason.REFUNDED, d.CloseReason.EXTERNAL_CHARGEBACK}
OPEN = {SELLER, BUYER, TEAM, REVIEW}
WITHDRAWN = {d.CloseReason.CANCELLED_BY_BUYER, d.CloseReason.ERRONEOUS, d.CloseReason.EXTERNAL_CHARGEBACK}

STATES: dict[type[Event], set[DisputeState | None]] = {
    d.DisputeOpened: {None},
    d.SellerResponded: {SELLER},
    d.SolutionProposed: {BUYER, TEAM, REVIEW},
    d.SellerResponseTimedOut: {SELLER},
    d.RequestModified: {BUYER},
    d.SolutionAccepted: {BUYER, TEAM, REVIEW},
    d.SolutionReached: {*OPEN, DECIDED},
    d.BuyerResponseTimedOut: {BUYER},
    d.NegotiationTimedOut: {BUYER},
    d.Escalated: {SELLER, BUYER, REVIEW, AGREED, DECIDED, APPEAL},
    d.ReturnDue: {AGREED, DECIDED},
    d.ReturnNotDue: {AGREED, DECIDED, APPEAL},
    d.RefundDue: {SELLER, AGREED, DECIDED, APPEAL},
    d.CancellationNoted: {*OPEN, AGREED, DECIDED, APPEAL},
    d.RefundNoted: {AGREED, TEAM, REVIEW, DECIDED, APPEAL, CLOSED},
    d.ReturnNoted: {SELLER, AGREED, TEAM, REVIEW, DECIDED, APPEAL, CLOSED},
    d.ReplacementShipped: {AGREED, DECIDED, APPEAL},
    d.ReplacementReceived: {AGREED, DECIDED, APPEAL},
    d.ReplacementOverdue: {AGREED, DECIDED, APPEAL},
    d.ReplacementNotDue: {AGREED, DECIDED, APPEAL},
    e.CarrierScanAdded: {*OPEN, DECIDED, APPEAL},
    bank.ExternalChargebackOpened: {*OPEN, AGREED, DECIDED, APPEAL, CLOSED},
    bank.ExternalChargebackResolved: {*OPEN, AGREED, DECIDED, APPEAL, CLOSED},
    DeadlineMoved: {*OPEN, AGREED, DECIDED, APPEAL},
    d.DisputeCancelled: {*OPEN, AGREED, DECIDED},
    d.DisputeClosed: {*OPEN, AGREED, DECIDED, APPEAL},
    e.EvidenceAdded: {*OPEN},
    m.CaseClaimed: {TEAM, REVIEW, APPEAL},
    m.CaseReleased: {TEAM, REVIEW, APPEAL},
    m.StatementSubmitted: {TEAM},
    m.EvidenceCompleted: {TEAM},
    m.EvidenceRequested: {REVIEW},
    m.EvidenceWindowClosed: {TEAM},
    m.ReviewStarted: {TEAM},
    m.ReviewOverdue: {REVIEW},
    m.DecisionIssued: {REVIEW},
    m.Appealed: {DECIDED, APPEAL},
    m.AppealReviewOverdue: {APPEAL},
    m.AppealDecided: {APPEAL},
    m.AppealWindowClosed: {DECIDED, APPEAL},
    m.ClawbackRequested: {AGREED, DECIDED, APPEAL, CLOSED},
    m.ClawbackNotDue: {AGREED, DECIDED, APPEAL, CLOSED},
    c.ClawbackSettled: {CLOSED},
    c.ClawbackFailed: {CLOSED},
    r.LateArrivalReported: set(DisputeState),
    r.RepaymentAgreed: set(DisputeState),
    r.RepaymentReceived: set(DisputeState),
    m.SurveySubmitted: {DECIDED, CLOSED},
    p.ProposalMade: {REVIEW, APPEAL},
    p.ProposalAgreed: {REVIEW, APPEAL},
    p.ProposalDeclined: {*OPEN, AGREED, DECIDED, APPEAL},
    p.SupportOverrideProposed: {*OPEN, AGREED, DECIDED, APPEAL},
    p.SupportOverrideApplied: {*OPEN, AGREED, DECIDED, APPEAL},
    m.SurveyWindowClosed: {DECIDED, APPEAL, CLOSED},
}
"""Event → the states of the dispute that it may find."""


def _is_answer(state: Dispute, event: p.ProposalAgreed | p.ProposalDeclined) -> bool:
    made = state.case.proposal
    return bool(made and made.proposal_id == event.proposal_id and made.by != event.by)


def _is_standing(state: Dispute, event: c.ClawbackSettled | c.ClawbackFailed) -> bool:
    back = _standing(state, event.party)
    return back is not None and (back.clawback_id, back.lines) == (event.clawback_id, event.lines)


def _is_new(state: Dispute | Order, event: bank.ExternalChargebackOpened) -> bool:
    """A bank opens it once."""
    return event.chargeback_id not in {**state.chargebacks.open, **state.chargebacks.ended}


def _is_decided(state: Dispute | Order, event: bank.ExternalChargebackResolved) -> bool:
    """What is open is decided once, and what the buyer was paid is paid to the buyer."""
    return event.chargeback_id in state.chargebacks.open and bool(event.amount) == (event.result == "buyer_paid")


def _stood_still(state: Dispute | Order, event: DeadlineMoved) -> bool:
    """A bank has just decided, and nothing ends earlier by that."""
    return not state.chargebacks.open and bool(state.chargebacks.ended) and event.due_at >= event.previous_due_at


DISPUTES: dict[type[Event], Callable[[Dispute, Any], bool]] = {
    d.SolutionProposed: lambda state, event: (
        state.offer is None or (state.state in (TEAM, REVIEW) and event.solution != state.offer)
    ),
    d.SolutionAccepted: lambda state, event: state.offer == event.solution,
    d.SolutionReached: lambda state, event: (
        (_is_ruled(state, event) if state.state == DECIDED else event.solution in (state.request, state.offer))
        and total([part.amount for part in event.lines]) == event.solution.amount
        and all(part.amount <= line.cap for part, line in zip(event.lines, state.opened.lines, strict=True))
        and bool(event.replacement_until) == (event.solution.type in d.SENT_AGAIN)
        and not (event.replacement_until and event.solution.amount)
    ),
    d.RequestModified: lambda state, event: event.round == state.round + 1 <= state.terms.max_rounds,
    d.RefundDue: lambda state, event: (
        event.amount == total([part.amount for part in event.lines])
        and all(part.amount for part in event.lines)
        and _on_its_ground(state, event)
    ),
    d.CancellationNoted: lambda state, event: (
        state.cancelled is None
        and event.amount == total([part.amount for part in event.lines])
        and all(_paid(state, part.line_id) <= part.amount.minor for part in event.lines)
    ),
    d.ReturnDue: lambda state, event: state.return_id is None and not state.refunds,
    d.ReturnNotDue: lambda state, event: event.return_id == state.return_id and not state.refunds,
    d.ReplacementShipped: lambda state, _: state.replacement.is_awaited and not state.replacement.shipped,
    d.ReplacementReceived: lambda state, _: state.replacement.is_awaited,
    d.ReplacementOverdue: lambda state, event: state.replacement.until == event.due_at,
    d.ReplacementNotDue: lambda state, _: state.replacement.is_awaited,
    e.CarrierScanAdded: lambda state, event: (
        state.reason == d.Reason.NOT_RECEIVED
        and {part.line_id for part in event.lines} <= {line.line_id for line in state.opened.lines}
        and (state.state != DECIDED or bool(state.case.appeal_until))
    ),
    d.DisputeCancelled: lambda state, event: state.state in OPEN or state.goods_unsent,
    d.RefundNoted: lambda state, event: (
        event.refund_id in state.refunds
        and (
            state.refunds[event.refund_id].is_paid
            if event.outcome in OF_THE_BANK
            else event.outcome in FOUND or not state.refunds[event.refund_id].is_paid
        )
        and (
            state.state in (AGREED, DECIDED, APPEAL)
            or (state.state in (TEAM, REVIEW) and state.refunds[event.refund_id].due.source == d.RefundSource.RETURN)
            or (state.closed is not None and state.closed.reason == d.CloseReason.EXTERNAL_CHARGEBACK)
            or event.outcome in (d.RefundOutcome.ABANDONED, *OF_THE_BANK, *FOUND)
            or state.refunds[event.refund_id].outcome == d.RefundOutcome.ABANDONED
        )
    ),
    d.ReturnNoted: lambda state, event: event.return_id == state.return_id or _began(state),
    d.DisputeClosed: lambda state, event: (
        # Nothing waits for a bank that two of support close as opened by mistake (G17, T37).
        (not state.chargebacks.open or event.reason == d.CloseReason.ERRONEOUS)
        and (event.reason == d.CloseReason.EXTERNAL_CHARGEBACK) <= state.chargebacks.is_lost
        and (event.reason in HAVING_PAID or not event.amount)
        and (event.reason != d.CloseReason.REFUNDED or bool(event.amount))
        and (state.state != DECIDED or not state.case.appeal_until or event.reason in WITHDRAWN)
    ),
    m.CaseClaimed: lambda state, event: (
        event.reviewer not in (state.opened.buyer_id, state.opened.seller_id)
        and event.reviewer != state.case.reviewer
        and (state.state != APPEAL or event.reviewer not in _deciders(state))
    ),
    m.CaseReleased: lambda state, event: event.reviewer == state.case.reviewer,
    m.StatementSubmitted: lambda state, event: event.by not in state.case.complete,
    m.DecisionIssued: lambda state, event: (
        _adds_up(state, event) and (state.case.reviewer in (None, event.decided_by) or bool(event.agreed_by))
    ),
    p.ProposalMade: lambda state, event: _above(state, event) and event.by not in _deciders(state),
    p.ProposalAgreed: lambda state, event: _is_answer(state, event) and event.by not in _deciders(state),
    p.ProposalDeclined: _is_answer,
    p.SupportOverrideProposed: lambda state, event: (
        (event.action == p.OverrideAction.DECIDE) == (event.ruling is not None) and event.by not in _deciders(state)
    ),
    p.SupportOverrideApplied: lambda state, event: (
        state.case.proposal is not None
        and (state.case.proposal.proposal_id, state.case.proposal.by) == (event.proposal_id, event.decided_by)
        and state.case.proposal.ruling == event.ruling
        and event.agreed_by not in {event.decided_by, *_deciders(state)}
        and (event.ruling is None or _adds_up(state, event))
    ),
    m.Appealed: lambda state, event: event.by not in state.case.appealed_by and bool(state.case.appeal_until),
    m.AppealDecided: lambda state, event: (
        _adds_up(state, event) and {event.decided_by, event.agreed_by}.isdisjoint(_deciders(state))
    ),
    m.AppealWindowClosed: lambda state, event: state.case.appeal_until is not None,
    m.ClawbackRequested: lambda state, event: (
        event.amount == total([part.amount for part in event.lines])
        and _standing(state, event.party) is None
        and (_of_the_seller(state, event) if event.party == "seller" else _of_the_buyer(state, event))
    ),
    m.ClawbackNotDue: lambda state, event: (
        (back := _standing(state, event.party)) is not None
        and (back.clawback_id, back.lines) == (event.clawback_id, event.lines)
        and (state.state != CLOSED or "T45" in event.rules or event.party == "seller")
    ),
    c.ClawbackSettled: _is_standing,
    c.ClawbackFailed: _is_standing,
    r.LateArrivalReported: lambda state, _: bool(refunded(state.refunds)),
    r.RepaymentAgreed: lambda state, event: (
        bool(repayment_of(state).arrivals)
        and not repayment_of(state).agreed
        and event.told != event.by
        and event.amount <= refunded(state.refunds)
    ),
    r.RepaymentReceived: lambda state, event: (
        (agreed := repayment_of(state).agreed) is not None
        and (agreed.amount, agreed.way) == (event.amount, event.way)
        and repayment_of(state).received is None
    ),
    bank.ExternalChargebackOpened: _is_new,
    bank.ExternalChargebackResolved: _is_decided,
    DeadlineMoved: _stood_still,
    m.SurveySubmitted: lambda state, event: state.case.survey is None and state.case.survey_until is not None,
}
"""Event → what else must hold of the dispute."""


def _standing(state: Dispute, party: str) -> m.ClawbackRequested | None:
    return state.case.asked_of("seller") if party == "seller" else state.case.asked_back


def _of_the_buyer(state: Dispute, event: m.ClawbackRequested) -> bool:
    may_be = state.state in (AGREED, DECIDED)
    return may_be and all(part.amount.minor <= _paid(state, part.line_id) for part in event.lines)


def _of_the_seller(state: Dispute, event: m.ClawbackRequested) -> bool:
    """No more than the buyer was to have of what was paid out before (K19)."""
    return all(x.line_id in paid_out(state) and x.amount.minor <= _paid(state, x.line_id) for x in event.lines)


def _waits(order: Order, event: c.ClawbackSettled | c.ClawbackFailed) -> bool:
    """All of it ends, once."""
    return (event.clawback_id, event.lines) in [(back.clawback_id, back.lines) for back in order.gifts.waiting]


ORDERS: dict[type[Event], Callable[[Order, Any], bool]] = {
    o.OrderRegistered: lambda state, event: not state.registered,
    o.OrderPaid: lambda state, event: state.paid_at is None,
    o.OrderCaptured: lambda state, event: (
        event.capture_id not in state.taken.by_id
        and event.amount == total([part.amount for part in event.lines])
        and all(part.amount and part.amount <= state.lines[part.line_id].uncaptured for part in event.lines)
    ),
    o.OrderShipped: lambda state, event: state.shipments.parcels.keys().isdisjoint(x.parcel_id for x in event.parcels),
    o.OrderFinished: lambda state, event: state.finished_at is None,
    o.OrderCancelled: lambda state, event: state.cancelled_at is None and not _was_sent_by(state, event.cancelled_at),
    DeadlineMoved: lambda state, event: (
        _stood_still(state, event)
        if "T35" in event.rules
        else state.expired and not state.nothing_due and state.release_at == event.previous_due_at == event.due_at
        if event.kind == DeadlineKind.RELEASE
        else state.protection_ends_at == event.previous_due_at != event.due_at
        and not state.nothing_due
        and not (state.expired and state.release_at is None)
    ),
    bank.ExternalChargebackOpened: _is_new,
    bank.ExternalChargebackResolved: _is_decided,
    o.PaymentHeld: lambda state, event: (
        event.hold == o.Hold.CHARGEBACK
        or all(
            0 < x.quantity <= left.quantity and x.cap <= left.paid
            for x in event.lines
            for left in [_left(state.lines[x.line_id], x.line_id in event.paid_out)]
        )
    ),
    o.PaymentHoldLifted: lambda state, event: (
        event.lines != ()
        and all(
            claimant in state.lines[x].open_claims if claimant else event.hold in state.lines[x].holds
            for x in event.lines
            for claimant in [event.dispute_id or event.return_id]
        )
    ),
    o.PaymentReleased: lambda state, event: (
        (bool(event.clawback_id) or (not state.chargebacks.open and (not state.nothing_due or _late(state))))
        and event.amount == total([part.amount for part in event.lines])
        and all(
            part.amount and _may_be_released(state.lines[part.line_id], event) == part.amount for part in event.lines
        )
    ),
    o.ProtectionExpired: lambda state, event: (
        not state.expired and not state.nothing_due and event.due_at == state.protection_ends_at
    ),
    o.SellerReported: lambda state, event: (
        event.seller_id in {None, *state.parties.seller_ids}
        and event.report_id not in {one.report_id for one in state.reports}
    ),
    o.OrderCompleted: lambda state, event: not state.completed and all(line.done for line in state.lines.values()),
    o.WarrantyNoted: lambda state, event: (
        0 < event.quantity <= state.lines[event.line_id].quantity
        and (
            event.warranty_id not in state.warranties
            if event.step == o.WarrantyStep.OPENED
            else state.warranties[event.warranty_id].step not in (o.WarrantyStep.REFUSED, o.WarrantyStep.FULFILLED)
        )
    ),
    o.GoodwillGranted: lambda state, event: (
        (not state.nothing_due or (bool(event.clawback_id) and state.cancelled_at is None))
        and event.amount == total([part.amount for part in event.lines])
        and all(
            part.amount
            and part.amount <= (with_seller(line) if event.clawback_id else line.releasable)
            and line.seller_id == event.seller_id
            for part in event.lines
            for line in [state.lines[part.line_id]]
        )
    ),
    o.GoodwillReplacementGranted: lambda state, event: (
        state.cancelled_at is None
        and event.goodwill_id not in state.gifts.replacements
        and all(
            0 < part.quantity <= line.quantity and line.seller_id == event.seller_id
            for part in event.pieces
            for line in [state.lines[part.line_id]]
        )
    ),
    o.GoodwillReplacementShipped: lambda state, event: (
        (given := state.gifts.replacements[event.goodwill_id]).shipped is None and given.received is None
    ),
    o.GoodwillReplacementReceived: lambda state, event: state.gifts.replacements[event.goodwill_id].received is None,
    m.ClawbackRequested: lambda state, event: (
        (event.party, event.dispute_id) == ("seller", None)
        and (event.clawback_id, event.lines, event.amount) == _given(state)
        and state.gifts.find(event.clawback_id) is None
    ),
    c.ClawbackSettled: _waits,
    c.ClawbackFailed: _waits,
    d.RefundDue: lambda state, event: (
        (
            state.cancelled_at is not None
            or event.goodwill_id in {one.goodwill_id for one in state.goodwill if _is_there(state, one)}
            or _has_come(state, event)
        )
        and event.refund_id not in state.refunds
        and (not event.replaces or state.refunds[event.replaces].outcome == d.RefundOutcome.REFUSED)
    ),
    d.ReturnDue: lambda state, event: (
        event.dispute_id is None
        and event.return_id not in state.returns
        and all(event.return_id in state.lines[x.line_id].open_claims for x in event.lines)
    ),
    d.ReturnNoted: lambda state, event: event.return_id in state.returns,
}
"""Event → what must hold of the order."""


def _given(order: Order) -> tuple[Any, ...]:
    last = order.goodwill[-1]
    return last.clawback_id, last.lines, last.amount


def _is_there(order: Order, granted: o.GoodwillGranted) -> bool:
    """It waited for the seller, or has come of it (K19)."""
    return granted.clawback_id is None or isinstance(order.gifts.ended.get(granted.clawback_id), c.ClawbackSettled)


def _has_come(order: Order, event: d.RefundDue) -> bool:
    """Of goods that passed, once, and no more than waits for them."""
    before = [refund for refund in order.refunds.values() if refund.due.return_id == event.return_id]
    returned = order.returns.get(event.return_id or "")
    noted = returned.noted if returned else None
    is_first = not before or bool(event.replaces)
    bringing = (d.ReturnOutcome.PASSED, d.ReturnOutcome.NOT_INSPECTED, d.ReturnOutcome.LOST)
    passed = bool(noted and noted.outcome in bringing)
    claims = {name: line.claims.get(event.return_id or "") for name, line in order.lines.items()}
    return (
        is_first
        and passed
        and all((claim := claims[x.line_id]) is not None and x.amount <= claim.remainder for x in event.lines)
    )


def _late(order: Order) -> bool:
    """Something was taken after the seller had been paid, or has come of the seller."""
    return order.completed and not order.cancelled_at and bool(order.taken.later or order.gifts.ended)


def _was_sent_by(order: Order, at: datetime) -> bool:
    shipped = [fact.at for fact in order.shipments.told if fact.step == Step.SHIPPED]
    return min(shipped) <= at if shipped else bool(order.shipments.told or order.finished_at)


def _began(state: Dispute) -> bool:
    """A return without a dispute has just begun it (T27)."""
    return state.version == 1 and "T27" in state.opened.rules


def _on_its_ground(state: Dispute, event: d.RefundDue) -> bool:
    """For the last word, the order's cancellation, or pieces that passed while others failed."""
    if event.replaces:
        return _is_asked_again(state, event)
    if event.source == d.RefundSource.RETURN:
        return _is_of_what_passed(state, event)
    return (_is_of_the_order if state.cancelled else _is_agreed)(state, event)


def _is_of_what_passed(state: Dispute, event: d.RefundDue) -> bool:
    """Just that, once, before the case team has it, and not all of any line that a piece of has failed (T27)."""
    told = state.inspected
    caps = {line.line_id: line.cap for line in state.opened.lines}
    return bool(
        told
        and told.passed == event.lines
        and not state.refunds
        and all(part.amount <= caps[part.line_id] for part in event.lines)
        and (state.state != SELLER or _began_with(state))
    )


def _began_with(state: Dispute) -> bool:
    return state.version == 2 and "T27" in state.opened.rules


def _is_agreed(state: Dispute, event: d.RefundDue) -> bool:
    solution = state.solution
    if state.state == DECIDED or state.state == APPEAL:
        return event.source == d.RefundSource.MEDIATION and all(
            part.amount.minor <= _ruled(state, part.line_id) - _paid(state, part.line_id) for part in event.lines
        )
    agreed = {part.line_id: part.amount.minor for part in solution.lines} if solution else {}
    return state.state == AGREED and all(
        part.amount.minor == agreed[part.line_id] - _paid(state, part.line_id) for part in event.lines
    )


def _is_asked_again(state: Dispute, event: d.RefundDue) -> bool:
    """Once in the place of what was refused, for the last word, and no more of any line (T30a)."""
    before = state.refunds[event.replaces or ""]
    lines = {part.line_id: part.amount for part in before.due.lines}
    is_owed = before.outcome == d.RefundOutcome.REFUSED and not before.counted_out and not before.again
    return is_owed and all(part.amount <= lines[part.line_id] for part in event.lines)


def _is_of_the_order(state: Dispute, event: d.RefundDue) -> bool:
    """All that is left of the pieces' money."""
    whole = {part.line_id: part.amount.minor for part in state.cancelled.lines} if state.cancelled else {}
    return event.source == d.RefundSource.CANCELLATION and all(
        part.amount.minor == whole[part.line_id] - _paid(state, part.line_id) for part in event.lines
    )


def _is_ruled(state: Dispute, event: d.SolutionReached) -> bool:
    ruled = state.case.ruled
    ruling = ruling_in(ruled) if ruled else None
    return bool(ruling and ruling.lines == event.lines and ruling.amount == event.solution.amount)


def _adds_up(state: Dispute, event: Ruled) -> bool:
    """I10: by at least one rule, over the disputed lines, each at most its cap."""
    ruling, lines = ruling_in(event), state.opened.lines
    sums = ruling.amount == total([part.amount for part in ruling.lines])
    capped = all(part.amount <= line.cap for part, line in zip(ruling.lines, lines, strict=True))
    return bool(event.rules) and sums and capped and [x.line_id for x in ruling.lines] == [x.line_id for x in lines]


def _deciders(state: Dispute) -> set[str]:
    """Who has decided what may be appealed, one or two."""
    ruled = state.case.ruled if state.state == APPEAL else None
    return {name for name in (ruled.decided_by, ruled.agreed_by) if name} if ruled else set()


def _above(state: Dispute, event: p.ProposalMade) -> bool:
    """Above an amount of its terms, and explained as a decision is."""
    limits = state.terms.two_person_amounts
    ruling = event.ruling
    return bool(ruling and event.rules and any(limit < ruling.amount for limit in limits))


def _ruled(state: Dispute, line_id: str) -> int:
    ruled = state.case.ruled
    return sum(part.amount.minor for part in ruling_in(ruled).lines if part.line_id == line_id) if ruled else 0


def _paid(state: Dispute, line_id: str) -> int:
    """What was asked for on the line, and not refused."""
    standing = [asked.due for asked in state.refunds.values() if not asked.brings_nothing]
    return sum(part.amount.minor for due in standing for part in due.lines if part.line_id == line_id)


def _left(line: Line, paid_out: bool) -> Sold:
    """Of what another dispute may be."""
    if paid_out:
        return Sold(line.reach.quantity, min(line.reach.paid, with_seller(line)))
    return Sold(line.free, line.free_cap)


def _may_be_released(line: Line, event: o.PaymentReleased) -> Money:
    if event.clawback_id:  # that this much is the seller's is a law of the dispute and the order together
        return total([part.amount for part in event.lines if part.line_id == line.line_id])
    return line.left_of(event.dispute_id) if event.dispute_id else line.releasable


def legal(state: Dispute | Order | Conversation, event: Any) -> bool:
    """Whether the event may follow the history behind the state."""
    if isinstance(state, Dispute):
        return state.state in STATES[type(event)] and DISPUTES.get(type(event), _always)(state, event)
    if isinstance(state, Conversation):
        return event.by != event.to and event.by not in event.told
    return ORDERS.get(type(event), _always)(state, event)


def _always(state: object, event: object) -> bool:
    return True
