"""Issuing: money that went, and the one confirmation of a refund, with its last part (S57, S58, S61, ADR 44)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from refund.domain.deadlines import window_of
from refund.domain.payments.allocation import methods_of
from refund.domain.payments.crossings import crossed_by_refund
from refund.domain.payments.refund import Part, Refund, RefundState
from refund.domain.payments.state import Payment, evolve
from shared.events.base import Event, StreamName
from shared.events.money import total
from shared.events.refund import (
    DoubtFound,
    PaidPart,
    RefundConfirmed,
    RefundDoubtEnded,
    RefundIssued,
    RefundPartIssued,
    RefundRequested,
)
from shared.notifications.requests import BUYER, RequestNotifications

Rules = tuple[str, ...]


class ConfirmRefund(RequestNotifications):
    """The buyer is to be told that a refund is issued."""

    @property
    def _source(self) -> StreamName:
        return StreamName(self.source, self.order_id)


def confirmations(command: ConfirmRefund, told: Sequence[Sequence[Event]]) -> Sequence[RefundConfirmed]:
    """That the buyer is told is recorded with the notification, so once for each time that it is issued (S61)."""
    if not any(told):
        return []
    assert command.amount
    return [
        RefundConfirmed(
            refund_id=command.about,
            order_id=command.order_id,
            dispute_id=command.dispute_id,
            amount=command.amount,
            source_event=command.source_event,
            notification_id=command.id_of(BUYER),
            confirmed_at=command.at,
            rules=("S61",),
        )
    ]


def issued(
    payment: Payment, refund: Refund, part: Part, reference: str, at: datetime, rules: Rules, manual: bool = False
) -> Sequence[Event]:
    """The part went at this instant, under this reference of the provider's or, sent by hand, of the bank's; the refund
    is issued with the last one. What was given up in doubt and went is told alone where the refund was issued before.
    """
    paid = {"provider_ref": reference, "manual": manual, "issued_at": at, "rules": rules}
    fields = refund.fields_of(part, RefundState.ISSUED)
    if "part" not in fields:
        return _with_crossings(payment, part, [_confirmed(payment, refund, [part], fields | paid)], at)
    gave = RefundPartIssued(**fields, **paid, payment_id=part.payment_id, destination=refund.destination)
    if part.in_doubt and refund.issued:
        known = doubt_ended(refund, part, DoubtFound.PAID, ended_at=at, rules=rules)
        return _with_crossings(payment, part, [gave, known], at)
    whole = confirmed(evolve(payment, gave), refund, rules)
    return _with_crossings(payment, part, [gave, *whole], at)


def doubt_ended(refund: Refund, part: Part, found: DoubtFound, **why: Any) -> RefundDoubtEnded:
    """It is known now whether the part that was given up was paid."""
    state = RefundState.ISSUED if found is DoubtFound.PAID else part.state
    return RefundDoubtEnded(**refund.fields_of(part, state), found=found, **why)


def _with_crossings(
    payment: Payment, part: Part, events: Sequence[RefundIssued | RefundPartIssued | RefundDoubtEnded], at: datetime
) -> Sequence[Event]:
    """And what a bank is to be told of it that has taken the same money back (T34)."""
    since = reduce(evolve, events, payment)
    _, gone = since.part(part.id)
    crossed = crossed_by_refund(since, gone or part, at) if payment.chargebacks else ()
    return [*events, *crossed]


def confirmed(payment: Payment, refund: Refund, rules: Rules) -> Sequence[RefundIssued]:
    """Of a refund in parts: what went, once nothing is to be paid any more; confirmed once, and not where none went."""
    refund = payment.refund(refund.request.refund_id)
    went = gone(refund)
    if refund.issued or not went or not all(part.has_ended for part in refund.parts.values()):
        return []
    parts = tuple(map(_paid, went))
    last = max(parts, key=lambda part: part.issued_at)
    money = {**money_of(refund, went), "in_doubt": refund.in_doubt}
    paid = {"provider_ref": last.provider_ref, "manual": all(part.manual for part in parts)}
    fields = refund.event_fields | money | paid
    return [_confirmed(payment, refund, went, {**fields, "issued_at": last.issued_at, "parts": parts, "rules": rules})]


def gone(refund: Refund) -> Sequence[Part]:
    """The parts whose money went, and has not come back."""
    return [part for part in refund.parts.values() if part.issued_at]


def money_of(refund: Refund, parts: Sequence[Part]) -> dict[str, Any]:
    """What an event about all of these parts repeats."""
    lines = refund.lines_of(parts)
    return {"lines": lines, "amount": total([line.amount for line in lines])}


def _confirmed(payment: Payment, refund: Refund, went: Sequence[Part], fields: dict[str, Any]) -> RefundIssued:
    assert isinstance(refund.request, RefundRequested)
    methods = methods_of(payment, went)
    expected_from, expected_until = window_of(refund.request, refund.destination, fields["issued_at"], methods)
    window = {"expected_from": expected_from, "expected_until": expected_until}
    return RefundIssued(**fields, **window, destination=refund.destination)


def _paid(part: Part) -> PaidPart:
    assert part.provider_ref and part.issued_at
    return PaidPart(
        part_id=part.id,
        payment_id=part.payment_id,
        lines=part.lines,
        amount=part.amount,
        provider_ref=part.provider_ref,
        manual=part.manual,
        issued_at=part.issued_at,
    )
