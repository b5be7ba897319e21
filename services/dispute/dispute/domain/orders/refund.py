"""Refunds of an order: how one is asked for, its own ones without a dispute (S66), and the last note on every one; and
what goes back without a dispute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dispute.domain.orders.line import Line
from dispute.domain.orders.payments.bank import OF_THE_BANK
from shared.events.dispute import (
    RefundDue,
    RefundNoted,
    RefundOutcome,
    RefundSource,
    ReturnDue,
    ReturnNoted,
    ReturnOutcome,
)
from shared.events.money import Money, total
from shared.events.open_enums import Open
from shared.events.order import LineAmount, Terms

ENDED = (RefundOutcome.ISSUED, RefundOutcome.ABANDONED)
"""The outcomes after which nothing more is to be paid."""


@dataclass(frozen=True, slots=True)
class Refund:
    """What was asked for, and the refund service's last word on it; `paid` is the one that it was paid by, `bank` what
    was noted last of that money (T32a).
    """

    due: RefundDue
    outcome: Open[RefundOutcome] | None = None
    paid: RefundNoted | None = None
    bank: Open[RefundOutcome] | None = None

    @property
    def said(self) -> Open[RefundOutcome] | None:
        """The last word on it, whoever's it is."""
        return self.bank or self.outcome


def due_for(
    terms: Terms, lines: Sequence[LineAmount], source: RefundSource, rules: tuple[str, ...], **ids: Any
) -> RefundDue:
    """Asks for the money of these lines; `ids` say whose it is."""
    return RefundDue(
        lines=tuple(lines),
        amount=total([part.amount for part in lines]),
        source=source,
        bank_window_bd=terms.refund_bank_window_bd,
        timezone=terms.timezone,
        holidays=terms.holidays,
        rules=rules,
        **ids,
    )


def under_way(refunds: Mapping[str, Refund], line: Line) -> Money:
    """What the order has asked for of this line and waits for, but for what its seller gives."""
    again = {refund.due.replaces for refund in refunds.values()}
    asked = [refund for refund in refunds.values() if refund.outcome not in ENDED and not refund.due.goodwill_id]
    parts = [part for refund in asked if refund.due.refund_id not in again for part in refund.due.lines]
    return total([Money.zero(line.cap), *(part.amount for part in parts if part.line_id == line.line_id)])


def promised(refunds: Mapping[str, Refund], lines: Mapping[str, Line]) -> Mapping[str, Line]:
    """The lines with what their sellers give of them, and is neither paid nor given up (S20)."""
    again = {refund.due.replaces for refund in refunds.values()}
    given = [refund.due for refund in refunds.values() if refund.due.goodwill_id]
    stand = [due for due in given if due.refund_id not in again and refunds[due.refund_id].outcome not in ENDED]
    parts = [part for due in stand for part in due.lines]
    sums = {
        name: total([Money.zero(lines[name].cap), *(part.amount for part in parts if part.line_id == name)])
        for name in {part.line_id for due in given for part in due.lines}
    }
    return {**lines, **{name: replace(lines[name], promised=amount) for name, amount in sums.items()}}


def paid_back(lines: Mapping[str, Line], event: RefundNoted, refunds: Mapping[str, Refund]) -> Mapping[str, Line]:
    """The lines with what was paid."""
    if event.outcome != RefundOutcome.ISSUED:
        return lines
    own = refunds.get(event.refund_id)
    claimant = event.dispute_id or (own.due.return_id if own else None)
    paid = {part.line_id: lines[part.line_id].paid_back(part.amount, claimant) for part in event.lines}
    return {**lines, **paid}


def noted(refunds: Mapping[str, Refund], event: RefundNoted) -> Mapping[str, Refund]:
    """The order's own refunds with the refund service's word on one of them."""
    if not (refund := refunds.get(event.refund_id)):
        return refunds
    if event.outcome in OF_THE_BANK:
        return {**refunds, event.refund_id: replace(refund, bank=event.outcome)}
    paid = event if event.outcome == RefundOutcome.ISSUED else refund.paid
    return {**refunds, event.refund_id: replace(refund, outcome=event.outcome, paid=paid)}


def noted_last(notes: Mapping[str, RefundNoted], event: RefundNoted) -> Mapping[str, RefundNoted]:
    """The last note on each refund, the newest at the end."""
    return {name: note for name, note in notes.items() if name != event.refund_id} | {event.refund_id: event}


@dataclass(frozen=True, slots=True)
class OrderReturn:
    """What goes back, the last step that was told of it, and when it had come."""

    due: ReturnDue
    noted: ReturnNoted | None = None
    received_at: datetime | None = None


def returned(returns: Mapping[str, OrderReturn], event: ReturnDue | ReturnNoted) -> Mapping[str, OrderReturn]:
    """The returns with one more, or with a step of one."""
    if isinstance(event, ReturnDue):
        return {**returns, event.return_id: OrderReturn(event)}
    noted = replace(returns[event.return_id], noted=event)
    if event.outcome == ReturnOutcome.RECEIVED:
        noted = replace(noted, received_at=event.noted_at)
    return {**returns, event.return_id: noted}
