"""Ending: whether nothing is left to do of what was decided or agreed, and the end that then follows (T33)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce

from dispute.domain.disputes.case import ruling_in
from dispute.domain.disputes.difference import Parts, all_paid, given_up, is_settled
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.settlement import closed
from dispute.domain.disputes.state import SETTLED, Dispute, DisputeState, evolve
from dispute.domain.orders.release import end_hold
from dispute.domain.orders.state import Order
from shared.events.base import Command, Event
from shared.events.dispute import SENT_AGAIN, CloseReason, DisputeClosed, Solution, SolutionType
from shared.events.mediation import Ruling
from shared.events.money import Money
from shared.events.open_enums import known
from shared.events.order import HoldEnd

OfDisputeAndOrder = tuple[list[Event], list[Event]]
"""What happens to the dispute, and to its order."""


def ruling_of(dispute: Dispute) -> Ruling | None:
    """What the platform's last word says."""
    ruled = dispute.case.ruled
    return ruling_in(ruled) if ruled else None


def stands(dispute: Dispute, request: Solution) -> tuple[SolutionType, Money]:
    """What goes back and how much: all of a cancelled order, else what was decided or agreed last, or asked for."""
    gone = dispute.cancelled
    return (SolutionType.REFUND_ONLY, gone.amount) if gone else dispute.case.decided_or(request)


def has_lapsed(dispute: Dispute) -> bool:
    """What was to go back before the money did not in time, so no money follows (T24)."""
    said = dispute.solution if dispute.state in SETTLED else None
    if said is None or known(said.solution.type) != SolutionType.RETURN_AND_REFUND:
        return False
    return dispute.fulfilment == Fulfilment.LAPSED and not dispute.refunds and not dispute.cancelled


def is_over(dispute: Dispute) -> bool:
    """T33: what the last word says is what was paid, or given up, and nothing is to come. T24: what was to go back was
    not sent in time.
    """
    if has_lapsed(dispute):
        return not dispute.case.appeal_until
    said = () if dispute.closed else _said(dispute)
    return bool(said) and not dispute.replacement.is_awaited and all_paid(dispute) and is_settled(dispute, said)


def _said(dispute: Dispute) -> Parts:
    """What the last word says of every line; nothing while it may be appealed, or waits for goods."""
    if dispute.state == DisputeState.DECIDED and not dispute.case.appeal_until:
        ruling = ruling_of(dispute)
        return ruling.lines if ruling else ()
    if dispute.cancelled:
        return dispute.cancelled.lines
    agreed = dispute.solution if dispute.state == DisputeState.AGREED else None
    if agreed is None or (known(agreed.solution.type) == SolutionType.RETURN_AND_REFUND and not dispute.refunds):
        return ()
    return agreed.lines


def ended(dispute: Dispute, at: datetime, rule: str) -> DisputeClosed:
    """The end by this rule, with the amount of the last word (S52), of a cancelled order all that went back (T45); less
    what was given up.
    """
    if has_lapsed(dispute):
        nothing = Money.zero(dispute.opened.request.amount)
        return closed(dispute, CloseReason.RETURN_LAPSED, nothing, at, ("T24", "D9", "S52"))
    if gone := dispute.cancelled:
        kind, amount, rules = None, gone.amount, (*gone.rules, rule, "S52")
    elif dispute.state == DisputeState.DECIDED and (ruling := ruling_of(dispute)):
        kind, amount, rules = ruling.type, ruling.amount, (rule, "S52")
    else:
        assert dispute.solution
        agreed = dispute.solution.solution
        kind, amount, rules = agreed.type, agreed.amount, (rule, "S52")
    left = replace(amount, minor=amount.minor - sum(given_up(dispute).values()))
    return closed(dispute, _reason(kind, left), left, at, rules)


def ended_if_over(
    command: Command,
    events: Sequence[Event],
    dispute: Dispute,
    order: Order,
    of_order: Sequence[Event] = (),
    rule: str = "T33",
) -> OfDisputeAndOrder:
    """What follows, and the end of the dispute and of its hold, where nothing is left to do (T33) and no bank is to
    decide (T34).
    """
    since = reduce(evolve, events, dispute)
    if not is_over(since) or since.chargebacks.open or order.chargebacks.open:
        return [*events], [*of_order]
    because = HoldEnd.DECIDED if since.state == DisputeState.DECIDED else HoldEnd.AGREED
    return [*events, ended(since, command.at, rule)], [*of_order, *end_hold(order, dispute.opened, because, command.at)]


def reason_of(ruling: Ruling) -> CloseReason:
    """How a dispute with this ruling ends."""
    return _reason(ruling.type, ruling.amount)


def _reason(kind: SolutionType | None, amount: Money) -> CloseReason:
    if kind in SENT_AGAIN:
        return CloseReason.REPLACED
    return CloseReason.REFUNDED if amount else CloseReason.NO_REFUND
