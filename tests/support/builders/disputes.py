"""Builders of disputes: what the parties, the timers and the other services ask, and disputes as they then stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from dispute.domain.conversations.messages import PostMessage
from dispute.domain.deadlines import ExpireDeadline
from dispute.domain.decider import decider
from dispute.domain.disputes.agreement.offers import CounterOffer
from dispute.domain.disputes.agreement.replacement import NoteArrival, ReceiveReplacement, ShipReplacement
from dispute.domain.disputes.cancellation import CancelDispute
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.fulfilment import NoteRefund, NoteReturn
from dispute.domain.disputes.mediation.re_request import AskAgain
from dispute.domain.disputes.negotiation import AcceptSolution, ModifyRequest, RespondToDispute
from dispute.domain.disputes.opening.contested import ContestReturn
from dispute.domain.disputes.opening.opening import OpenDispute
from dispute.domain.disputes.state import Dispute
from dispute.domain.orders.cancellation import NoteOrderRefund
from dispute.domain.orders.re_request import AskOrderAgain
from dispute.domain.orders.returns.steps import CONTESTED, NoteOrderReturn, StepOfReturn
from shared.events.base import SYSTEM, Actor, Event
from shared.events.calendar import within_days
from shared.events.dispute import Decision, Reason, RefundDue, RefundOutcome, ReturnDue, ReturnOutcome, SolutionType
from shared.events.envelope import Metadata, Recorded
from shared.events.ids import derived_id, derived_uuid
from shared.events.inspection import InspectedPieces, InspectionFault, InspectionResult
from shared.events.order import LineAmount
from tests.support.builders.orders import BUYER, ORDER, SELLER, SHOP, Histories, after, expire_stream, on, order, usd


def open_dispute(at: datetime, actor: Actor = BUYER, amount: str = "50.00", n: int = 1, **changed: Any) -> OpenDispute:
    """The buyer asks for the whole of the first line's money, since nothing came, or late where it is to go back; `n`
    tells several disputes apart.
    """
    goes_back = changed.get("type") == SolutionType.RETURN_AND_REFUND
    plain: dict[str, Any] = {
        "order_id": ORDER,
        "lines": (RequestedLine(line_id="l1", quantity=1),),
        "reason": Reason.LATE if goes_back else Reason.NOT_RECEIVED,
        "type": SolutionType.REFUND_ONLY,
        "description": "Nothing came.",
        "evidence": (),
        "contacted_seller": False,
    }
    return OpenDispute(command_id=derived_uuid("open", n), actor=actor, at=at, amount=usd(amount), **plain | changed)


@cache
def dispute_id(n: int = 1) -> str:
    """The id of the `n`th dispute."""
    return open_dispute(on("Mar 12"), n=n).dispute_id


def dispute_stream(n: int = 1) -> str:
    return f"dispute-{dispute_id(n)}"


def on_dispute(name: str, actor: Actor, at: datetime, n: int) -> dict[str, Any]:
    return {"command_id": derived_uuid(name, at, n), "actor": actor, "at": at, "dispute_id": dispute_id(n)}


def offer(amount: str, type_: SolutionType = SolutionType.REFUND_ONLY, **more: Any) -> CounterOffer:
    return CounterOffer(type=type_, amount=usd(amount), **more)


def respond(decision: Decision, at: datetime, actor: Actor = SELLER, n: int = 1, **more: Any) -> RespondToDispute:
    plain: dict[str, Any] = {"solution": None, "reason": None}
    return RespondToDispute(decision=decision, **on_dispute("respond", actor, at, n), **plain | more)


def counter(at: datetime, amount: str = "20.00", n: int = 1, **more: Any) -> RespondToDispute:
    """The seller offers that much instead, or the `solution` named."""
    return respond(Decision.COUNTER, at, n=n, **{"solution": offer(amount)} | more)


def accept(at: datetime, actor: Actor = BUYER, n: int = 1) -> AcceptSolution:
    return AcceptSolution(**on_dispute("accept", actor, at, n))


def modify(at: datetime, actor: Actor = BUYER, amount: str | None = None, n: int = 1, **changed: Any) -> ModifyRequest:
    plain: dict[str, Any] = {"type": None, "reason": None, "description": None, "evidence": ()}
    return ModifyRequest(
        amount=usd(amount) if amount else None, **on_dispute("modify", actor, at, n), **plain | changed
    )


def sent_again(type_: SolutionType = SolutionType.REPLACEMENT) -> CounterOffer:
    """The seller offers another item, and no money."""
    return offer("0.00", type_)


def ship(at: datetime, actor: Actor = SELLER, n: int = 1, number: str = "RR1ES") -> ShipReplacement:
    return ShipReplacement(tracking_number=number, **on_dispute("ship", actor, at, n))


def receive(at: datetime, actor: Actor = BUYER, n: int = 1, received_at: datetime | None = None) -> ReceiveReplacement:
    return ReceiveReplacement(received_at=received_at, **on_dispute("receive", actor, at, n))


def arrive(at: datetime, actor: Actor = SHOP, n: int = 1, received_at: datetime | None = None) -> NoteArrival:
    """A carrier's word that the replacement has come."""
    return NoteArrival(received_at=received_at, **on_dispute("arrive", actor, at, n))


def say(at: datetime, actor: Actor = BUYER, n: int = 1, **more: Any) -> PostMessage:
    """A message, to all where nobody is named."""
    plain: dict[str, Any] = {"text": "Where is it?", "order_id": ORDER}
    return PostMessage(**on_dispute(f"say {more}", actor, at, n), **plain | more)


