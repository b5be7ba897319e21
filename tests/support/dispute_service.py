"""A dispute service without machinery: streams, the rows of due deadlines, and a clock; commands are decided one after
the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispute.domain.decider import decider
from dispute.domain.disputes.difference import paid_out
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.orders.state import Order
from shared.decider import Clear, Start
from shared.events.base import Command, Event, StreamName
from shared.events.codec import decode, encode
from shared.events.dispute import (
    RefundDue,
    RefundNoted,
    RefundOutcome,
    ReturnDue,
    ReturnNotDue,
    ReturnNoted,
    ReturnOutcome,
)
from shared.events.mediation import ClawbackRequested
from shared.events.mediation.clawbacks import ClawbackFailed, ClawbackSettled
from shared.events.order import PaymentReleased, RefundNotDue
from shared.events.slot import slot_of_stream
from shared.rejections import Rejected
from tests.support.builders.orders import ORDER_STREAM, expire_stream
from tests.support.legal_events import legal

KINDS = {category: stream.kinds for category, stream in decider.streams.items()}
MINUTE = timedelta(minutes=1)


class Market:
    """One order with its disputes."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.streams: dict[str, list[Event]] = {}
        self.rows: dict[tuple[str, str], datetime] = {}
        self.known: set[UUID] = set()
        self.refusals: Counter[str] = Counter()
        self._folded: dict[str, tuple[int, Any]] = {}

    def ask(self, command: Command) -> Sequence[Event]:
        """Decides and appends; a repeat is recognised, a refusal counted, and any other exception is a defect."""
        self.now += MINUTE
        named = [stream.name for stream in command.streams if isinstance(stream, StreamName)]
        assert len(set(map(slot_of_stream, named))) == 1, "a command has one slot"
        if command.command_id in self.known:
            return ()
        try:
            by_stream = self.decided(command)
        except Rejected as refusal:
            self.refusals[refusal.code] += 1
            return ()
        happened = [(stream, event) for stream, events in by_stream.items() for event in events]
        for stream, event in happened:
            self._append(stream, event)
        self.known |= {command.command_id} if happened else set()
        return [event for _, event in happened]

    def decided(self, command: Command) -> Mapping[str, Sequence[Event]]:
        """What the command would add to each stream; the rejection is raised."""
        names = [stream.name if isinstance(stream, StreamName) else ORDER_STREAM for stream in command.streams]
        found = decider.decide(command, *map(self.state, names))
        parts = found if isinstance(found, tuple) else (found,)
        return dict(zip(names, parts, strict=False))

    def _append(self, stream: str, event: Event) -> None:
        before = self.state(stream)
        assert legal(before, event), f"{type(event).__name__} is not legal after {before}"
        assert decode(*encode(event)) == event
        self.streams.setdefault(stream, []).append(event)
        for change in decider.deadlines(stream, event):
            match change:
                case Start(kind, due_at):
                    self.rows[stream, kind] = due_at
                case Clear(kind):
                    self.rows.pop((stream, kind), None)

    def fire(self, stream: str, kind: str) -> Sequence[Event]:
        """The due loop asks about a row that is due, and drops it where the fold says that nobody wants it."""
        due_at = self.rows[stream, kind]
        events = self.ask(expire_stream(stream, kind, due_at, max(self.now, due_at)))
        if not events:
            assert self.state(stream).due(kind) != due_at, f"{kind} of {stream} is asked about in vain"
            self.rows.pop((stream, kind))
        return events

    def due(self) -> list[tuple[str, str]]:
        """The rows that are due now, the earliest first."""
        return sorted((key for key, at in self.rows.items() if at <= self.now), key=lambda key: (self.rows[key], key))

    def state(self, stream: str) -> Any:
        events = self.streams.get(stream, ())
        version, folded = self._folded.get(stream, (0, None))
        if version != len(events) or folded is None:
            folded = decider.fold(stream, events[version:], folded)
            self._folded[stream] = len(events), folded
        return folded

    @property
    def order(self) -> Order:
        state = self.state(ORDER_STREAM)
        assert isinstance(state, Order)
        return state

    @property
    def disputes(self) -> Iterator[Dispute]:
        return (self.state(stream) for stream in self.streams if stream.startswith("dispute-"))

    @property
    def open_disputes(self) -> list[Dispute]:
        return [dispute for dispute in self.disputes if dispute.state != DisputeState.CLOSED]

    def events(self, *kinds: type[Event]) -> list[Any]:
        return [event for events in self.streams.values() for event in events if isinstance(event, kinds)]

    # What the other services still owe an answer to

    def unpaid(self) -> list[RefundDue]:
        """Money asked for and neither issued nor refused nor given up."""
        final = {RefundOutcome.ISSUED, RefundOutcome.REFUSED, RefundOutcome.ABANDONED}
        answered = {noted.refund_id for noted in self.events(RefundNoted) if noted.outcome in final}
        return [due for due in self.events(RefundDue) if due.refund_id not in answered]

    def paid(self) -> list[RefundDue]:
        """Money that was paid, wherever it is now."""
        paid = {noted.refund_id for noted in self.events(RefundNoted) if noted.outcome == RefundOutcome.ISSUED}
        return [due for due in self.events(RefundDue) if due.refund_id in paid]

    def refused(self) -> list[RefundDue]:
        """Money that was refused, and neither given up nor asked for again: people look at it."""
        last = {noted.refund_id: noted.outcome for noted in self.events(RefundNoted)}
        again = {event.replaces for event in self.events(RefundDue, RefundNotDue)}
        refused = [due for due in self.events(RefundDue) if last.get(due.refund_id) == RefundOutcome.REFUSED]
        return [due for due in refused if due.refund_id not in again]

    def under_way(self) -> list[tuple[ReturnDue, Sequence[ReturnOutcome]]]:
        """Goods asked for, with the steps that may come next."""
        last = {noted.return_id: noted.outcome for noted in self.events(ReturnNoted)}
        withdrawn = {event.return_id for event in self.events(ReturnNotDue)}
        waiting = (
            (due, _next_steps(due, last.get(due.return_id), due.return_id in withdrawn))
            for due in self.events(ReturnDue)
        )
        return [(due, steps) for due, steps in waiting if steps]

    def in_doubt(self) -> list[RefundDue]:
        """Money that was given up while nobody knew whether it was paid, and nobody knows yet."""
        last = {noted.refund_id: noted for noted in self.events(RefundNoted)}
        return [
            due
            for due in self.events(RefundDue)
            if (noted := last.get(due.refund_id)) and noted.outcome == RefundOutcome.ABANDONED and noted.in_doubt
        ]

    # Money by line, counted from the events alone

    def doubtful(self) -> Counter[str]:
        """What may be with the buyer of money that no seller was paid before."""
        by_dispute = {dispute.opened.dispute_id: paid_out(dispute) for dispute in self.disputes}
        counted: Counter[str] = Counter()
        for due in self.in_doubt():
            of_it = by_dispute.get(due.dispute_id or "", ())
            counted.update({part.line_id: part.amount.minor for part in due.lines if part.line_id not in of_it})
        return counted

    def refunded(self) -> Counter[str]:
        return _sum(
            [
                event
                for event in self.streams[ORDER_STREAM]
                if isinstance(event, RefundNoted) and event.outcome == RefundOutcome.ISSUED
            ]
        )

    def reclaimed(self) -> Counter[str]:
        """What was refunded of money that the seller had been paid before, or was left to him later."""
        by_dispute = {dispute.opened.dispute_id: paid_out(dispute) for dispute in self.disputes}
        counted: Counter[str] = Counter()
        for noted in self.streams[ORDER_STREAM]:
            if isinstance(noted, RefundNoted) and noted.outcome == RefundOutcome.ISSUED:
                of_it = by_dispute.get(noted.dispute_id or "", ())
                counted.update({part.line_id: part.amount.minor for part in noted.lines if part.line_id in of_it})
        counted.update(_sum([release for release in self.events(PaymentReleased) if release.clawback_id]))
        counted.update(self.given())
        return counted

    def given(self, *, come: bool = False) -> Counter[str]:
        """What sellers were paid and are asked for because they give it, and has not failed; or has `come` (K19)."""
        ends = {end.clawback_id: type(end) for end in self.events(ClawbackSettled, ClawbackFailed)}
        right = (ClawbackSettled,) if come else (ClawbackSettled, None)
        asked = [back for back in self.events(ClawbackRequested) if back.dispute_id is None]
        return _sum([back for back in asked if ends.get(back.clawback_id) in right])

    def released(self) -> Counter[str]:
        return _sum([event for event in self.streams[ORDER_STREAM] if isinstance(event, PaymentReleased)])


