"""Chargebacks of a dispute: while one is open nothing falls due and nothing closes; what the bank has paid is not paid
again (T34, T35).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.disputes.ending import OfDisputeAndOrder, ended_if_over
from dispute.domain.disputes.fulfilment import NoteCommand
from dispute.domain.disputes.progress import refunded
from dispute.domain.disputes.settlement import closed, goods_kept, nothing_sent
from dispute.domain.disputes.state import Dispute, evolve
from dispute.domain.disputes.timers import PAUSED
from dispute.domain.orders.release import end_hold
from dispute.domain.orders.state import Order
from dispute.domain.rejections import NotAskedFor
from shared.events.base import Event
from shared.events.dispute import CloseReason, DisputeClosed
from shared.events.money import Money
from shared.events.order import HoldEnd
from shared.events.outside.chargeback import ExternalChargeback, ExternalChargebackOpened


class TellDispute(NoteCommand):
    """What the dispute's order was told of a chargeback."""

    told: ExternalChargeback
    source_event: str


def tell_dispute(command: TellDispute, dispute: Dispute, order: Order) -> OfDisputeAndOrder:
    """Once each; of a dispute that has ended it is recorded beside the end (S52)."""
    returns = (dispute.return_id,) if dispute.return_id else ()
    said = {
        "dispute_id": command.dispute_id,
        "disputes": (),
        "returns": returns,
        "source_event": command.source_event,
    }
    told, known = command.told.model_copy(update=said), dispute.chargebacks
    if told.chargeback_id in known.ended:
        return [], []
    if isinstance(told, ExternalChargebackOpened):
        return ([] if told.chargeback_id in known.open else [told]), []
    if told.chargeback_id not in known.open:
        raise NotAskedFor("The dispute has not heard of this chargeback, or a restore has lost that it did.")
    since = evolve(dispute, told)
    if since.closed or since.chargebacks.open:
        return [told], []
    return _going_on(command, told, dispute, order)


def _going_on(command: TellDispute, told: Event, dispute: Dispute, order: Order) -> OfDisputeAndOrder:
    """It ends if all that was settled was paid meanwhile, or if the bank has left nothing; else its deadlines stand
    again.
    """
    since = evolve(dispute, told)
    events, of_order = ended_if_over(command, [told], dispute, order)
    if any(isinstance(event, DisputeClosed) for event in events):
        return events, of_order
    opened = dispute.opened
    left = [order.lines[line.line_id].left_of(opened.dispute_id) for line in opened.lines]
    if since.chargebacks.is_lost and not any(left):
        return [told, *_ended_by_the_bank(command, dispute)], end_hold(order, opened, HoldEnd.CLOSED, command.at)
    standing: dict[str, datetime | None] = {kind: since.due(kind) for kind in PAUSED}
    if not standing[DeadlineKind.NEGOTIATION]:  # it rests while the seller is to answer, and its end with it (T7)
        standing[DeadlineKind.NEGOTIATION] = since.negotiate_until if standing[DeadlineKind.SELLER_RESPONSE] else None
    return [told, *dispute.chargebacks.moved(standing, command.at)], []


def _ended_by_the_bank(command: TellDispute, dispute: Dispute) -> Sequence[Event]:
    """The buyer has the money of the bank: what was to be done for it is withdrawn; `amount` is what refunds gave."""
    gave = refunded(dispute.refunds) or Money.zero(dispute.opened.request.amount)
    end = closed(dispute, CloseReason.EXTERNAL_CHARGEBACK, gave, command.at, ("S103", "T35", "S52"))
    return [*nothing_sent(dispute, ("T35",)), *goods_kept(dispute, ("T35",)), end]
