"""Payment: what was captured for one order, and every refund that is counted against it.

The cap is this one stream's invariant (I1), so that no two refunds can pass it side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, assert_never

from refund.domain.deadlines import DeadlineKind, name_in
from refund.domain.payments import changes
from refund.domain.payments.chargeback import Chargeback, after
from refund.domain.payments.refund import WITHOUT_DOUBT, Part, Refund, RefundState
from shared.events.base import Actor
from shared.events.deadlines import DeadlineMoved
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalMade
from shared.events.open_enums import Open
from shared.events.outside.chargeback import RefundsFrozen, RefundsUnfrozen, RepresentmentClosed, RepresentmentDue
from shared.events.refund import (
    BuyerStandingNoted,
    Destination,
    ManualReason,
    PaymentCaptured,
    RefundAbandoned,
    RefundApproved,
    RefundConfirmed,
    RefundDestinationChosen,
    RefundDoubtEnded,
    RefundEvent,
    RefundFailed,
    RefundHeld,
    RefundIssued,
    RefundPaidTwice,
    RefundPartAbandoned,
    RefundPartIssued,
    RefundRefused,
    RefundRequested,
    RefundReRequested,
    RefundRetried,
    RefundReturnedByBank,
    RefundSentToManual,
    RefundSettled,
    RefundSettlementOverdue,
)
from shared.parties import NOBODY, Parties
from shared.rejections import NotFound

PENDING = "T30b"  # the rule by which the question is put off after what the provider is not done with


@dataclass(frozen=True, slots=True)
class Payment:
    """What was captured for an order, all of a payment together, its refunds and chargebacks by id; `captured` tells
    which captures are in that.
    """

    captures: Mapping[str, PaymentCaptured] = field(default_factory=dict)
    captured: frozenset[tuple[str, str | None]] = frozenset()
    refunds: Mapping[str, Refund] = field(default_factory=dict)
    destination: Open[Destination] = Destination.ORIGINAL
    standing: BuyerStandingNoted | None = None
    chargebacks: Mapping[str, Chargeback] = field(default_factory=dict)

    def refund(self, refund_id: str) -> Refund:
        """The refund; NotFound where nobody asked for it."""
        if not (refund := self.refunds.get(refund_id)):
            raise NotFound("There is no such refund.")
        return refund

    def refund_for(self, actor: Actor, refund_id: str, *roles: str) -> Refund:
        """The refund, where the actor may see it, or move it in one of `roles`; NotFound for a stranger to it."""
        refund = self.refund(refund_id)
        self.parties_of(refund).guard(actor, "refund", *roles)
        return refund

    def parties_of(self, refund: Refund) -> Parties:
        """The payment's buyer, and the seller of the lines that are refunded: an order may have several."""
        if not (captured := self.capture_of(refund)):
            return NOBODY
        return Parties("refund", captured.buyer_id, {refund.seller_id or captured.seller_id})

    def capture_of(self, refund: Refund) -> PaymentCaptured | None:
        """The capture that the refund is paid back from; any of the order's, where it was refused and names none."""
        return self.captures.get(refund.payment_id or "") or next(iter(self.captures.values()), None)

    @property
    def parts(self) -> Iterable[Part]:
        """Every part of every refund."""
        return (part for refund in self.refunds.values() for part in refund.parts.values())

    def find(self, part_id: str) -> tuple[Refund, Part] | None:
        """The part that the provider knows by this id, and its refund."""
        return next(
            ((refund, refund.parts[part_id]) for refund in self.refunds.values() if part_id in refund.parts), None
        )

    def part(self, part_id: str) -> tuple[Refund, Part | None]:
        """The same, and no part of a refund that was refused; NotFound where nobody asked for it."""
        return self.find(part_id) or (self.refund(part_id), None)

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        if DeadlineKind.SETTLEMENT.starts(kind):
            refund = self.refunds.get(name_in(kind))
            return refund.settle_by if refund else None
        found = self.find(name_in(kind))
        return found[1].pay_at if found else None


def evolve(payment: Payment, event: RefundEvent) -> Payment:  # noqa: C901 - one arm an event
    match event:
        case PaymentCaptured():
            return _captured(payment, event)
        case BuyerStandingNoted() | RefundDestinationChosen():
            return replace(payment, **changes.wished(event))
        case RefundRequested():
            return _begun(payment, Refund(event, RefundState.REQUESTED, changes.parts_of(event)))
        case RefundRefused():
            return _begun(payment, Refund(event, RefundState.REFUSED))
        case RefundApproved():
            return _approved(payment, event)
        case RefundPartIssued():
            return _stepped(payment, event, RefundState.ISSUED, changes.paid_by(event))
        case RefundIssued():
            return _stepped(payment, event, RefundState.ISSUED, changes.paid_by(event), **_confirmed(event))
        case RefundConfirmed():
            return _changed(payment, event, confirmed_at=event.confirmed_at)
        case RefundPaidTwice() | RefundHeld() | RefundDoubtEnded():
            return _noted(payment, event, changes.beside(event))
        case RefundFailed():
            failure = changes.refused(_part_of(payment, event), event)
            said = {"failures": event.failures, "reason": event.reason, "retry_at": event.retry_at}
            return _stepped(payment, event, RefundState.FAILED, failure, **said, **changes.answered())
        case RefundRetried():
            return _stepped(payment, event, RefundState.APPROVED, changes.tried(event), retry_at=None)
        case RefundsFrozen() | RepresentmentDue() | RepresentmentClosed() | RefundsUnfrozen():
            return replace(payment, chargebacks=after(payment.chargebacks, event))
        case ProposalMade():
            return _changed(payment, event, proposal=event)
        case ProposalAgreed():
            return _changed(payment, event, proposal=None)  # what was agreed follows as an event of its own
        case ProposalDeclined():
            return _changed(payment, event, proposal=None, declined=event)
        case RefundSentToManual():
            return _handed_over(payment, event)
        case RefundPartAbandoned() | RefundAbandoned():
            return _stepped(payment, event, RefundState.ABANDONED, {})
        case RefundReRequested():
            return _changed(payment, event, again=event)
        case RefundSettled():
            settled = {"settled_at": event.settled_at, "settle_by": None} if event.is_last else {}
            return _stepped(payment, event, RefundState.SETTLED, {"settled_at": event.settled_at}, **settled)
        case RefundSettlementOverdue():
            return _changed(payment, event, settle_by=None, overdue=True)
        case RefundReturnedByBank():
            return _sent_back(payment, event)
        case DeadlineMoved():
            return _postponed(payment, event)
    assert_never(event)


