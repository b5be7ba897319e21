"""Granting a return without a dispute: the order's own rights say whether, and its money waits for the goods (K20)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from dispute.domain.areas import Places, return_points
from dispute.domain.commands import OrderCommand
from dispute.domain.disputes.form import RequestedLine, disputed_lines, guard_lines
from dispute.domain.entitlements.entitlement import FromReceipt, Question
from dispute.domain.entitlements.returnable import returnable, right_of
from dispute.domain.orders.pieces import named_pieces
from dispute.domain.orders.state import Order
from dispute.domain.rejections import (
    ItemDamaged,
    ItemUsed,
    NotEligibleOffPlatform,
    PackagingMissing,
    SealOrLabelBroken,
)
from shared.events.base import Event, Message
from shared.events.dispute import Payer, Reason, ReturnDue, ReturnKind, ReturnLine
from shared.events.ids import derived_id
from shared.events.order import HeldPieces, Hold, PaymentHeld
from shared.rejections import Rejected, ValidationFailed

Granted = Literal[ReturnKind.FREE, ReturnKind.EXTRA, ReturnKind.DOMESTIC, ReturnKind.STATUTORY]
"""The returns that belong to no dispute."""
ANSWERED = (ReturnKind.EXTRA, ReturnKind.DOMESTIC)
"""Those that the seller offered, and answers for (T27x)."""


class Condition(Message):
    """What the buyer says of the item (S67)."""

    unused: bool
    undamaged: bool
    original_packaging: bool
    seals_intact: bool


class GrantReturn(OrderCommand):
    """So many pieces are to go back, on this ground; `places` says where the programme takes goods back now."""

    kind: Granted
    lines: Annotated[tuple[RequestedLine, ...], Field(min_length=1, max_length=100)]
    reason: Reason = Reason.NOT_STATED
    condition: Condition | None = None
    places: Places

    @property
    def return_id(self) -> str:
        return derived_id("ret", self.order_id, self.command_id)


def grant_return(command: GrantReturn, order: Order) -> list[Event]:
    """The payout of the pieces waits, and the goods are asked for; else the refusal that `eligibility` shows (G5)."""
    order.parties.guard(command.actor, "order", "buyer")
    lines = guard_lines(order, command.lines)
    if not order.in_escrow:
        raise NotEligibleOffPlatform("Its money is not with the platform.", rules=("S8",))
    question = Question(order, command.reason, command.at, command.places)
    right = right_of(command.kind, question)
    named = named_pieces(order, [(part.line_id, part.quantity) for part in command.lines])
    pieces = [returnable(right, question, each) for each in named]
    guard_stated(command.kind, command.reason)
    guard_condition(command.kind, command.condition)
    held = PaymentHeld(
        order_id=order.order_id,
        hold=Hold.RETURN,
        dispute_id=None,
        return_id=command.return_id,
        lines=tuple(
            HeldPieces(**dict(line), parcels=each.parcels)
            for line, each in zip(disputed_lines(pieces), pieces, strict=True)
        ),
        held_at=command.at,
    )
    return [held, _due(command, order, right, lines[0].seller_id)]


def _due(command: GrantReturn, order: Order, right: FromReceipt, seller_id: str) -> ReturnDue:
    """The goods of a Free Return go to the warehouse, others to the seller, as far as the order knows where (K22)."""
    terms, is_answered = order.terms, command.kind in ANSWERED
    assert terms and right.payer
    own = seller_id == order.seller_id and command.kind is not ReturnKind.FREE
    address_ref = order.return_address_ref if own else None
    return ReturnDue(
        return_id=command.return_id,
        kind=command.kind,
        dispute_id=None,
        order_id=order.order_id,
        buyer_id=order.buyer_id,
        seller_id=seller_id,
        lines=tuple(ReturnLine(line_id=part.line_id, quantity=part.quantity) for part in command.lines),
        reason=command.reason,
        freight_payer=Payer(right.payer),
        address_ref=address_ref,
        warehouse=None if address_ref else terms.return_warehouse,
        ship_days=terms.return_ship_days,
        transit_alarm_days=terms.return_transit_alarm_days,
        inspect_bd=terms.return_inspect_bd,
        timezone=terms.timezone,
        points=return_points(terms, order.ship_to) if order.ship_to else (),
        held_by=tuple(sorted(order.chargebacks.open)),
        response_days=terms.seller_response_days if is_answered else None,
        dispute_days=terms.buyer_response_days if is_answered else None,
        rules=tuple(dict.fromkeys((*right.rules, "K20", "K22", "K26"))),
    )


_BROKEN: Mapping[str, tuple[type[Rejected], str]] = {
    "unused": (ItemUsed, "What was used does not go back for no reason."),
    "undamaged": (ItemDamaged, "What the buyer has damaged does not go back for no reason."),
    "original_packaging": (PackagingMissing, "It goes back in its packaging."),
    "seals_intact": (SealOrLabelBroken, "It goes back with all seals and labels."),
}


_OF_KIND: Mapping[ReturnKind, tuple[str, ...]] = {
    ReturnKind.FREE: ("S67", "S68"),
    ReturnKind.EXTRA: ("S28", "S68"),
    ReturnKind.DOMESTIC: ("S28", "S84", "S68"),
}
"""By kind of return: the rules that ask for what is new and whole."""


def guard_stated(kind: ReturnKind, reason: Reason) -> None:
    """K21, S108: who asks a seller says why."""
    if kind in ANSWERED and reason is Reason.NOT_STATED:
        raise ValidationFailed.at("/reason", "missing", "say why it goes back", "S108", "K21")


def guard_condition(kind: ReturnKind, condition: Condition | None) -> None:
    """S67, S68 (1), S28, S84: the buyer's word on each of four things; the law asks for none (S94)."""
    if kind is ReturnKind.STATUTORY:
        if condition:
            raise ValidationFailed.at("/condition", "not_expected", "the law asks for no word on it", "S94")
        return
    if condition is None:
        raise ValidationFailed.at("/condition", "missing", "say what the item is like", *_OF_KIND[kind])
    for name, (refusal, detail) in _BROKEN.items():
        if not getattr(condition, name):
            raise refusal(detail, rules=_OF_KIND[kind])