NEXT_STEPS: dict[ReturnOutcome | None, Sequence[ReturnOutcome]] = {
    None: (ReturnOutcome.AUTHORIZED, ReturnOutcome.DENIED),
    ReturnOutcome.AUTHORIZED: (ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED, ReturnOutcome.LAPSED),
    ReturnOutcome.SHIPPED: (ReturnOutcome.RECEIVED, ReturnOutcome.LOST, ReturnOutcome.LOST_BY_OWN_CARRIER),
    ReturnOutcome.RECEIVED: (ReturnOutcome.PASSED, ReturnOutcome.FAILED, ReturnOutcome.NOT_INSPECTED),
    ReturnOutcome.PASSED: (),
    ReturnOutcome.FAILED: (),
    ReturnOutcome.DENIED: (),
    ReturnOutcome.DENIAL_FINAL: (),
    ReturnOutcome.VOIDED: (),
    ReturnOutcome.LAPSED: (),
    ReturnOutcome.LOST: (),
    ReturnOutcome.LOST_BY_OWN_CARRIER: (),
    ReturnOutcome.NOT_INSPECTED: (),
}


def _next_steps(due: ReturnDue, last: ReturnOutcome | None, withdrawn: bool) -> Sequence[ReturnOutcome]:
    """A withdrawal makes the label void, or comes too late for a parcel that is on its way; what a seller has denied is
    final some time, disputed or not.
    """
    if last is ReturnOutcome.DENIED and due.dispute_days is not None:
        return (ReturnOutcome.DENIAL_FINAL,)
    void = (ReturnOutcome.VOIDED,) if withdrawn and last == ReturnOutcome.AUTHORIZED else ()
    return (*void, *NEXT_STEPS[last])


def _sum(events: Sequence[RefundNoted | PaymentReleased | ClawbackRequested]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for part in (part for event in events for part in event.lines):
        counted[part.line_id] += part.amount.minor
    return counted
