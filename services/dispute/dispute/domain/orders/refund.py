"""Refunds of an order: how one is asked for, its own ones without a dispute (S66), and the last note on every one; and
what goes back without a dispute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dispute.domain.orders.line import Line
from dispute.domain.orders.payments.bank import AS_IT_WENT, OF_THE_BANK
from dispute.domain.orders.payments.gifts import Gifts
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
from shared.events.order import LineAmount, PaymentHeld, Terms

PAID = (RefundOutcome.ISSUED, RefundOutcome.FOUND_PAID)
"""The outcomes that say of money that it went."""
FOUND = (RefundOutcome.FOUND_PAID, RefundOutcome.FOUND_UNPAID)
"""The outcomes that end a doubt (T31a)."""
ENDED = (RefundOutcome.ISSUED, RefundOutcome.ABANDONED)
"""The outcomes after which nothing more is to be paid; they say what of the refund is in doubt."""


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
        window_by_method=terms.refund_window_by_method,
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
    return _sum_of(line, parts)


def promised(refunds: Mapping[str, Refund], gifts: Gifts, lines: Mapping[str, Line]) -> Mapping[str, Line]:
    """The lines with what their sellers give of them, and is neither paid nor given up (S20): some of it first has to
    come back of them (K19).
    """
    again = {refund.due.replaces for refund in refunds.values()}
    dues = [refund.due for refund in refunds.values() if refund.due.goodwill_id]
    stand = [due for due in dues if due.refund_id not in again and refunds[due.refund_id].outcome not in ENDED]
    parts = [*(part for due in stand for part in due.lines), *(part for back in gifts.waiting for part in back.lines)]
    return {name: replace(line, promised=_sum_of(line, parts)) for name, line in lines.items()}


def _sum_of(line: Line, parts: Sequence[LineAmount]) -> Money:
    return total([Money.zero(line.cap), *(part.amount for part in parts if part.line_id == line.line_id)])


def paid_back(lines: Mapping[str, Line], event: RefundNoted, refunds: Mapping[str, Refund]) -> Mapping[str, Line]:
    """The lines with what was paid, and with what is in doubt of this refund from now on (T31a)."""
    own = refunds.get(event.refund_id)
    claimant = event.dispute_id or (own.due.return_id if own else None)
    parts = event.lines if event.outcome in PAID else ()
    paid = {part.line_id: lines[part.line_id].paid_back(part.amount, claimant) for part in parts}
    return _doubted({**lines, **paid}, event, claimant)


def _doubted(lines: Mapping[str, Line], event: RefundNoted, claimant: str | None) -> Mapping[str, Line]:
    refund_id = event.refund_id
    if event.outcome in ENDED:
        named = {part.line_id: part.amount for part in event.in_doubt}
        of_it = [name for name, line in lines.items() if _doubt(line, refund_id, claimant) or name in named]
        now = {name: named.get(name, Money.zero(lines[name].cap)) for name in of_it}
    elif event.outcome in FOUND:
        now = {part.line_id: _doubt(lines[part.line_id], refund_id, claimant) - part.amount for part in event.lines}
    else:
        return lines
    return {**lines, **{name: _with_doubt(lines[name], {refund_id: now[name]}, claimant) for name in now}}


def _doubt(line: Line, refund_id: str, claimant: str | None) -> Money:
    return (line.claims.get(claimant or "") or line).doubts.get(refund_id, Money.zero(line.cap))


def _with_doubt(line: Line, now: Mapping[str, Money], claimant: str | None) -> Line:
    """Of the line's money, unless its seller was paid before."""
    claim = line.claims.get(claimant or "")
    if not claim or not claimant:
        return replace(line, doubts={**line.doubts, **now})
    claims = {**line.claims, claimant: replace(claim, doubts={**claim.doubts, **now})}
    return replace(line, claims=claims, doubts=line.doubts if claim.paid_out else {**line.doubts, **now})


def is_in_doubt(
    order_lines: Mapping[str, Line], refund_id: str, claimant: str | None, parts: Sequence[LineAmount]
) -> bool:
    """Whether this much of the refund is: what ends a doubt may be told again after a restore of the other log."""
    return all(part.amount <= _doubt(order_lines[part.line_id], refund_id, claimant) for part in parts)


