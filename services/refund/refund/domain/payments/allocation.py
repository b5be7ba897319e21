"""Allocation: which payments give a refund, and how much of each line (G9, ADR 44)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from refund.domain.payments.chargeback import lost, lost_lines
from refund.domain.payments.refund import Part
from refund.domain.payments.state import Payment
from shared.events.money import Money, minor_by_line, total
from shared.events.order import LineAmount
from shared.events.refund import PaymentCaptured, RefundPart


@dataclass(frozen=True, slots=True)
class Left:
    """What a payment may still give, in minor units: of each line, and in total."""

    of_line: Mapping[str, int]
    in_total: int


def allocated(payment: Payment, refund_id: str, lines: Sequence[LineAmount]) -> Sequence[RefundPart]:
    """A part for each payment that gives: of a line in proportion to what is left of it there, by largest remainder.
    None at all where not so much is left, of a line or in total.
    """
    asked = total([line.amount for line in lines])
    captures = payment.captures.values()
    left = {c.payment_id: left_of(payment, c) for c in captures if c.amount.same_currency(asked)}
    shares: dict[str, list[LineAmount]] = {payment_id: [] for payment_id in left}
    for line_id, minor in minor_by_line(lines).items():
        rests = [of.of_line.get(line_id, 0) for of in left.values()]
        if minor > sum(rests):
            return ()
        for payment_id, share in zip(left, _split(minor, asked, rests), strict=True):
            shares[payment_id] += [LineAmount(line_id=line_id, amount=share)] if share else []
    giving = {payment_id: given for payment_id, given in shares.items() if given}
    if any(_sum(given) > left[payment_id].in_total for payment_id, given in giving.items()):
        return ()
    return _parts(refund_id, lines, giving)


def left_of(payment: Payment, capture: PaymentCaptured) -> Left:
    """What was captured, less every part that is counted against it, and what a bank has paid to the buyer."""
    payment_id = capture.payment_id
    taken = [part for part in payment.parts if part.reserves and part.payment_id == capture.payment_id]
    by_line = minor_by_line(line for part in taken for line in part.lines)
    in_total = by_line.total()
    if payment.chargebacks:
        in_total += sum(one.taken for one in lost(payment.chargebacks, payment_id))
        by_line.update(minor_by_line(lost_lines(payment.chargebacks, payment_id)))
    caps = minor_by_line(capture.lines)
    of_line = {line_id: max(0, cap - by_line[line_id]) for line_id, cap in caps.items()}
    return Left(of_line, capture.amount.minor - in_total)


def _split(minor: int, like: Money, rests: Sequence[int]) -> Sequence[Money]:
    whole = Money(minor, like.currency, like.exponent)
    return whole.split(rests) if minor else [whole for _ in rests]


def _sum(lines: Iterable[LineAmount]) -> int:
    return sum(line.amount.minor for line in lines)


def _parts(
    refund_id: str, lines: Sequence[LineAmount], giving: Mapping[str, Sequence[LineAmount]]
) -> Sequence[RefundPart]:
    if len(giving) == 1:
        (payment_id,) = giving
        return [_part(refund_id, payment_id, lines)]
    numbered = enumerate(giving.items(), 1)
    return [_part(f"{refund_id}.{number}", payment_id, given) for number, (payment_id, given) in numbered]


def _part(part_id: str, payment_id: str, lines: Sequence[LineAmount]) -> RefundPart:
    amount = total([line.amount for line in lines])
    return RefundPart(part_id=part_id, payment_id=payment_id, lines=tuple(lines), amount=amount)


def methods_of(payment: Payment, parts: Iterable[Part]) -> Sequence[str]:
    """How the payments were made that give these parts."""
    return [one.method for one in map(payment.captures.get, (part.payment_id for part in parts)) if one]
