"""Tenders: the payments that share an order, and what each of them pays of each line (G9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dispute.domain.orders.line import Line
from shared.events.money import Money, total
from shared.events.order import LineAmount, OrderLine, OrderPayment, PaymentPart, Tender


def tenders(payment: OrderPayment) -> Sequence[Tender]:
    """The payments of the order: one alone was taken whole."""
    paid = payment.amount
    alone = Tender(payment_id=payment.payment_id, method=payment.method, amount=paid, captured=paid)
    return payment.parts or (alone,)


def shares(payment: OrderPayment, lines: Sequence[OrderLine | Line]) -> Mapping[str, Mapping[str, Money]]:
    """What each payment pays of each line, by largest remainder over what the ones before have left of the caps: so the
    payments' shares sum to each cap, and the lines' to each payment.
    """
    left = [_whole(line) for line in lines]
    found: dict[str, Mapping[str, Money]] = {}
    for tender in tenders(payment):
        weights = [cap.minor for cap in left]
        given = tender.amount.split(weights) if any(weights) else left  # of an order that costs nothing
        left = [cap - share for cap, share in zip(left, given, strict=True)]
        found[tender.payment_id] = {line.line_id: share for line, share in zip(lines, given, strict=True)}
    return found


def taken_at_first(payment: OrderPayment, lines: Sequence[OrderLine]) -> Sequence[PaymentPart]:
    """What was taken of each payment when the order was paid, in proportion to its shares of the lines; of one that is
    only authorised nothing.
    """
    of_lines = shares(payment, lines)
    return [_taken(tender, of_lines[tender.payment_id]) for tender in tenders(payment) if tender.captured.minor > 0]


def by_line(amount: Money, weights: Mapping[str, int]) -> Sequence[LineAmount]:
    """The amount over the lines in proportion to these weights, without those that get nothing."""
    split = amount.split(list(weights.values()))
    return [LineAmount(line_id=name, amount=part) for name, part in zip(weights, split, strict=True) if part]


def captured_of(line_id: str, parts: Sequence[PaymentPart], like: Money) -> Money:
    """What was taken for a line."""
    amounts = [line.amount for part in parts for line in part.lines if line.line_id == line_id]
    return total([Money.zero(like), *amounts])


def _taken(tender: Tender, of_lines: Mapping[str, Money]) -> PaymentPart:
    amounts = {name: share.minor for name, share in of_lines.items()}
    lines = by_line(tender.captured, amounts)
    # A line on which nothing is paid, a gift say, is named all the same where all of the payment was taken.
    if tender.captured == tender.amount:
        lines = [LineAmount(line_id=name, amount=share) for name, share in of_lines.items()]
    return PaymentPart(payment_id=tender.payment_id, method=tender.method, amount=tender.captured, lines=tuple(lines))


def _whole(line: OrderLine | Line) -> Money:
    return line.cap if isinstance(line, OrderLine) else line.listing.cap
