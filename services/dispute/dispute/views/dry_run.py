"""View of a dry run: the money that a dispute's or an order's events move, and what of their data a party sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dispute.domain.disputes.visibility import BUYER, PLATFORM, SELLER, VISIBLE, visible
from dispute.domain.orders.goodwill.telling import parties_of
from dispute.domain.orders.state import Order
from shared.events import order as orders
from shared.events.base import Actor, Event
from shared.events.dispute import RefundDue
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.money import Money, total
from shared.parties import Parties
from shared.rejections import snake_case


def money(event: Event, before: Any) -> Iterable[Any]:
    """What is asked for or back, not asked back any more, paid out, held or free; `before` is the stream's state."""
    match event:
        case RefundDue():
            yield _effect("refund", [(line.line_id, line.amount) for line in event.lines], BUYER)
        case ClawbackRequested():
            yield _effect("clawback", [(line.line_id, line.amount) for line in event.lines], event.party)
        case ClawbackNotDue():
            yield _effect("clawback_withdrawn", [(line.line_id, line.amount) for line in event.lines], event.party)
        case orders.PaymentReleased():
            yield _effect("release", [(line.line_id, line.amount) for line in event.lines], SELLER)
        case orders.PaymentHeld() if held := [line for line in event.lines if line.line_id not in event.paid_out]:
            yield _effect("hold", [(line.line_id, line.cap) for line in held], SELLER)
        case orders.PaymentHoldLifted() if isinstance(before, Order):
            claimant, lines = event.dispute_id or event.return_id, [before.lines[name] for name in event.lines]
            if claimant and (waited := [line for line in lines if claimant in line.kept_claims]):
                yield _effect("lift", [(line.line_id, line.left_of(claimant)) for line in waited], SELLER)


def parties(state: Any, event: Event) -> Parties:
    """Whose an event is: what a seller of an order gives is none of another's business."""
    if isinstance(state, Order):
        return parties_of(state, getattr(event, "clawback_id", None) or getattr(event, "goodwill_id", None))
    of_stream: Parties = state.parties
    return of_stream


def shown(actor: Actor, event: Event) -> Mapping[str, Any]:
    """What the history would show: of a dispute's events what is listed for the party, of an order's all."""
    data = event.model_dump(mode="json", exclude_none=True)
    return visible(snake_case(type(event).__name__), data, _looking(actor)) if type(event) in VISIBLE else data


def _looking(actor: Actor) -> set[str]:
    """A party as the one that sees less, where the token says that it is both."""
    return {BUYER} if BUYER in actor.roles else {SELLER} if SELLER in actor.roles else {PLATFORM}


def _effect(kind: str, parts: Sequence[tuple[str, Money]], party: str) -> Mapping[str, Any]:
    lines = [{"line_id": line_id, "amount": amount} for line_id, amount in parts]
    return {"kind": kind, "amount": total([amount for _, amount in parts]), "lines": lines, "party": party}
