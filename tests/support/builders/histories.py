"""Small builders of what happened: orders and disputes as histories, `{stream: events}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dispute.domain.decider import decider
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.facts import RegisteredLine
from dispute.domain.orders.state import Order
from shared.events.base import Command, Event
from shared.events.dispute import Decision, RefundDue, RefundNoted, RefundOutcome, ReturnDue, SolutionType
from shared.events.order import LineAmount, PaymentReleased
from tests.support.builders.commands import (
    ORDER,
    ORDER_STREAM,
    counter,
    dispute_stream,
    facts,
    on,
    open_dispute,
    register,
    respond,
    usd,
)
from tests.support.spec import given

Histories = dict[str, list[Event]]


def after(happened: Mapping[str, Sequence[Event]], *commands: Command) -> Histories:
    """What happened, and what each command added to it; a refused one fails the test."""
    for command in commands:
        happened = given(decider, happened).when(command).accepted.after
    return {name: list(events) for name, events in happened.items()}


def order(
    *lines: RegisteredLine,
    shipped: str | None = None,
    delivered: str | None = None,
    finished: str | None = None,
    **more: Any,
) -> Histories:
    """An order with its facts, each at noon of its day."""
    told = facts(shipped=shipped, delivered=delivered, finished=finished)
    return after({}, register(*lines, facts=(*told, *more.pop("facts", ())), **more))


def opened(
    at: datetime | None = None, happened: Mapping[str, Sequence[Event]] | None = None, **changed: Any
) -> Histories:
    """A dispute on an order that was shipped on 1 March, opened on 12 March at noon: D1 is 18 March."""
    return after(happened or order(shipped="Mar 1"), open_dispute(at or on("Mar 12"), **changed))


def countered(**changed: Any) -> Histories:
    """The seller offered 20.00 on 13 March at noon: D2 is 19 March, D4 is 21 March."""
    return after(opened(), counter(on("Mar 13"), **changed))


def agreed(type_: SolutionType = SolutionType.REFUND_ONLY, amount: str = "50.00", **changed: Any) -> Histories:
    """The seller accepted the request on 13 March at noon."""
    return after(opened(type=type_, amount=amount, **changed), respond(Decision.ACCEPT, on("Mar 13")))


def dispute_of(happened: Mapping[str, Sequence[Event]], n: int = 1) -> Dispute:
    folded = decider.fold(dispute_stream(n), happened[dispute_stream(n)])
    assert isinstance(folded, Dispute)
    return folded


def order_of(happened: Mapping[str, Sequence[Event]]) -> Order:
    folded = decider.fold(ORDER_STREAM, happened[ORDER_STREAM])
    assert isinstance(folded, Order)
    return folded


def refund_due(happened: Mapping[str, Sequence[Event]], n: int = 1) -> RefundDue:
    """The money that the `n`th dispute asked for last."""
    return next(event for event in reversed(happened[dispute_stream(n)]) if isinstance(event, RefundDue))


def return_due(happened: Mapping[str, Sequence[Event]], n: int = 1) -> ReturnDue:
    return next(event for event in happened[dispute_stream(n)] if isinstance(event, ReturnDue))


def payment_released(amount: str = "50.00") -> PaymentReleased:
    """The first line's money went to the seller."""
    parts = (LineAmount(line_id="l1", amount=usd(amount)),)
    return PaymentReleased(order_id=ORDER, lines=parts, amount=usd(amount), dispute_id=None, rules=("S24",))


def refunded(amount: str) -> RefundNoted:
    """So much of the first line went back to the buyer, without a dispute."""
    return RefundNoted(
        refund_id="rfd_9a31",
        order_id=ORDER,
        dispute_id=None,
        outcome=RefundOutcome.ISSUED,
        amount=usd(amount),
        lines=(LineAmount(line_id="l1", amount=usd(amount)),),
        reason=None,
        source_event="payment-o1/4",
        rules=("S57",),
    )
