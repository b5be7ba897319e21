"""View of deadlines: every one that ever ran in a stream, why it ends when it does, and what happens then (D1-D8, P,
R).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from typing_extensions import TypedDict

from dispute.domain.deadlines import Counted, DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.orders.protection import protection_counted_from
from dispute.domain.orders.state import Order
from dispute.views.disputes.deadlines_rules import DEADLINE_RULES, Unit
from shared.decider import Clear, Start
from shared.events.base import Event, Instant, wire_time
from shared.events.calendar import days_within
from shared.events.dispute import RequestModified
from shared.events.envelope import Recorded
from shared.events.ids import derived_uuid
from shared.events.mediation import EvidenceRequested
from shared.events.order import Terms
from shared.rejections import snake_case

State = Literal["running", "paused", "cleared", "fired"]
PARAMETERS = {"protection_days": "protection.days", "undelivered_fallback_days": "protection.undelivered_fallback_days"}

REQUESTED, OWN_DAYS = snake_case(EvidenceRequested.__name__), "evidence_request.days"
"""What starts days that a request may name itself, and where these stand then."""


class FormulaView(TypedDict):
    """How its end was found: so many units from the anchor, by a parameter of the programme."""

    anchor: str
    anchor_at: Instant
    count: int
    unit: Unit
    timezone: str
    calendar: str | None
    parameter: str
    programme: str
    version: int


class MoveView(TypedDict):
    """Its end was moved, by which event and because of what."""

    from_at: Instant
    to_at: Instant
    because: str
    event: str


class LedgerEntry(TypedDict):
    """A deadline from its start to its end; `effect` is what happens by itself where nobody acts in time."""

    kind: str
    rule: str
    state: State
    party: str | None
    started_at: Instant
    due_at: Instant
    remaining_seconds: int | None
    formula: FormulaView
    started_by: str
    ended_by: str | None
    moves: Sequence[MoveView]
    effect: str
    rules: Sequence[str]


class Ledger(TypedDict):
    """Every deadline of a stream, the oldest first."""

    data: Sequence[LedgerEntry]


@dataclass(slots=True)
class Run:
    """One deadline while the stream's events go by."""

    kind: str
    due_at: datetime
    started: Recorded[Event]
    counted: Counted
    rested_at: datetime | None = None
    ended: Recorded[Event] | None = None
    moves: list[MoveView] = field(default_factory=list)

    @property
    def state(self) -> State:
        """A timer's command has an id of its own, so that it is known who ended the deadline."""
        if not self.ended:
            return "paused" if self.rested_at else "running"
        timer = derived_uuid(self.ended.stream, self.kind, wire_time(self.due_at))
        return "fired" if self.ended.metadata.command_id == timer else "cleared"


def ledger(history: Sequence[Recorded[Event]], terms: Terms | None) -> Ledger:
    """What the stream's events started, moved, rested and ended; `terms` are the order's."""
    runs: list[Run] = []
    standing: dict[str, Run] = {}
    state: Any = None
    for recorded, before in zip(history, [None, *history], strict=False):
        state = decider.fold(recorded.stream, [recorded.event], state)
        for change in decider.deadlines(recorded.stream, recorded.event):
            match change:
                case Start(kind, _) if decider.due(recorded.stream, state, kind) is None:
                    continue  # nobody waits for it any more: a survey that is answered (T18)
                case Start(kind, due_at) if run := standing.get(kind):
                    _goes_on(run, due_at, recorded, before, state)
                case Start(kind, due_at):
                    standing[kind] = run = Run(kind, due_at, recorded, _counted(kind, due_at, recorded, state))
                    runs.append(run)
                case Clear(kind) if run := standing.get(kind):
                    _rests_or_ends(run, recorded, standing)
    return {"data": [_entry(run, terms) for run in runs] if terms else []}


def _goes_on(run: Run, due_at: datetime, recorded: Recorded[Event], before: Recorded[Event] | None, state: Any) -> None:
    """It is started where it stands already: moved, or going on behind a rest."""
    run.rested_at = None
    if due_at != run.due_at:
        move: MoveView = {
            "from_at": run.due_at,
            "to_at": due_at,
            "because": _because(recorded, before),
            "event": recorded.id,
        }
        run.moves.append(move)
        run.due_at, run.counted = due_at, _counted(run.kind, due_at, recorded, state)


def _because(recorded: Recorded[Event], before: Recorded[Event] | None) -> str:
    """The fact behind which the move stands in the same append, or the event itself."""
    same = before and before.metadata.command_id == recorded.metadata.command_id
    return snake_case(type(before.event if before and same else recorded.event).__name__)


def _rests_or_ends(run: Run, recorded: Recorded[Event], standing: dict[str, Run]) -> None:
    """D4 rests while the seller is to answer (T7)."""
    if run.kind == DeadlineKind.NEGOTIATION and isinstance(recorded.event, RequestModified):
        run.rested_at = recorded.metadata.at
        return
    run.ended = recorded
    del standing[run.kind]


def _counted(kind: str, due_at: datetime, recorded: Recorded[Event], state: Any) -> Counted:
    """From what it is counted: a fact of the order, or the event that started it."""
    term = DEADLINE_RULES[kind].term
    if kind == DeadlineKind.RELEASE and isinstance(state, Order) and state.terms:
        return Counted("protection_expired", due_at - timedelta(hours=state.terms.release_delay_hours), term)
    if kind == DeadlineKind.PROTECTION_END and (counted := protection_counted_from(state)):
        return counted
    return Counted(snake_case(type(recorded.event).__name__), recorded.metadata.at, term)


def _entry(run: Run, terms: Terms) -> LedgerEntry:
    rule = DEADLINE_RULES[run.kind]
    rests = run.rested_at if run.state == "paused" else None
    return {
        "kind": run.kind,
        "rule": rule.rule,
        "state": run.state,
        "party": rule.party,
        "started_at": run.started.metadata.at,
        "due_at": run.due_at,
        "remaining_seconds": int((run.due_at - rests).total_seconds()) if rests else None,
        "formula": _formula(run, terms),
        "started_by": run.started.id,
        "ended_by": run.ended.id if run.ended else None,
        "moves": run.moves,
        "effect": rule.effect,
        "rules": rule.rules,
    }


def _counted_as(run: Run, terms: Terms) -> tuple[int, str]:
    """So many, and by which parameter; the case team may give a party days of its own (T14)."""
    term, parameter = run.counted.term, DEADLINE_RULES[run.kind].parameter
    count = int(getattr(terms, term))
    if run.kind == DeadlineKind.EVIDENCE and run.counted.anchor == REQUESTED:
        days = days_within(run.counted.anchor_at, run.due_at, terms.timezone)
        return days, parameter if days == count else OWN_DAYS
    return count, PARAMETERS.get(term, parameter)


def _formula(run: Run, terms: Terms) -> FormulaView:
    rule, counted = DEADLINE_RULES[run.kind], run.counted
    count, parameter = _counted_as(run, terms)
    return {
        "anchor": counted.anchor,
        "anchor_at": counted.anchor_at,
        "count": count,
        "unit": rule.unit,
        "timezone": terms.timezone,
        "calendar": terms.holidays,
        "parameter": parameter,
        "programme": terms.programme,
        "version": terms.version,
    }