def _captured(payment: Payment, event: PaymentCaptured) -> Payment:
    captured = payment.captured | {(event.payment_id, event.capture_id)}
    return replace(payment, captures=changes.together(payment.captures, event), captured=captured)


def _begun(payment: Payment, refund: Refund) -> Payment:
    return replace(payment, refunds={**payment.refunds, refund.request.refund_id: refund})


def _approved(payment: Payment, event: RefundApproved) -> Payment:
    if not (refund := payment.refunds.get(event.refund_id)):
        return payment
    more: dict[str, Any] = {"state": RefundState.APPROVED, "pay_at": event.pay_at}
    parts = {name: replace(part, **more) for name, part in refund.parts.items()}
    return _begun(payment, replace(refund, state=RefundState.APPROVED, parts=parts, destination=event.destination))


def _confirmed(event: RefundIssued) -> Mapping[str, Any]:
    window = {"issued": event, "paid": event, "retry_at": None, "settle_by": event.expected_until}
    return {**window, "confirmed_at": None, "overdue": False, **changes.answered(event.provider_ref)}


def _sent_back(payment: Payment, event: RefundReturnedByBank) -> Payment:
    """It is neither issued nor settled any more, and no word of the bank's is awaited."""
    part = _part_of(payment, event)
    of_part = part.sent_back(event.failures) if part else {}
    gone = {"issued": None, "settle_by": None, "settled_at": None, "returned_at": event.returned_at}
    said = {"failures": event.failures, "reason": event.reason, **changes.answered()}
    return _stepped(payment, event, RefundState.RETURNED_BY_BANK, of_part, **gone, **said)


def _noted(payment: Payment, event: Any, of_part: Mapping[str, Any]) -> Payment:
    """It stays in its state."""
    part = _part_of(payment, event)
    return _stepped(payment, event, part.state, of_part) if part else payment


def _handed_over(payment: Payment, event: RefundSentToManual) -> Payment:
    """No try is left, which the last refusal says already, the money is in doubt, or a bank has paid it."""
    part = _part_of(payment, event)
    doubts = part.doubted(event) if part and event.reason not in WITHOUT_DOUBT else {}
    said = changes.answered(event.provider_ref, event.differs)
    reason = {"reason": str(event.reason), **said} if event.reason != ManualReason.RETRIES_USED_UP else {}
    return _stepped(payment, event, RefundState.MANUAL, {"pay_at": None, **doubts}, retry_at=None, **reason)


def _part_of(payment: Payment, event: Any) -> Part | None:
    found = payment.find(event.part.part_id if event.part else event.refund_id)
    return found[1] if found else None


def _postponed(payment: Payment, event: DeadlineMoved) -> Payment:
    if DeadlineKind.SETTLEMENT.starts(event.kind):
        waiting = payment.refunds.get(name_in(event.kind))
        return _begun(payment, replace(waiting, settle_by=event.due_at)) if waiting and waiting.issued else payment
    found = payment.find(name_in(event.kind))
    if not found or not found[1].pay_at:
        return payment
    refund, part = found
    pending = part.pending or PENDING in event.rules
    moved = replace(part, pay_at=event.due_at, pending=pending, put_off=part.put_off + 1)
    return _begun(payment, replace(refund, parts={**refund.parts, part.id: moved}))


def _stepped(payment: Payment, event: Any, state: RefundState, of_part: Mapping[str, Any], **more: Any) -> Payment:
    """The part that the event is about is in this state, and the refund in that which the event says, else in the same.
    What was proposed was proposed for the state before, and ends with it.
    """
    if not (refund := payment.refunds.get(event.refund_id)):
        return payment
    step = getattr(event, "part", None)
    name = step.part_id if step else event.refund_id
    if part := refund.parts.get(name):
        stepped = {"state": state, "pending": False, "held_by": None, **of_part}
        more["parts"] = {**refund.parts, name: replace(part, **stepped)}
    if refund.proposal and refund.proposal.part_id in (None, name):
        more["proposal"] = None
    if step:
        more["retry_at"] = step.retry_at
    whole = RefundState(step.refund_state) if step else state
    return _begun(payment, replace(refund, state=whole, **more))


def _changed(payment: Payment, event: Any, **more: Any) -> Payment:
    refund = payment.refunds.get(event.refund_id)
    return _begun(payment, replace(refund, **more)) if refund else payment
