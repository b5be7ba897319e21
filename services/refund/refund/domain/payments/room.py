"""Room: what chargebacks leave of a payment, and which of its refunds wait for one (T34, T35, ADR 48)."""

from __future__ import annotations

from collections.abc import Mapping

from refund.domain.payments.chargeback import Chargeback, first_open, lost, lost_lines
from refund.domain.payments.refund import Part
from refund.domain.payments.state import Payment
from shared.events.money import minor_by_line
from shared.events.refund import PaymentCaptured


def in_the_way(payment: Payment, part: Part) -> Chargeback | None:
    """What the part waits for: the order's chargeback that is open; or else that which was lost, where it has left too
    little of the payment for this part.
    """
    if waits_for := first_open(payment.chargebacks):
        return waits_for
    was_lost = lost(payment.chargebacks, part.payment_id)
    return was_lost[-1] if was_lost and part.id not in _fitting(payment, part.payment_id) else None


def untaken(payment: Payment, capture: PaymentCaptured) -> Mapping[str, int]:
    """What neither a refund nor the bank has given the buyer of each line that this payment paid, in minor units."""
    left = minor_by_line(capture.lines)
    gone = [part for part in payment.parts if part.issued_at and part.payment_id == capture.payment_id]
    left.subtract(minor_by_line(line for part in gone for line in part.lines))
    left.subtract(minor_by_line(lost_lines(payment.chargebacks, capture.payment_id)))
    return {line.line_id: max(0, left[line.line_id]) for line in capture.lines}


def _fitting(payment: Payment, payment_id: str) -> set[str]:
    """The parts that the payment gives: what went, what may have gone, and of the rest the first ones that fit beside
    what the bank has paid.
    """
    capture = payment.captures[payment_id]
    total = capture.amount.minor - sum(one.taken for one in lost(payment.chargebacks, payment_id))
    left = minor_by_line(capture.lines)
    left.subtract(minor_by_line(lost_lines(payment.chargebacks, payment_id)))
    parts = [part for part in payment.parts if part.reserves and part.payment_id == payment_id]
    fitting = set()
    for part in sorted(parts, key=lambda part: (part.issued_at is None, part.doubts == 0)):
        lines = minor_by_line(part.lines)
        fits = lines.total() <= total and all(minor <= left[name] for name, minor in lines.items())
        if part.issued_at or part.doubts or fits:
            fitting.add(part.id)
            total -= lines.total()
            left.subtract(lines)
    return fitting
