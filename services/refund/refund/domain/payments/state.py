"""Payment: what was captured for one order, and every refund that is counted against it.

The cap is this one stream's invariant (I1), so that no two refunds can pass it side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from refund.domain.deadlines import DeadlineKind, refund_of
from shared.decider import Clear, Start
from shared.events.base import Actor, Event
from shared.events.deadlines import DeadlineMoved
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalMade
from shared.events.refund import (
    NOT_DUE,
    Destination,
    ManualReason,
    PaymentCaptured,
    RefundAbandoned,
    RefundApproved,
    RefundEvent,
    RefundFailed,
    RefundIssued,
    RefundRefused,
    RefundRequested,
    RefundReRequested,
    RefundRetried,
    RefundSentToManual,
    RefundSettled,
)
from shared.parties import NOBODY, Parties
from shared.rejections import NotFound, WrongPhase


class RefundState(StrEnum):
    """Where a refund is (docs/rules/states.md)."""

    REQUESTED = "requested"
    REFUSED = "refused"
    APPROVED = "approved"
    ISSUED = "issued"
    FAILED = "failed"
    MANUAL = "manual"
    SETTLED = "settled"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund; `request` is how it began, `pay_at` when the provider is to be asked next, `reason` its last
    refusal; `doubts` counts how often people took it over because nobody could be sure of the provider's answer;
    `declined` is the last no of a second person; `again` is that one that was refused is asked for as another (T30a).
    """

    request: RefundRequested | RefundRefused
    state: RefundState
    destination: Destination = Destination.ORIGINAL
    pay_at: datetime | None = None
    failures: int = 0
    doubts: int = 0
    reason: str | None = None
    issued: RefundIssued | None = None
    settled_at: datetime | None = None
    proposal: ProposalMade | None = None
    declined: ProposalDeclined | None = None
    again: RefundReRequested | None = None

    @property
    def reserves(self) -> bool:
        """Whether it counts against the cap. One that people took over still does: its money is owed, and a retry may
        pay it. So does one that was given up while nobody could be sure of the provider's answer: its money may have
        gone.
        """
        if self.state is RefundState.ABANDONED:
            return self.doubts > 0
        return self.state is not RefundState.REFUSED

    @property
    def payment_id(self) -> str | None:
        """Which payment it is paid back from; None of one that was refused."""
        return self.request.payment_id if isinstance(self.request, RefundRequested) else None

    @property
    def seller_id(self) -> str | None:
        """Whose lines they are; None where that is the payment's seller."""
        return self.request.seller_id

    @property
    def reason_refused(self) -> str | None:
        """Why it was refused, where it was."""
        return self.request.reason if isinstance(self.request, RefundRefused) else None

    @property
    def replaced_by(self) -> str | None:
        """The refund as which support asks for its money again."""
        return self.again.replaced_by if self.again else None

    def guard_unanswered(self) -> None:
        """Refuses to go on with one that was refused, once it is asked for as another, or nothing waits for it."""
        if self.again or self.reason_refused == NOT_DUE:
            why = f"It is asked for again as {self.replaced_by}." if self.again else "Nothing waits for it any more."
            raise WrongPhase(why, state=self.state, rules=("T30a",))

    @property
    def event_fields(self) -> dict[str, Any]:
        """What every event about its money repeats, so that who hears one needs no other."""
        request = self.request
        return {
            "refund_id": request.refund_id,
            "order_id": request.order_id,
            "dispute_id": request.dispute_id,
            "lines": request.lines,
            "amount": request.amount,
        }


@dataclass(frozen=True, slots=True)
class Payment:
    """What was captured for an order, by payment, and its refunds by id."""

    captures: Mapping[str, PaymentCaptured] = field(default_factory=dict)
    refunds: Mapping[str, Refund] = field(default_factory=dict)

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

    def due(self, kind: str) -> datetime | None:
        """The instant of a deadline that still stands."""
        refund = self.refunds.get(refund_of(kind))
        return refund.pay_at if refund else None


def evolve(payment: Payment, event: RefundEvent) -> Payment:  # noqa: C901 - one arm an event
    match event:
        case PaymentCaptured():
            return replace(payment, captures={**payment.captures, event.payment_id: event})
        case RefundRequested():
            return _begun(payment, Refund(event, RefundState.REQUESTED))
        case RefundRefused():
            return _begun(payment, Refund(event, RefundState.REFUSED))
        case RefundApproved():
            return _changed(
                payment, event, state=RefundState.APPROVED, destination=event.destination, pay_at=event.pay_at
            )
        case RefundIssued():
            return _changed(payment, event, state=RefundState.ISSUED, issued=event, pay_at=None)
        case RefundFailed():
            return _changed(
                payment,
                event,
                state=RefundState.FAILED,
                failures=event.failures,
                reason=event.reason,
                pay_at=event.retry_at,
            )
        case RefundRetried():
            return _changed(payment, event, state=RefundState.APPROVED, pay_at=event.pay_at)
        case ProposalMade():
            return _changed(payment, event, proposal=event)
        case ProposalAgreed():
            return _changed(payment, event, proposal=None)  # what was agreed follows as an event of its own
        case ProposalDeclined():
            return _changed(payment, event, proposal=None, declined=event)
        case RefundSentToManual():
            return _handed_over(payment, event)
        case RefundAbandoned():
            return _changed(payment, event, state=RefundState.ABANDONED)
        case RefundReRequested():
            return _changed(payment, event, again=event)
        case RefundSettled():
            return _changed(payment, event, state=RefundState.SETTLED, settled_at=event.settled_at)
        case DeadlineMoved():
            return _postponed(payment, event)
    assert_never(event)


def _handed_over(payment: Payment, event: RefundSentToManual) -> Payment:
    """No try is left, which the last refusal says already, or the money is in doubt."""
    refund = payment.refunds.get(event.refund_id)
    doubt = refund is not None and event.reason != ManualReason.RETRIES_USED_UP
    changes = {"doubts": refund.doubts + 1, "reason": str(event.reason)} if refund and doubt else {}
    return _changed(payment, event, state=RefundState.MANUAL, pay_at=None, **changes)


def _begun(payment: Payment, refund: Refund) -> Payment:
    return replace(payment, refunds={**payment.refunds, refund.request.refund_id: refund})


def _postponed(payment: Payment, event: DeadlineMoved) -> Payment:
    refund = payment.refunds.get(refund_of(event.kind))
    return _begun(payment, replace(refund, pay_at=event.due_at)) if refund and refund.pay_at else payment


def _changed(payment: Payment, event: Any, **changes: Any) -> Payment:
    """What was proposed was proposed for the state before, and ends with it."""
    if not (refund := payment.refunds.get(event.refund_id)):
        return payment
    if "state" in changes:
        changes["proposal"] = None
    return _begun(payment, replace(refund, **changes))


KINDS = (DeadlineKind.PAY,)
"""Of a payment's deadlines."""


def deadlines(event: Event) -> Iterable[Start | Clear]:
    match event:
        case RefundApproved() | RefundRetried():
            return [Start(DeadlineKind.PAY.of(event.refund_id), event.pay_at)]
        case RefundFailed(retry_at=retry_at) if retry_at:
            return [Start(DeadlineKind.PAY.of(event.refund_id), retry_at)]
        case RefundIssued() | RefundSentToManual():
            return [Clear(DeadlineKind.PAY.of(event.refund_id))]
    return []
