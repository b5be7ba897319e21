"""Fulfilment of a solution: outcomes of its refund and its return, noted on the dispute and its order (T23–T33, I4)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from dispute.domain.commands import DisputeAndOrderCommand
from dispute.domain.disputes.ending import ended_if_over
from dispute.domain.disputes.escalation import escalated
from dispute.domain.disputes.settlement import refund_due, with_sellers_part
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.evidence.inspected import shown_at_inspection
from dispute.domain.evidence.naming import named_streams
from dispute.domain.evidence.state import Evidence
from dispute.domain.orders import state as orders
from dispute.domain.orders.payments.bank import OF_THE_BANK, guard_paid, word_on_paid
from dispute.domain.orders.refund import FOUND, is_in_doubt
from dispute.domain.orders.release import release_late
from dispute.domain.orders.returns.passed import passed_parts, refund_of_passed
from dispute.domain.orders.returns.steps import RETURN_RULES
from dispute.domain.orders.state import Order
from dispute.domain.rejections import NotAskedFor
from shared.decider import Decided
from shared.events.base import Event, Instant, StreamName
from shared.events.dispute import (
    EscalationReason,
    RefundNoted,
    RefundOutcome,
    ReturnNoted,
    ReturnOutcome,
)
from shared.events.inspection import InspectedPieces
from shared.events.money import Money
from shared.events.order import LineAmount


class NoteCommand(DisputeAndOrderCommand):
    """What another service's event says about a dispute; the event names the order too."""

    order_id: str

    @property
    def streams(self) -> Sequence[StreamName]:
        return (StreamName(f"dispute-{self.dispute_id}"), StreamName(f"order-{self.order_id}"))


class NoteRefund(NoteCommand):
    refund_id: str
    outcome: RefundOutcome
    amount: Money
    lines: tuple[LineAmount, ...]
    reason: str | None
    source_event: str
    expected_from: Instant | None = None
    expected_until: Instant | None = None
    in_doubt: tuple[LineAmount, ...] = ()


def note_refund(command: NoteRefund, dispute: Dispute, order: Order) -> tuple[list[Event], list[Event]]:
    """The refund's outcome; once it is paid the dispute closes and the hold ends (T33, T39). What was paid is noted
    once, and no later word makes it unpaid; what a bank makes of it is noted beside (T32a). What was given
    up in doubt is kept until that is over (T31a).
    """
    guard_asked(command.refund_id in dispute.refunds)
    asked = dispute.refunds[command.refund_id]
    ends_doubt = is_in_doubt(order.lines, command.refund_id, command.dispute_id, command.lines)
    if command.outcome in FOUND and not ends_doubt:
        return [], []
    if asked.is_paid and command.outcome not in FOUND:
        word = word_on_paid(command.outcome, asked.said)
        noted = _noted(command, word) if word else None
        return ([noted], [noted]) if noted else ([], [])
    guard_paid(command.outcome)
    noted = _noted(command, command.outcome)
    followed = with_sellers_part(command, dispute, [noted])
    of_order = release_late(order, [noted], command.at) if ends_doubt else [noted]
    return ended_if_over(command, followed, dispute, orders.after(order, of_order), of_order)


def _noted(command: NoteRefund, outcome: RefundOutcome) -> RefundNoted:
    return RefundNoted(
        refund_id=command.refund_id,
        order_id=command.order_id,
        dispute_id=command.dispute_id,
        outcome=outcome,
        amount=command.amount,
        lines=command.lines,
        reason=command.reason,
        expected_from=command.expected_from,
        expected_until=command.expected_until,
        in_doubt=command.in_doubt,
        source_event=command.source_event,
        noted_at=command.at,
        rules=_REFUND_RULES[outcome],
    )


_REFUND_RULES = {
    RefundOutcome.ISSUED: ("S57", "S58"),
    RefundOutcome.FAILED: ("S63",),
    RefundOutcome.SENT_TO_MANUAL: ("S63", "T31a"),
    RefundOutcome.REFUSED: ("S45", "T30a"),
    RefundOutcome.ABANDONED: ("T30a", "T31a"),
    **OF_THE_BANK,
    RefundOutcome.FOUND_PAID: ("S57", "T31a"),
    RefundOutcome.FOUND_UNPAID: ("T31a",),
}