def noted(refunds: Mapping[str, Refund], event: RefundNoted) -> Mapping[str, Refund]:
    """The order's own refunds with the refund service's word on one of them."""
    if not (refund := refunds.get(event.refund_id)):
        return refunds
    if event.outcome in OF_THE_BANK:
        return {**refunds, event.refund_id: replace(refund, bank=event.outcome)}
    if event.outcome in FOUND:
        return {**refunds, event.refund_id: replace(refund, paid=refund.paid and with_found(refund.paid, event))}
    paid = event if event.outcome == RefundOutcome.ISSUED else refund.paid
    return {**refunds, event.refund_id: replace(refund, outcome=event.outcome, paid=paid)}


def noted_last(notes: Mapping[str, RefundNoted], event: RefundNoted) -> Mapping[str, RefundNoted]:
    """The last note on each refund, the newest at the end; what ends a doubt is a word on the one before, and that its
    money is there, or should be, says how it went and when it was expected.
    """
    others = {name: note for name, note in notes.items() if name != event.refund_id}
    before = notes.get(event.refund_id)
    if before and event.outcome in FOUND:
        event = with_found(before, event)
    elif before and event.outcome in AS_IT_WENT:
        said = {name: getattr(event, name) for name in ("outcome", "reason", "source_event", "noted_at", "rules")}
        event = before.model_copy(update=said)
    return {**others, event.refund_id: event}


def with_found(note: RefundNoted, event: RefundNoted) -> RefundNoted:
    """The word on the refund, once a doubt about some of it is over: that was paid too, or was not."""
    left = less(note.in_doubt, event.lines)
    said = {"in_doubt": tuple(left), "source_event": event.source_event, "noted_at": event.noted_at}
    if event.outcome == RefundOutcome.FOUND_PAID:
        said |= {"lines": tuple(added(note.lines, event.lines)), "amount": note.amount + event.amount}
    return note.model_copy(update=said)


def less(parts: Sequence[LineAmount], others: Sequence[LineAmount]) -> Sequence[LineAmount]:
    """What these lines are above the others."""
    taken = {part.line_id: part.amount for part in others}
    left = [(part.line_id, part.amount - taken.get(part.line_id, Money.zero(part.amount))) for part in parts]
    return [LineAmount(line_id=name, amount=amount) for name, amount in left if amount]


def added(parts: Sequence[LineAmount], others: Sequence[LineAmount]) -> Sequence[LineAmount]:
    """Both together, line by line."""
    sums = {part.line_id: part.amount for part in parts}
    for part in others:
        sums[part.line_id] = sums.get(part.line_id, Money.zero(part.amount)) + part.amount
    return [LineAmount(line_id=name, amount=amount) for name, amount in sums.items()]


@dataclass(frozen=True, slots=True)
class OrderReturn:
    """What goes back, the last step that was told of it, when it had come, and whether its denial was disputed."""

    due: ReturnDue
    noted: ReturnNoted | None = None
    received_at: datetime | None = None
    disputed: bool = False

    @property
    def is_denied(self) -> bool:
        """Its seller has denied it, and that is neither disputed nor final (T27x)."""
        return bool(self.noted and self.noted.dispute_until) and not self.disputed


def returned(
    returns: Mapping[str, OrderReturn], event: ReturnDue | ReturnNoted | PaymentHeld
) -> Mapping[str, OrderReturn]:
    """The returns with one more, or with a step of one, or with a dispute about its denial."""
    if isinstance(event, ReturnDue):
        return {**returns, event.return_id: OrderReturn(event)}
    if isinstance(event, PaymentHeld):
        disputed = event.return_id if event.dispute_id else None
        return {**returns, disputed: replace(returns[disputed], disputed=True)} if disputed else returns
    noted = replace(returns[event.return_id], noted=event)
    if event.outcome == ReturnOutcome.RECEIVED:
        noted = replace(noted, received_at=event.noted_at)
    return {**returns, event.return_id: noted}
