"""Settlement: a solution is reached, and the money or first the goods are asked for (T2, T5, T6, T22, T29)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce

from dispute.domain.deadlines import replacement_due
from dispute.domain.disputes.case import BY_THE_TEAM
from dispute.domain.disputes.difference import (
    Minor,
    Parts,
    asked_for,
    asked_of_seller,
    difference,
    is_asked_back,
    owed_by_seller,
    paid_out,
    passed,
    sums,
)
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import SETTLED, Dispute, DisputeState, evolve
from dispute.domain.orders.refund import due_for
from shared.events.base import Command, Event
from shared.events.dispute import (
    SENT_AGAIN,
    UNWANTED,
    CloseReason,
    DisputeClosed,
    DisputedLine,
    Payer,
    ReachedType,
    RefundDue,
    RefundSource,
    ReplacementNotDue,
    ReturnDue,
    ReturnLine,
    ReturnNotDue,
    ReturnOutcome,
    Solution,
    SolutionReached,
    SolutionType,
)
from shared.events.ids import derived_id
from shared.events.mediation import ClawbackNotDue, ClawbackRequested
from shared.events.money import Money, total
from shared.events.open_enums import known
from shared.events.order import LineAmount


def reach(
    command: Command, dispute: Dispute, solution: Solution, reached_type: ReachedType, rules: tuple[str, ...]
) -> list[Event]:
    """The solution, and in the same append what it asks for: the money, or first the goods (K14)."""
    reached = SolutionReached(
        dispute_id=dispute.opened.dispute_id,
        reached_type=reached_type,
        solution=solution,
        lines=split(solution.amount, dispute.opened.lines, passed(dispute)),
        reached_at=command.at,
        replacement_until=replacement_until(dispute, solution.type, command.at),
        rules=rules,
    )
    return [reached, *asked_by(command, dispute, reached)]


def asked_by(command: Command, dispute: Dispute, reached: SolutionReached) -> list[Event]:
    """What the solution asks for: first the goods, or the difference in money to what was asked for before."""
    if known(reached.solution.type) == SolutionType.RETURN_AND_REFUND and not asked_for(dispute):
        return [return_due(command, dispute, reached)]
    return moved(command, dispute, reached.lines, reached, reached.rules)


def moved(
    command: Command, dispute: Dispute, lines: Parts, reached: SolutionReached | None, rules: tuple[str, ...]
) -> list[Event]:
    """The difference that these amounts make: more is asked for, less is asked back, never a silent debit (K18, K19).
    What is asked back and not collected is withdrawn first, and not paid again.
    """
    more, less = difference(dispute, lines)
    refunds: list[Event] = [refund_due(command, dispute, reached, more)] if reached and more else []
    if is_asked_back(dispute, less):
        return with_sellers_part(command, dispute, refunds)
    requested = [_clawback(command, dispute, "buyer", less, ("K18", "K19", *rules))] if less else []
    return with_sellers_part(command, dispute, [*refunds, *not_asked_back(dispute, rules), *requested])


def not_asked_back(dispute: Dispute, rules: tuple[str, ...]) -> list[Event]:
    """What is asked back is left to the buyer, or asked for anew."""
    return _withdrawn(dispute.case.asked_back, ("K18", *rules))


def with_sellers_part(command: Command, dispute: Dispute, events: Sequence[Event]) -> list[Event]:
    """The events, and what they change of what is asked of a seller who was paid before: what the buyer has (K19)."""
    since = reduce(evolve, events, dispute) if paid_out(dispute) else dispute
    owed = owed_by_seller(since)
    if sums(owed) == asked_of_seller(since):
        return [*events]
    requested = [_clawback(command, dispute, "seller", owed, ("K19", "S17"))] if owed else []
    return [*events, *_withdrawn(since.case.asked_of("seller"), ("K19",)), *requested]


def _withdrawn(back: ClawbackRequested | None, rules: tuple[str, ...]) -> list[Event]:
    same = {name: value for name, value in back or () if name in ClawbackNotDue.model_fields}
    return [ClawbackNotDue(**same | {"rules": rules})] if back else []


def _clawback(
    command: Command, dispute: Dispute, party: str, parts: Parts, rules: tuple[str, ...]
) -> ClawbackRequested:
    opened = dispute.opened
    name = () if party == "buyer" else (party, opened.dispute_id)
    return ClawbackRequested(
        clawback_id=derived_id("clw", opened.order_id, command.command_id, *name),
        dispute_id=opened.dispute_id,
        order_id=opened.order_id,
        payment_id=opened.payment_id,
        party=party,
        lines=tuple(parts),
        amount=total([part.amount for part in parts]),
        rules=rules,
    )


def replacement_until(dispute: Dispute, kind: SolutionType, at: datetime) -> datetime | None:
    """Until when what is sent again has to come (D13)."""
    return replacement_due(dispute.terms, at) if known(kind) in SENT_AGAIN else None


def refund_due(
    command: Command, dispute: Dispute, reached: SolutionReached, parts: Sequence[LineAmount] = ()
) -> RefundDue:
    """Asks for the money of the solution, or of these parts of it (S57, S51)."""
    opened = dispute.opened
    lines = tuple(part for part in parts or reached.lines if part.amount)
    decided = reached.reached_type in BY_THE_TEAM
    return due_for(
        opened.terms,
        lines,
        RefundSource.MEDIATION if decided else RefundSource.AGREEMENT,
        ("S57", *reached.rules),
        refund_id=derived_id("rfd", opened.order_id, command.command_id),
        order_id=opened.order_id,
        payment_id=opened.payment_id,
        dispute_id=opened.dispute_id,
        return_id=dispute.return_id,
        buyer_id=opened.buyer_id,
        seller_id=opened.seller_id,
        refund_after_return_bd=opened.terms.refund_after_return_bd if dispute.return_id else None,
        received_at=dispute.received_at,
    )


def nothing_sent(dispute: Dispute, rules: tuple[str, ...]) -> list[Event]:
    """A replacement that is no longer due, or due anew by this ruling (T40)."""
    awaited = dispute.replacement.is_awaited
    return [ReplacementNotDue(dispute_id=dispute.opened.dispute_id, rules=rules)] if awaited else []


def goods_kept(dispute: Dispute, rules: tuple[str, ...]) -> list[Event]:
    """A return that is no longer due, as long as nothing was sent."""
    if dispute.fulfilment != Fulfilment.RETURN_PENDING or not dispute.return_id:
        return []
    opened = dispute.opened
    whose = {"dispute_id": opened.dispute_id, "order_id": opened.order_id, "buyer_id": opened.buyer_id}
    return [ReturnNotDue(return_id=dispute.return_id, **whose, rules=rules)]


def goods_gone(dispute: Dispute) -> bool:
    """A return was asked for already, or its money: there is none twice, and another ruling may leave it."""
    ruled = dispute.state in (*SETTLED, DisputeState.APPEAL_REVIEW)
    stays = ruled and dispute.solution and dispute.solution.solution.type == SolutionType.RETURN_AND_REFUND
    stays = stays and dispute.returned != ReturnOutcome.LAPSED
    return not stays and (dispute.return_id is not None or bool(dispute.refunds))


CAME_TO_NOTHING = (CloseReason.CANCELLED_BY_BUYER, CloseReason.ERRONEOUS, CloseReason.EXTERNAL_CHARGEBACK)


def closed(
    dispute: Dispute, reason: CloseReason, amount: Money, closed_at: datetime, rules: tuple[str, ...]
) -> DisputeClosed:
    """The end, with the solution that it came to; what the buyer withdrew, nobody should have opened, or a bank or a
    cancelled order has overtaken, came to none (S52, T35, T45).
    """
    none = dispute.cancelled or reason in CAME_TO_NOTHING
    reached = None if none else dispute.solution
    decided = dispute.case.reached if dispute.state == DisputeState.DECIDED and not none else None
    return DisputeClosed(
        dispute_id=dispute.opened.dispute_id,
        reason=reason,
        reached_type=reached.reached_type if reached else decided,
        solution=reached.solution if reached else None,
        amount=amount,
        closed_at=closed_at,
        rules=rules,
    )


def return_due(command: Command, dispute: Dispute, reached: SolutionReached) -> ReturnDue:
    """Asks for the goods: who pays the freight is what was agreed, else the seller where the reason is a fault (K26).
    They go to the agreed address, else to the order's, else to the warehouse (K22). Of what was decided a line without
    money stays with the buyer.
    """
    opened, terms, reason = dispute.opened, dispute.terms, dispute.reason or dispute.opened.reason
    address_ref = reached.solution.address_ref or opened.return_address_ref
    return ReturnDue(
        return_id=derived_id("ret", opened.order_id, command.command_id),
        dispute_id=opened.dispute_id,
        order_id=opened.order_id,
        buyer_id=opened.buyer_id,
        seller_id=opened.seller_id,
        lines=tuple(
            ReturnLine(line_id=line.line_id, quantity=line.quantity)
            for line, part in zip(opened.lines, reached.lines, strict=True)
            if part.amount or reached.reached_type not in BY_THE_TEAM
        ),
        reason=reason,
        freight_payer=reached.solution.freight_payer or (Payer.BUYER if reason in UNWANTED else Payer.SELLER),
        address_ref=address_ref,
        warehouse=None if address_ref else terms.return_warehouse,
        ship_days=terms.return_ship_days,
        transit_alarm_days=terms.return_transit_alarm_days,
        inspect_bd=terms.return_inspect_bd,
        timezone=terms.timezone,
        suspended=opened.no_return,
        points=opened.return_points,
        rules=("K26", "K22", *reached.rules),
    )


def split(amount: Money, lines: Sequence[DisputedLine], gone: Minor | None = None) -> tuple[LineAmount, ...]:
    """The amount over the lines in proportion to their caps, each part at most its cap (G9); of what is `gone` of a
    line already the rest alone (T27).
    """
    least = [(gone or {}).get(line.line_id, 0) for line in lines]
    weights = [line.cap.minor - part for line, part in zip(lines, least, strict=True)]
    rest = replace(amount, minor=amount.minor - sum(least))
    parts = [part.minor for part in rest.split(weights)] if rest or any(weights) else [0] * len(lines)
    amounts = [replace(amount, minor=part + there) for part, there in zip(parts, least, strict=True)]
    return tuple(LineAmount(line_id=line.line_id, amount=each) for line, each in zip(lines, amounts, strict=True))