def cancel(at: datetime, actor: Actor = BUYER, acknowledge_release: bool = False, n: int = 1) -> CancelDispute:
    named = on_dispute("cancel", actor, at, n) | {"has_key": True, "has_seen": True}
    return CancelDispute(acknowledge_release=acknowledge_release, **named)


def expire(kind: str, due_at: datetime, at: datetime | None = None) -> ExpireDeadline:
    """The timer of the first dispute asks at its instant or at a later one."""
    return expire_stream(dispute_stream(), kind, due_at, at)


def note_refund(
    due: RefundDue, at: datetime, outcome: RefundOutcome = RefundOutcome.ISSUED, reason: str | None = None
) -> NoteRefund | NoteOrderRefund:
    """The refund service's answer to what the dispute, or the order alone, asked for."""
    whose = {"dispute_id": due.dispute_id} if due.dispute_id else {}
    return (NoteRefund if due.dispute_id else NoteOrderRefund)(
        command_id=derived_uuid("note_refund", due.refund_id, outcome),
        actor=SYSTEM,
        at=at,
        **whose,
        order_id=due.order_id,
        refund_id=due.refund_id,
        outcome=outcome,
        amount=due.amount,
        lines=due.lines,
        reason=reason,
        source_event=f"payment-{due.order_id}/7",
    )


def ask_again(due: RefundDue, at: datetime, amount: str | None = None, n: int = 1) -> AskAgain | AskOrderAgain:
    """Support asks for a refused refund again, for the `n`th time; so much of its only line, unless it is all."""
    whose = {"dispute_id": due.dispute_id} if due.dispute_id else {}
    command_id = derived_uuid("ask_again", due.refund_id, n)
    return (AskAgain if due.dispute_id else AskOrderAgain)(
        command_id=command_id,
        actor=SYSTEM,
        at=at,
        **whose,
        order_id=due.order_id,
        refund_id=derived_id("rfd", due.order_id, command_id),
        replaces=due.refund_id,
        lines=(LineAmount(line_id=due.lines[0].line_id, amount=usd(amount)),) if amount else due.lines,
    )


def note_return(
    due: ReturnDue, outcome: ReturnOutcome, at: datetime, reason: str | None = None, **found: Any
) -> NoteReturn | StepOfReturn:
    """The return-label service's word on the return that the dispute asked for, or the order itself; `found` are the
    pieces and the evidence of an inspection; what its seller denies may be disputed for some days.
    """
    alone = ContestReturn if outcome in CONTESTED else NoteOrderReturn
    denied = outcome is ReturnOutcome.DENIED and due.dispute_days is not None
    until = within_days(at, due.dispute_days or 0, due.timezone) if denied else None
    whose = {"dispute_id": due.dispute_id} if due.dispute_id else {"dispute_until": until}
    return (NoteReturn if due.dispute_id else alone)(
        command_id=derived_uuid("note_return", due.return_id, outcome),
        actor=SYSTEM,
        at=at,
        **whose,
        order_id=due.order_id,
        return_id=due.return_id,
        outcome=outcome,
        reason=reason,
        source_event=f"return-{due.return_id}/2",
        **found,
    )


def found(line_id: str, passed: int = 0, failed: int = 0) -> tuple[InspectedPieces, ...]:
    """So many pieces of a line passed, and so many were damaged."""
    counted = ((passed, InspectionResult.PASSED, None), (failed, InspectionResult.FAILED, InspectionFault.DAMAGED))
    return tuple(
        InspectedPieces(line_id=line_id, quantity=count, result=result, fault=fault)
        for count, result, fault in counted
        if count
    )


def opened(
    at: datetime | None = None, happened: Mapping[str, Sequence[Event]] | None = None, **changed: Any
) -> Histories:
    """A dispute on an order that was shipped on 1 March, opened on 12 March at noon: D1 is 18 March."""
    return after(happened or order(shipped="Mar 1"), open_dispute(at or on("Mar 12"), **changed))


def countered(**changed: Any) -> Histories:
    """The seller offered 20.00 on 13 March at noon: D2 is 19 March, D4 is 21 March."""
    return after(opened(), counter(on("Mar 13"), **changed))


def agreed(type_: SolutionType = SolutionType.REFUND_ONLY, amount: str = "50.00", **changed: Any) -> Histories:
    """The seller accepted the request on 13 March at noon."""
    return after(opened(type=type_, amount=amount, **changed), respond(Decision.ACCEPT, on("Mar 13")))


def replacing(type_: SolutionType = SolutionType.REPLACEMENT) -> Histories:
    """The buyer accepted a replacement on 14 March at noon: D13 is 14 April."""
    return after(countered(solution=sent_again(type_)), accept(on("Mar 14")))


def dispute_of(happened: Mapping[str, Sequence[Event]], n: int = 1) -> Dispute:
    folded = decider.fold(dispute_stream(n), happened[dispute_stream(n)])
    assert isinstance(folded, Dispute)
    return folded


def history_of(happened: Mapping[str, Sequence[Event]], n: int = 1) -> list[Recorded[Event]]:
    """The stream of the `n`th dispute as a log holds it that holds nothing else."""
    metadata, stream = Metadata(on("Mar 12"), UUID(int=1), "", str(SYSTEM), "", None, None, ORDER), dispute_stream(n)
    return [Recorded(stream, version, version, event, metadata) for version, event in enumerate(happened[stream], 1)]


def refund_due(happened: Mapping[str, Sequence[Event]], n: int = 1) -> RefundDue:
    """The money that the `n`th dispute asked for last."""
    return next(event for event in reversed(happened[dispute_stream(n)]) if isinstance(event, RefundDue))


def return_due(happened: Mapping[str, Sequence[Event]], n: int = 1) -> ReturnDue:
    return next(event for event in happened[dispute_stream(n)] if isinstance(event, ReturnDue))
