"""Steps of a return without a dispute: goods that passed bring the money, and what comes to nothing frees it (S82)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dispute.domain.commands import OrderCommand
from dispute.domain.orders.refund import OrderReturn, due_for, under_way
from dispute.domain.orders.release import release_late
from dispute.domain.orders.returns.denials import kept_for_dispute, kept_no_longer
from dispute.domain.orders.state import Order
from dispute.domain.rejections import NotAskedFor
from shared.events.base import Command, Event, Instant
from shared.events.dispute import RefundDue, RefundSource, ReturnNoted, ReturnOutcome
from shared.events.ids import derived_id
from shared.events.inspection import InspectedPieces
from shared.events.money import Money
from shared.events.order import Hold, HoldEnd, LineAmount, PaymentHoldLifted

PAID = (ReturnOutcome.PASSED, ReturnOutcome.NOT_INSPECTED, ReturnOutcome.LOST)
"""After these the money is due."""
CONTESTED = (ReturnOutcome.FAILED, ReturnOutcome.LOST_BY_OWN_CARRIER)
"""After these people are to judge."""
ENDED = (ReturnOutcome.DENIED, ReturnOutcome.VOIDED, ReturnOutcome.LAPSED)
"""After these nothing goes back any more."""

RETURN_RULES: Mapping[ReturnOutcome, tuple[str, ...]] = {
    ReturnOutcome.PASSED: ("S82",),
    ReturnOutcome.FAILED: ("S82",),
    ReturnOutcome.NOT_INSPECTED: ("S82", "T28"),
    ReturnOutcome.LAPSED: ("T24",),
    ReturnOutcome.DENIAL_FINAL: ("T27x",),
    ReturnOutcome.LOST: ("T25a",),
    ReturnOutcome.LOST_BY_OWN_CARRIER: ("T25a",),
}
"""By step: the rules of its note; of any other it is that progress is shown."""


class StepOfReturn(OrderCommand):
    """The return service's word on a return that the order itself asked for; `pieces` and `evidence` are what was found
    and shown of goods that were inspected.
    """

    return_id: str
    outcome: ReturnOutcome
    reason: str | None
    dispute_until: Instant | None = None
    source_event: str
    pieces: tuple[InspectedPieces, ...] = ()
    evidence: tuple[str, ...] = ()


class NoteOrderReturn(StepOfReturn):
    """A step that asks for nothing, or for money, or ends it."""


def note_order_return(command: NoteOrderReturn, order: Order) -> list[Event]:
    """The step, and what follows: the money out of what waits for these goods, or that it waits no longer."""
    asked, step = asked_for(command, order), noted(command, order)
    if command.outcome is ReturnOutcome.DENIAL_FINAL:
        return release_late(order, [step, *kept_no_longer(order, command.return_id, HoldEnd.CLOSED)], command.at)
    waits = held_lines(order, command.return_id)
    if not waits or any(refund.due.return_id == command.return_id for refund in order.refunds.values()):
        return [step]
    if command.outcome in PAID and (parts := money_of(order, command.return_id)):
        return [step, _refund_due(command, order, asked, parts)]
    if command.outcome in (*PAID, *ENDED):
        kept = kept_for_dispute(order, command.return_id, command.at) if command.dispute_until else []
        return release_late(order, [step, *ended(order, command.return_id, HoldEnd.CLOSED), *kept], command.at)
    return [step]


def asked_for(command: StepOfReturn, order: Order) -> OrderReturn:
    """The return that is told of; a step of one that was never asked for waits (a restore may have lost it)."""
    if not (asked := order.returns.get(command.return_id)):
        raise NotAskedFor("The order has not asked for it, or a restore has lost that it did.")
    return asked


def noted(
    command: StepOfReturn, order: Order, passed: tuple[LineAmount, ...] = (), dispute_id: str | None = None
) -> ReturnNoted:
    """What is recorded of the step, also in the dispute that begins with it."""
    return ReturnNoted(
        return_id=command.return_id,
        order_id=order.order_id,
        dispute_id=dispute_id,
        outcome=command.outcome,
        reason=command.reason,
        source_event=command.source_event,
        noted_at=command.at,
        pieces=command.pieces,
        passed=passed,
        dispute_until=command.dispute_until,
        rules=("T27x",) if command.dispute_until else RETURN_RULES.get(command.outcome, ("S81",)),
    )


def held_lines(order: Order, return_id: str) -> tuple[str, ...]:
    """The lines whose money waits for this return."""
    return tuple(name for name, line in order.lines.items() if return_id in line.open_claims)


def money_of(order: Order, return_id: str) -> list[LineAmount]:
    """What is left for its pieces: neither paid back nor under way, whatever else has taken from their lines."""
    lines = [order.lines[name] for name in held_lines(order, return_id)]
    left = [min(line.claims[return_id].remainder, line.remainder - under_way(order.refunds, line)) for line in lines]
    return [
        LineAmount(line_id=line.line_id, amount=amount)
        for line, amount in zip(lines, left, strict=True)
        if amount > Money.zero(amount)
    ]


def ended(order: Order, return_id: str, because: HoldEnd) -> list[Event]:
    """The end of its hold, where it still has one."""
    lines = held_lines(order, return_id)
    hold = {"order_id": order.order_id, "hold": Hold.RETURN, "dispute_id": None, "return_id": return_id}
    return [PaymentHoldLifted(**hold, lines=lines, because=because)] if lines else []


def _refund_due(command: Command, order: Order, asked: OrderReturn, parts: Sequence[LineAmount]) -> RefundDue:
    assert order.terms
    return due_for(
        order.terms,
        parts,
        RefundSource.RETURN,
        ("S82", "S57"),
        refund_id=derived_id("rfd", order.order_id, command.command_id),
        order_id=order.order_id,
        payment_id=order.taken.payment_id(order.payment),
        dispute_id=None,
        return_id=asked.due.return_id,
        buyer_id=order.buyer_id,
        seller_id=asked.due.seller_id,
        refund_after_return_bd=order.terms.refund_after_return_bd,
        received_at=asked.received_at,
    )
