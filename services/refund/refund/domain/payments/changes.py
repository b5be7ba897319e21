"""Changes: what an event about a payment's money changes of a part, of its refund, and of what was captured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refund.domain.payments.refund import Part
from shared.events.refund import (
    BuyerStandingNoted,
    DoubtFound,
    PaymentCaptured,
    RefundDestinationChosen,
    RefundDoubtEnded,
    RefundFailed,
    RefundHeld,
    RefundIssued,
    RefundPaidTwice,
    RefundPart,
    RefundPartIssued,
    RefundRequested,
    RefundRetried,
)


def together(captures: Mapping[str, PaymentCaptured], event: PaymentCaptured) -> Mapping[str, PaymentCaptured]:
    """All that was captured of each payment, with one more capture."""
    if before := captures.get(event.payment_id):
        more = {"amount": before.amount + event.amount, "lines": (*before.lines, *event.lines)}
        event = before.model_copy(update=more)
    return {**captures, event.payment_id: event}


def wished(event: BuyerStandingNoted | RefundDestinationChosen) -> Mapping[str, Any]:
    """What changes of the payment with what the buyer wishes, or may wish."""
    return {"standing": event} if isinstance(event, BuyerStandingNoted) else {"destination": event.destination}


def paid_by(event: RefundIssued | RefundPartIssued) -> Mapping[str, Any]:
    """What changes of a part with the money that went."""
    return {"pay_at": None, "provider_ref": event.provider_ref, "manual": event.manual, "issued_at": event.issued_at}


def refused(part: Part | None, event: RefundFailed) -> Mapping[str, Any]:
    """What changes of a part with the provider's no."""
    said = {"failures": event.failures, "pay_at": event.retry_at, "refusal": event.reason}
    return {**said, **(part.denied() if part else {})}


def tried(event: RefundRetried) -> Mapping[str, Any]:
    """What changes of a part with another try; an account that was named once is the one."""
    return {"pay_at": event.pay_at, **({"account": event.account_token} if event.account_token else {})}


def beside(event: RefundPaidTwice | RefundHeld | RefundDoubtEnded) -> Mapping[str, Any]:
    """What changes of a part that stays in its state."""
    if isinstance(event, RefundPaidTwice):
        return {"paid_twice": event.provider_ref}
    return held(event) if isinstance(event, RefundHeld) else undoubted(event)


def undoubted(event: RefundDoubtEnded) -> Mapping[str, Any]:
    """What changes of a part once it is known whether its money went; what did was recorded as a payment."""
    return {} if event.found == DoubtFound.PAID else {"doubts": 0, "paid_otherwise": 0, "doubt": None}


def held(event: RefundHeld) -> Mapping[str, Any]:
    """It is asked for no more; asked for again it may have gone all the same."""
    return {"pay_at": None, "held_by": event.chargeback_id, "has_waited": True}


def answered(provider_ref: str | None = None, differs: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """What the provider has said last of a refund; nothing, where it has said no or people have."""
    return {"provider_ref": provider_ref, "differs": differs}


def parts_of(event: RefundRequested) -> Mapping[str, Part]:
    """What each payment gives, by id; where one gives all that is one part."""
    only = RefundPart(part_id=event.refund_id, payment_id=event.payment_id, lines=event.lines, amount=event.amount)
    return {part.part_id: Part.of(part) for part in event.parts or (only,)}
