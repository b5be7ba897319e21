"""Goodwill: a seller gives money back of what it would be paid, or of what it was paid, or sends goods anew, without a
dispute or beside one (S20, K19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from dispute.domain.commands import OrderCommand, text_ref, texts_about
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.orders.goodwill.refunding import due_of
from dispute.domain.orders.line import Line
from dispute.domain.orders.payments.caps import with_seller
from dispute.domain.orders.state import Order
from shared.events.base import Event, Personal
from shared.events.fields import Text, WireMoney
from shared.events.ids import derived_id
from shared.events.mediation import ClawbackRequested
from shared.events.money import Money, total
from shared.events.order import GoodwillGranted, GoodwillReplacementGranted, LineAmount, Pieces
from shared.rejections import AmountExceedsCap, ValidationFailed, WrongPhase, guard_text


class GrantGoodwill(OrderCommand):
    """So many pieces of the seller's lines, anew or so much money for them, and what the seller wants to say."""

    type: Literal["refund_only", "replacement"]
    lines: Annotated[tuple[RequestedLine, ...], Field(min_length=1, max_length=100)]
    amount: WireMoney | None = None
    text: Annotated[str, Text(2000)] | None = None

    @property
    def text_ref(self) -> str | None:
        return text_ref(self, "text") if self.text else None

    @property
    def personal(self) -> Sequence[Personal]:
        return texts_about(self.actor.id, self, text=self.text)


def grant_goodwill(command: GrantGoodwill, order: Order) -> list[Event]:
    """Nobody else has to agree: it is the seller's own money, or its goods."""
    _guard_pieces(order, command)
    events = _goods(order, command) if command.type == "replacement" else _money(order, command)
    guard_text(text=command.text)
    return events


def _goods(order: Order, command: GrantGoodwill) -> list[Event]:
    """Wherever the money is, also while a bank decides about it: none moves."""
    if order.cancelled_at or not order.paid_at:
        raise WrongPhase("It was cancelled, or nobody has paid it.", rules=("S20",))
    if command.amount is not None:
        raise ValidationFailed.at("/amount", "not_expected", "what is sent anew moves no money", "S20")
    granted = GoodwillReplacementGranted(
        goodwill_id=derived_id("gdw", order.order_id, command.command_id),
        order_id=order.order_id,
        seller_id=command.actor.id,
        pieces=tuple(Pieces(line_id=part.line_id, quantity=part.quantity) for part in command.lines),
        text_ref=command.text_ref,
        granted_at=command.at,
        rules=("S20",),
    )
    return [granted]


def _money(order: Order, command: GrantGoodwill) -> list[Event]:
    """What waits for the seller is asked for at once; what it was paid is asked of it first (K19)."""
    amount, most, is_paid_out = _guard_money(order, command)
    granted = GoodwillGranted(
        goodwill_id=derived_id("gdw", order.order_id, command.command_id),
        order_id=order.order_id,
        refund_id=derived_id("rfd", order.order_id, command.command_id),
        seller_id=command.actor.id,
        clawback_id=derived_id("clw", order.order_id, command.command_id) if is_paid_out else None,
        lines=_parts(amount, most),
        amount=amount,
        text_ref=command.text_ref,
        granted_at=command.at,
        rules=("S20", "K19"),
    )
    return [granted, _asked_of_seller(order, granted) if is_paid_out else due_of(order, granted)]


def _asked_of_seller(order: Order, granted: GoodwillGranted) -> ClawbackRequested:
    """The buyer is paid once it has come."""
    assert granted.clawback_id
    return ClawbackRequested(
        clawback_id=granted.clawback_id,
        dispute_id=None,
        order_id=order.order_id,
        payment_id=order.taken.payment_id(order.payment),
        party="seller",
        lines=granted.lines,
        amount=granted.amount,
        rules=("S20", "K19"),
    )


def _guard_pieces(order: Order, command: GrantGoodwill) -> None:
    """A seller's own lines, each once, and no more of them than were ordered."""
    order.parties.guard(command.actor, "order", "seller")
    own = _own(order, command)
    for i, part in enumerate(command.lines):
        if part.line_id not in own:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "unknown_line", "no line of yours", "S20")
        if part.line_id in {other.line_id for other in command.lines[:i]}:
            raise ValidationFailed.at(f"/lines/{i}/line_id", "repeated", "named twice", "S109")
        if part.quantity > own[part.line_id].quantity:
            raise ValidationFailed.at(f"/lines/{i}/quantity", "too_many", "more than were ordered", "S109")


def _own(order: Order, command: GrantGoodwill) -> Mapping[str, Line]:
    return {name: line for name, line in order.lines.items() if line.seller_id == command.actor.id}


def _guard_money(order: Order, command: GrantGoodwill) -> tuple[Money, Sequence[LineAmount], bool]:
    """Of an order whose money came to the platform. Returned are the amount and the most of each line, of what waits
    for the seller; where nothing does, of what the seller was paid, which is said beside.
    """
    own = _own(order, command)
    if order.cancelled_at or not order.in_escrow:
        raise WrongPhase("Its money is not with the platform for you.", rules=("S20",))
    if order.chargebacks.open:
        raise order.chargebacks.refusal
    most = [_most(own[part.line_id], part.quantity, own[part.line_id].releasable) for part in command.lines]
    if is_paid_out := not any(part.amount for part in most):
        most = [_most(own[part.line_id], part.quantity, with_seller(own[part.line_id])) for part in command.lines]
    return _guard_amount(command.amount, total([part.amount for part in most])), most, is_paid_out


def _guard_amount(amount: Money | None, cap: Money) -> Money:
    if amount is None:
        raise ValidationFailed.at("/amount", "missing", "how much is given back", "S20")
    if not amount.same_currency(cap):
        raise ValidationFailed.at("/amount/currency", "wrong_currency", "not the order's", "S45")
    if not amount:
        raise ValidationFailed.at("/amount/amount", "not_positive", "the amount is more than nothing", "S45")
    if cap < amount:
        left = {"amount": cap.amount, "currency": cap.currency}
        raise AmountExceedsCap(
            "More than waits for you of these pieces, or you were paid for them.", rules=("K19",), cap=left
        )
    return amount


def _most(line: Line, quantity: int, sellers: Money) -> LineAmount:
    """The share of so many pieces, as far as it is the seller's: never what an open dispute is about."""
    share = line.cap.split([quantity, line.quantity - quantity])[0] if quantity < line.quantity else line.cap
    return LineAmount(line_id=line.line_id, amount=min(share, sellers))


def _parts(amount: Money, most: Sequence[LineAmount]) -> tuple[LineAmount, ...]:
    """The amount in proportion to what there is of each line (G9)."""
    parts = amount.split([part.amount.minor for part in most])
    return tuple(
        LineAmount(line_id=part.line_id, amount=share) for part, share in zip(most, parts, strict=True) if share
    )