def guard_asked(asked: bool) -> None:
    """A step of what this dispute has not asked for is noted once it has: a restore has lost that it did, and noted
    now it would bring nothing, then or later.
    """
    if not asked:
        raise NotAskedFor("The dispute has not asked for it, or a restore has lost that it did.")


class NoteReturn(NoteCommand):
    """A step of the return; `pieces` and `evidence` are what was found and shown of goods that were inspected."""

    return_id: str
    outcome: ReturnOutcome
    reason: str | None
    source_event: str
    pieces: tuple[InspectedPieces, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def streams(self) -> Sequence[StreamName]:
        return (*super().streams, *named_streams(self.evidence, f"dispute-{self.dispute_id}"))


def note_return(command: NoteReturn, dispute: Dispute, order: Order, *evidence: Evidence) -> Decided:
    """A step of the return: goods that passed bring the money, anything wrong goes to the case team, what was not sent
    ends the dispute (T24-T28, T22a).
    """
    guard_asked(command.return_id == dispute.return_id)
    fails = command.outcome is ReturnOutcome.FAILED and is_to_bring_money(dispute)
    parts = _passed(command, dispute) if fails else ()
    noted = ReturnNoted(
        return_id=command.return_id,
        order_id=dispute.opened.order_id,
        dispute_id=command.dispute_id,
        outcome=command.outcome,
        reason=command.reason,
        source_event=command.source_event,
        noted_at=command.at,
        pieces=command.pieces,
        passed=parts,
        rules=RETURN_RULES.get(command.outcome, ("S81",)),
    )
    if not fails:
        happened = [noted, *_after_return(command, dispute)]
        return *ended_if_over(command, happened, dispute, order), *([] for _ in evidence)
    shown = shown_at_inspection(dispute.opened, evidence, command.at)
    return [noted, *_failed(command, dispute, parts), *chain(*shown)], [], *shown


RETURNING = (DisputeState.AGREED, DisputeState.DECIDED, DisputeState.APPEAL_REVIEW)
"""The states in which goods that come back bring money, or a dispute about them (T26, T27)."""


def is_to_bring_money(dispute: Dispute) -> bool:
    """Whether the goods would: it may be under way already, since the order was cancelled (T45), or an appeal let the
    buyer keep them (T18), with their money or a replacement.
    """
    if dispute.state not in RETURNING or not dispute.solution or dispute.refunds or dispute.cancelled:
        return False
    return not dispute.solution.replacement_until


def _passed(command: NoteReturn, dispute: Dispute) -> tuple[LineAmount, ...]:
    assert dispute.solution
    quantities = {line.line_id: line.quantity for line in dispute.opened.lines}
    return passed_parts(dispute.solution.lines, quantities, command.pieces)


def _failed(command: NoteReturn, dispute: Dispute, passed: Sequence[LineAmount]) -> list[Event]:
    """T27: what passed is paid, and the rest goes to the case team."""
    to_the_team = escalated(dispute, EscalationReason.RETURN_CONDITION, command.at)
    if not passed:
        return [to_the_team]
    refund = refund_of_passed(command, dispute.opened, command.return_id, dispute.received_at, passed)
    return [*with_sellers_part(command, dispute, [refund]), to_the_team]


def _after_return(command: NoteReturn, dispute: Dispute) -> list[Event]:
    if not is_to_bring_money(dispute):
        return []
    assert dispute.solution
    match command.outcome:
        case ReturnOutcome.PASSED | ReturnOutcome.NOT_INSPECTED | ReturnOutcome.LOST:
            return with_sellers_part(command, dispute, [refund_due(command, dispute, dispute.solution)])
        case ReturnOutcome.LOST_BY_OWN_CARRIER:
            return [escalated(dispute, EscalationReason.RETURN_LOST, command.at)]
        case ReturnOutcome.DENIED:
            return [escalated(dispute, EscalationReason.RETURN_IMPOSSIBLE, command.at)]
        case _:
            return []
