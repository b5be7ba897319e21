"""Form of a dispute: what its lines, texts and amount may be (guards G7 and G9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from dispute.domain.orders.line import Line
from dispute.domain.orders.payments.caps import reclaimable, refundable
from dispute.domain.orders.pieces import NamedPieces
from dispute.domain.orders.state import Order
from shared.events.base import Message
from shared.events.dispute import DisputedLine, Reason, SolutionType
from shared.events.fields import Quantity
from shared.events.money import Money, total
from shared.events.outside.ids import Id
from shared.rejections import AmountExceedsCap, ValidationFailed

FORM_TYPES = (SolutionType.REFUND_ONLY, SolutionType.RETURN_AND_REFUND)
"""S29: the two that the buyer's form takes; the others are the seller's to offer and the case team's to rule."""


def _of_the_form(kind: SolutionType) -> SolutionType:
    if kind not in FORM_TYPES:
        raise PydanticCustomError("enum", "Input should be 'refund_only' or 'return_and_refund'")
    return kind


Requested = Annotated[
    SolutionType, AfterValidator(_of_the_form), WithJsonSchema({"type": "string", "enum": [*map(str, FORM_TYPES)]})
]


class RequestedLine(Message):
    """So many of an order line."""

    line_id: Id
    quantity: Quantity = 1


def guard_returnable(
    named: Sequence[NamedPieces], reason: Reason | None, type_: SolutionType, pointer: str = "/type"
) -> None:
    """G7: what never came, or what the carrier lost, cannot go back."""
    here = [pieces.where(lambda group: not group.never_came) for pieces in named]
    never_came = reason == Reason.NOT_RECEIVED or not all(pieces.enough for pieces in here)
    if type_ == SolutionType.RETURN_AND_REFUND and never_came:
        raise ValidationFailed.at(pointer, "nothing_to_return", "what never came cannot go back", "G7")


def guard_request(named: Sequence[NamedPieces], reason: Reason, type_: SolutionType) -> None:
    """G7 of what a buyer asks for: what never came cannot go back, and what is merely unwanted does before its money
    goes (T27x); its seller may leave it to the buyer.
    """
    guard_returnable(named, reason, type_)
    if reason == Reason.CHANGE_OF_MIND and type_ == SolutionType.REFUND_ONLY:
        raise ValidationFailed.at("/type", "goods_go_back", "what is unwanted goes back", "G7", "T27x")


def guard_lines(order: Order, requested: Sequence[RequestedLine]) -> list[Line]:
    """The order's lines that are requested (S109); ValidationFailed names the first that is unknown, repeated or too
    many.
    """
    lines: list[Line] = []
    for i, part in enumerate(requested):
        line = order.lines.get(part.line_id)
        if line is None:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "unknown_line", "no such line", "S109")
        if line in lines:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "repeated", "named twice", "S109")
        if part.quantity > line.quantity:
            raise ValidationFailed.at(f"/lines/{i}/quantity", "above_ordered", "more than was ordered", "S109")
        lines.append(line)
    if len({line.seller_id for line in lines}) > 1:
        raise ValidationFailed.at("/lines", "several_sellers", "the lines of a dispute share one seller", "S109")
    return lines


def disputed_lines(named: Sequence[NamedPieces]) -> tuple[DisputedLine, ...]:
    """The requested quantities with their caps (S109)."""
    return tuple(
        DisputedLine(line_id=pieces.line.line_id, quantity=pieces.quantity, cap=_cap(pieces)) for pieces in named
    )


def _cap(pieces: NamedPieces) -> Money:
    return (reclaimable if pieces.paid_out else refundable)(pieces.line, pieces.quantity)


def guard_amount(amount: Money, lines: Sequence[DisputedLine], pointer: str = "/amount") -> None:
    """G9 (S45): more than nothing, in the order's currency, and at most the caps of the lines together."""
    cap = guard_currency(amount, lines, pointer)
    if amount <= Money.zero(cap):
        raise ValidationFailed.at(f"{pointer}/amount", "not_positive", "the amount is more than nothing", "S45")
    if cap < amount:
        raise AmountExceedsCap(
            "More than can be refunded on these lines.", cap={"amount": cap.amount, "currency": cap.currency}
        )


def guard_nothing(amount: Money, lines: Sequence[DisputedLine], pointer: str) -> None:
    """G9 (S86): what is sent again moves no money."""
    if amount != Money.zero(guard_currency(amount, lines, pointer)):
        raise ValidationFailed.at(f"{pointer}/amount", "not_expected", "what is sent again moves no money", "S86")


def guard_currency(amount: Money, lines: Sequence[DisputedLine], pointer: str) -> Money:
    """The caps of the lines together, in whose currency the amount is (S45)."""
    cap = total([line.cap for line in lines])
    if not amount.same_currency(cap):
        raise ValidationFailed.at(
            f"{pointer}/currency", "wrong_currency", f"the order's currency is {cap.currency}", "S45"
        )
    return cap
