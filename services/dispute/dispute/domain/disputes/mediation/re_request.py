"""Re-request: support asks for the money of a refused refund again, as long as the dispute waits for it (T30a)."""

from __future__ import annotations

from dispute.domain.disputes.fulfilment import NoteCommand
from dispute.domain.disputes.settlement import with_sellers_part
from dispute.domain.disputes.state import Dispute
from dispute.domain.disputes.transitions import TO_CARRY_OUT
from dispute.domain.orders.re_request import asked_again, not_due
from dispute.domain.orders.state import Order
from shared.events.base import Event
from shared.events.order import LineAmount


class AskAgain(NoteCommand):
    """Two persons of support want these lines of the refund that is replaced, as this one."""

    refund_id: str
    replaces: str
    lines: tuple[LineAmount, ...]


def ask_again(command: AskAgain, dispute: Dispute, _: Order) -> tuple[list[Event], list[Event]]:
    """Asked for as it was before, and what is left of it is given up; withdrawn where the dispute has ended, or was
    settled anew without it.
    """
    if command.refund_id in dispute.refunds:
        return [], []
    asked = dispute.refunds.get(command.replaces)
    if not asked or not asked.may_be_asked_again or dispute.state not in TO_CARRY_OUT:
        return [], [not_due(command.order_id, command.refund_id, command.replaces, command.dispute_id)]
    due = asked_again(asked.due, command.refund_id, command.lines)
    return with_sellers_part(command, dispute, [due]), []
