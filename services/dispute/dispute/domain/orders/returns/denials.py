"""Denials: what a seller has denied to take back may be disputed for some days, and its money waits so long (T27x)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from dispute.domain.orders.refund import OrderReturn
from dispute.domain.orders.state import Order
from shared.events.base import Event
from shared.events.order import HeldPieces, Hold, HoldEnd, PaymentHeld, PaymentHoldLifted


def kept_for_dispute(order: Order, return_id: str, at: datetime) -> list[Event]:
    """The lines' money waits, for nobody's pieces: what was denied may be claimed in any other way as well (S17)."""
    parts = [(name, line.claims[return_id]) for name, line in order.lines.items() if return_id in line.open_claims]
    lines = tuple(
        HeldPieces(line_id=name, quantity=claim.quantity, cap=claim.cap, parcels=claim.parcels) for name, claim in parts
    )
    held = PaymentHeld(order_id=order.order_id, hold=Hold.DENIED_RETURN, dispute_id=None, lines=lines, held_at=at)
    return [held] if lines else []


def kept_no_longer(order: Order, return_id: str, because: HoldEnd) -> list[Event]:
    """The end of that hold, on the lines of which no other return was denied."""
    back = order.returns[return_id]
    if not back.is_denied:
        return []
    others = {name for one in order.returns.values() if one is not back and one.is_denied for name in _lines(one)}
    held = [name for name in _lines(back) if name not in others and Hold.DENIED_RETURN in order.lines[name].holds]
    hold = {"order_id": order.order_id, "hold": Hold.DENIED_RETURN, "dispute_id": None}
    return [PaymentHoldLifted(**hold, lines=tuple(held), because=because)] if held else []


def denied_return(order: Order, asked: Iterable[tuple[str, int]], at: datetime) -> OrderReturn | None:
    """The last return with so many pieces of these lines that its seller has denied and that may be disputed."""
    wanted = dict(asked)
    denied = [one for one in order.returns.values() if _is_standing(order, one, at) and _has(one, wanted)]
    return denied[-1] if denied else None


def _is_standing(order: Order, back: OrderReturn, at: datetime) -> bool:
    """Behind a bank's decision until it is final: the return service says when, later by that time (T35)."""
    until = back.noted.dispute_until if back.noted and back.is_denied else None
    return until is not None and (at < until or bool(order.chargebacks.ended))


def _has(back: OrderReturn, wanted: Mapping[str, int]) -> bool:
    there = {line.line_id: line.quantity for line in back.due.lines}
    return bool(wanted) and all(quantity <= there.get(name, 0) for name, quantity in wanted.items())


def _lines(back: OrderReturn) -> Sequence[str]:
    return [line.line_id for line in back.due.lines]
