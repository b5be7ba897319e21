"""Receipts: what a decision rested on and what it came to, so that anybody can decide it anew from that alone.

`facts` are values that stood before the decision, each with the event that said so; `results` are what the decision's
own events say. `decided_anew` knows the facts and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from dispute.domain.disputes.case import BY_THE_TEAM, Ruled, ruling_in
from dispute.domain.disputes.difference import (
    Minor,
    asked_back,
    asked_for,
    asked_of_seller,
    given_up,
    paid_out,
    passed,
)
from dispute.domain.disputes.state import Dispute, evolve
from shared.events import dispute, mediation
from shared.events.base import Event, wire_time
from shared.events.envelope import Recorded
from shared.events.ids import digest
from shared.events.mediation.proposals import SupportOverrideApplied
from shared.events.money import Money, total
from shared.rejections import NotFound

History = Sequence[Recorded[Event]]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """A value on which a decision rests, and the event that says so."""

    name: str
    value: Any
    event: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A decision, what it rested on, and what it came to; `given_up` is the money of each line, in minor units, that
    support had given up before, where what was decided stands and asks for none of it (T31a).
    """

    decision: Recorded[Event]
    facts: tuple[Fact, ...]
    results: Values
    given_up: Minor = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """One number for all of it."""
        return digest_of({fact.name: fact.value for fact in self.facts}, self.results)


def digest_of(facts: Values, results: Values) -> str:
    """The same for the same facts and results, for ever."""
    return digest(to_json(dict(sorted(facts.items()))), to_json(dict(sorted(results.items()))))


def receipt_of(history: History, version: int) -> Receipt:
    """The receipt of the decision at this version of the stream; NotFound where that event decided nothing."""
    if not 0 < version <= len(history) or not decides(history[version - 1].event):
        raise NotFound("There is no such decision.")
    recorded = history[version - 1]
    before = _fold(part.event for part in history[: version - 1])
    same = [part.event for part in history[version - 1 :] if part.metadata.command_id == recorded.metadata.command_id]
    facts = tuple(_facts(before, history[: version - 1], recorded))
    return Receipt(recorded, facts, _results(before, same), _given_up(before, recorded.event))


def _given_up(before: Dispute, decision: Event) -> Minor:
    stands = isinstance(decision, mediation.AppealDecided) and decision.decision == mediation.AppealOutcome.UPHELD
    return given_up(before) if stands else {}


def decides(event: Event) -> bool:
    """Whether the event is a decision: the case team's, or an agreement."""
    own = isinstance(event, dispute.SolutionReached) and event.reached_type not in BY_THE_TEAM
    forced = isinstance(event, SupportOverrideApplied) and event.ruling is not None
    return own or forced or isinstance(event, mediation.DecisionIssued | mediation.AppealDecided)


def _fold(events: Iterable[Event]) -> Dispute:
    state = Dispute()
    for event in events:
        state = evolve(state, event)
    return state


def _facts(before: Dispute, history: History, decision: Recorded[Event]) -> Iterable[Fact]:
    """In the order in which they came to be."""
    terms, first = before.terms, history[0].id
    yield Fact("lines", [_plain(line) for line in before.opened.lines], first)
    days = {"appeal_days": terms.appeal_days, "survey_days": terms.survey_days, "timezone": terms.timezone}
    yield Fact("terms", days, first)
    yield Fact("asked_minor", asked_for(before), _last(history, dispute.RefundDue) or first)
    back = _last(history, mediation.ClawbackRequested, mediation.ClawbackNotDue) or first
    yield Fact("asked_back_minor", asked_back(before), back)
    if gone := passed(before):
        yield Fact("passed_minor", gone, _last(history, dispute.ReturnNoted) or first)
    if paid_out(before):
        yield Fact("paid_out", sorted(paid_out(before)), first)
        yield Fact("asked_of_seller_minor", asked_of_seller(before), back)
    match decision.event:
        case dispute.SolutionReached() as reached:
            source = _last(history, dispute.SolutionProposed, dispute.RequestModified, dispute.DisputeOpened) or first
            yield Fact("solution", _plain(reached.solution), source)
        case mediation.DecisionIssued() as issued:
            yield from _found(issued, decision)
        case mediation.AppealDecided() as decided:
            ruled = before.case.ruled
            assert ruled
            place = _last(history, type(ruled)) or first
            yield Fact("standing", _plain(ruled.ruling), place)
            yield Fact("appeal", {"decision": str(decided.decision)}, decision.id)
            yield _carried(before, history)
            yield from _found(decided, decision)
        case SupportOverrideApplied() as forced:
            yield _carried(before, history)
            yield from _found(forced, decision)


def _carried(before: Dispute, history: History) -> Fact:
    """Whether money, paid in the end or not, and goods were asked for."""
    place = _last(history, dispute.ReturnDue, dispute.RefundDue) or history[0].id
    return Fact("carried", {"money": bool(before.refunds), "goods": before.return_id is not None}, place)


def _found(event: Ruled, decision: Recorded[Event]) -> Iterable[Fact]:
    yield Fact("found", _plain(ruling_in(event)), decision.id)
    yield Fact("decided_at", wire_time(event.decided_at), decision.id)


def _last(history: History, *kinds: type[Event]) -> str | None:
    """The id of the last event of these kinds."""
    return next((part.id for part in reversed(history) if isinstance(part.event, kinds)), None)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json")


def _results(before: Dispute, events: Sequence[Event]) -> Values:
    """What the decision's own events say; of a seller only where one was paid before."""
    first = events[0]
    lines = first.lines if isinstance(first, dispute.SolutionReached) else _ruling(first).lines
    windows = {name: getattr(first, name, None) for name in ("appeal_until", "survey_until")}
    due = [event for event in events if isinstance(event, dispute.RefundDue)]
    return {
        "lines": [_plain(part) for part in lines],
        "amount": _money(total([part.amount for part in lines])),
        "refund": [_plain(part) for event in due for part in event.lines],
        **_asked_of("buyer", "clawback", events),
        **(_asked_of("seller", "seller_clawback", events) if paid_out(before) else {}),
        "goods": any(isinstance(event, dispute.ReturnDue) for event in events),
        **{name: wire_time(at) if at else None for name, at in windows.items()},
    }


def _asked_of(party: str, name: str, events: Sequence[Event]) -> Values:
    """What is asked back of a party, and what is not any more."""
    back = [event for event in events if isinstance(event, mediation.ClawbackRequested) and event.party == party]
    not_back = [event for event in events if isinstance(event, mediation.ClawbackNotDue) and event.party == party]
    return {
        name: [_plain(part) for event in back for part in event.lines],
        f"{name}_withdrawn": {part.line_id: part.amount.minor for event in not_back for part in event.lines},
    }


def _ruling(event: Event) -> mediation.Ruling:
    assert isinstance(event, Ruled)
    return ruling_in(event)


def _money(amount: Money) -> Values:
    return {"amount": amount.amount, "currency": amount.currency}
