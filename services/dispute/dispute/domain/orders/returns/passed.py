"""Passed pieces: what of a line's money is theirs, where others that went back failed (T27)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from dispute.domain.orders.refund import due_for
from shared.events.base import Command
from shared.events.dispute import DisputeOpened, RefundDue, RefundSource
from shared.events.ids import derived_id
from shared.events.inspection import InspectedPieces, InspectionResult
from shared.events.money import Money
from shared.events.open_enums import known
from shared.events.order import LineAmount


def passed_parts(
    parts: Sequence[LineAmount], quantities: Mapping[str, int], pieces: Sequence[InspectedPieces]
) -> tuple[LineAmount, ...]:
    """Of the money of all pieces of each line that of those that passed, by largest remainder."""
    passed = Counter[str]()
    for one in pieces:
        passed[one.line_id] += one.quantity if known(one.result) is InspectionResult.PASSED else 0
    shares = [(part.line_id, _share(part.amount, passed[part.line_id], quantities[part.line_id])) for part in parts]
    return tuple(LineAmount(line_id=name, amount=amount) for name, amount in shares if amount)


def refund_of_passed(
    command: Command, opened: DisputeOpened, return_id: str, received_at: datetime | None, parts: Sequence[LineAmount]
) -> RefundDue:
    """Asks for their money at once, whatever becomes of the others (S82, T27)."""
    terms = opened.terms
    return due_for(
        terms,
        parts,
        RefundSource.RETURN,
        ("S82", "T27", "S57"),
        refund_id=derived_id("rfd", opened.order_id, command.command_id),
        order_id=opened.order_id,
        payment_id=opened.payment_id,
        dispute_id=opened.dispute_id,
        return_id=return_id,
        buyer_id=opened.buyer_id,
        seller_id=opened.seller_id,
        refund_after_return_bd=terms.refund_after_return_bd,
        received_at=received_at,
    )


def _share(amount: Money, passed: int, quantity: int) -> Money:
    count = min(passed, quantity)
    return amount.split([count, quantity - count])[0]
