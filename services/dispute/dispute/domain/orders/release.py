"""Release of an order's money to the seller, once no dispute holds it and the protection is over (T39, S24, I3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispute.domain.deadlines import DeadlineKind, ExpireDeadline
from dispute.domain.orders.line import Line
from dispute.domain.orders.protection import expire_protection
from dispute.domain.orders.state import Order, after, all_done
from shared.events.base import Event
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import DisputeOpened
from shared.events.money import Money, total
from shared.events.order import Hold, HoldEnd, LineAmount, OrderCompleted, PaymentHoldLifted, PaymentReleased


def expire(command: ExpireDeadline, order: Order) -> list[Event]:
    """P and R: the protection is over, and then the money is released."""
    if command.kind == DeadlineKind.PROTECTION_END:
        return expire_protection(order, command.due_at, command.at)
    return release(order)


def end_hold(order: Order, dispute: DisputeOpened, because: HoldEnd, at: datetime) -> list[Event]:
    """T39: lines whose protection is over are released, as far as anything is left on them; the others are free
    again (S45, S47).
    """
    held = [order.lines[line.line_id] for line in dispute.lines]
    # `at` may be earlier than the end of the protection that is recorded already: a late note keeps the instant of what
    # it tells. R fires once, so these lines are released here or never.
    releasing = (order.expired or order.protection_over(at)) and not order.cancelled_at
    kept = [line for line in held if dispute.dispute_id in line.kept_claims and not line.holds]
    parts = _parts([(line, line.left_of(dispute.dispute_id)) for line in kept if releasing])
    left = {part.line_id for part in parts}
    freed = tuple(line.line_id for line in held if line.line_id not in left)
    lifted = PaymentHoldLifted(
        order_id=order.order_id, hold=Hold.DISPUTE, dispute_id=dispute.dispute_id, lines=freed, because=because
    )
    rules = ("S47" if because == HoldEnd.CANCELLED else "S45",)
    released = _released(order, parts, dispute.dispute_id, rules, because)
    events: list[Event] = [*([lifted] if freed else []), *released]
    return events + completed_if_done(after(order, events), to_come=not _released_by(order, at))


def release(order: Order) -> list[Event]:
    """R: the seller is paid for every line that nothing holds (S24)."""
    events: list[Event] = _released(
        order, _parts([(line, line.releasable) for line in order.lines.values()]), None, ("S24",)
    )
    return events + completed_if_done(after(order, events), to_come=False)


def release_late(order: Order, happened: Sequence[Event], at: datetime) -> list[Event]:
    """What happened, and what follows where it makes money the seller's again: after R it is released at once, for R
    fires once.
    """
    since = after(order, happened)
    if since.cancelled_at or not (since.expired or since.completed):
        return [*happened, *completed_if_done(since)]
    if since.completed or since.release_at is None or _released_by(since, at):
        return [*happened, *release(since)]
    # A late note keeps the instant of what it tells: R may have fired meanwhile, and have found nothing to release.
    again = _release_again(since.release_at) if since.releasable and not order.releasable else []
    return [*happened, *again, *completed_if_done(since)]


def _released_by(order: Order, at: datetime) -> bool:
    """Whether R has come: what is taken from then on is the seller's at once."""
    return order.expired and (order.release_at is None or at >= order.release_at)


def _release_again(due_at: datetime) -> list[Event]:
    """R stands anew at its own instant."""
    return [DeadlineMoved(kind=DeadlineKind.RELEASE, previous_due_at=due_at, due_at=due_at, rules=("S24", "S20"))]


def _parts(amounts: Sequence[tuple[Line, Money]]) -> tuple[LineAmount, ...]:
    return tuple(LineAmount(line_id=line.line_id, amount=amount) for line, amount in amounts if amount)


def _released(
    order: Order,
    parts: tuple[LineAmount, ...],
    dispute_id: str | None,
    rules: tuple[str, ...],
    because: HoldEnd | None = None,
) -> list[Event]:
    if not parts:
        return []
    paid = total([part.amount for part in parts])
    of = {"order_id": order.order_id, "dispute_id": dispute_id, "because": because}
    return [PaymentReleased(lines=parts, amount=paid, rules=rules, **of)]


def completed_if_done(order: Order, to_come: bool = True) -> list[Event]:
    """The end, once no line is left (S24, S26): nor is anything to be taken, unless the seller was paid or the order is
    cancelled, when what comes late goes on at once.
    """
    waits = to_come and not order.cancelled_at and any(line.uncaptured for line in order.lines.values())
    over = not order.completed and all_done(order.lines) and not waits
    return [OrderCompleted(order_id=order.order_id, rules=("S24", "S26"))] if over else []
