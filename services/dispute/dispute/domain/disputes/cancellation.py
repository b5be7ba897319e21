"""Cancellation: the buyer withdraws a dispute (T21, S46–S48)."""

from __future__ import annotations

from dataclasses import replace

from dispute.domain.commands import DisputeAndOrderCommand
from dispute.domain.disputes.difference import paid_out
from dispute.domain.disputes.settlement import closed, goods_kept
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import Step, guard
from dispute.domain.orders.release import end_hold
from dispute.domain.orders.state import Order
from dispute.domain.rejections import ReleaseAckRequired
from shared.decider import ConsideredCommand
from shared.events.base import Event
from shared.events.dispute import CloseReason, DisputeCancelled
from shared.events.money import Money
from shared.events.order import HoldEnd, PaymentReleased


class CancelDispute(DisputeAndOrderCommand, ConsideredCommand):
    acknowledge_release: bool = False


def guard_release_acknowledged(order: Order, dispute: Dispute, command: CancelDispute) -> None:
    """G16 (S47): once the protection is over, cancelling moves money, and the warning says how much; none where the
    seller was paid before.
    """
    if not order.protection_over(command.at) or paid_out(dispute).issuperset(
        line.line_id for line in dispute.opened.lines
    ):
        return
    if not command.acknowledge_release:
        warning = "Protection is over: cancelling pays the seller and cannot be undone. Send acknowledge_release=true."
        released = _released(order, dispute, command)
        raise ReleaseAckRequired(warning, warning="payment_will_be_released", released=released)
    command.guard_considered()


def _released(order: Order, dispute: Dispute, command: CancelDispute) -> Money:
    """What the seller would be paid."""
    ended = end_hold(order, dispute.opened, HoldEnd.CANCELLED, command.at)
    paid = sum(event.amount.minor for event in ended if isinstance(event, PaymentReleased))
    return replace(dispute.opened.request.amount, minor=paid)


def cancel(command: CancelDispute, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """The lines are protected again, or, when protection is over and the buyer knows, released (S46–S48). A return that
    was agreed is withdrawn (T21).
    """
    guard(Step.CANCEL, dispute, command.actor, command.at)
    if order.chargebacks.open:
        raise order.chargebacks.refusal
    guard_release_acknowledged(order, dispute, command)
    cancelled = DisputeCancelled(
        dispute_id=command.dispute_id, acknowledged_release=command.acknowledge_release, rules=("S46",)
    )
    nothing = Money.zero(dispute.opened.request.amount)
    end = closed(dispute, CloseReason.CANCELLED_BY_BUYER, nothing, command.at, ("S46",))
    return [cancelled, *goods_kept(dispute, ("T21",)), end], end_hold(
        order, dispute.opened, HoldEnd.CANCELLED, command.at
    )
