"""The table of transitions is what the decider does: every step of every actor in every state, and every change of
state of any life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

import pytest

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.disputes.agreement.replacement import NoteArrival
from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.disputes.fulfilment import NoteRefund, NoteReturn
from dispute.domain.disputes.state import STANDS, Dispute, DisputeState
from dispute.domain.disputes.transitions import ROWS, TABLE, Step, Told, guard, roles_of
from dispute.views.disputes.actions import PATHS, dispute_actions
from ops.generators.diagram import diagram
from shared.actions import rendered
from shared.decider import ExpireDeadline
from shared.events.base import Actor, Command, Event
from shared.events.dispute import SolutionType
from shared.events.mediation.proposals import ProposalKind
from shared.rejections import Rejected
from tests.services.dispute.mediation.test_last_word import escalated_again
from tests.support.builders import mediation
from tests.support.builders.disputes import (
    accept,
    agreed,
    cancel,
    counter,
    countered,
    dispute_of,
    dispute_stream,
    modify,
    note_refund,
    opened,
    receive,
    refund_due,
    say,
    ship,
)
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    OTHER_BUYER,
    OTHER_SELLER,
    SELLER,
    SHOP,
    Histories,
    after,
    on,
)
from tests.support.dispute_service import Market
from tests.support.random_life import Life
from tests.support.random_words import Words
from tests.support.spec import given

BIASED = Actor(id=BUYER.id, roles=frozenset({"case_team", "support"}))
"""One of the platform's people who is the order's buyer."""
ACTORS: Mapping[str, Actor] = {
    "buyer": BUYER,
    "seller": SELLER,
    "another buyer": OTHER_BUYER,
    "another seller": OTHER_SELLER,
    "case team": CASE_TEAM,
    "another of the case team": mediation.REVIEWER_2,
    "support": mediation.SUPPORT,
    "biased": BIASED,
    "shop": SHOP,
}


def refunded() -> Histories:
    happened = agreed()
    return after(happened, note_refund(refund_due(happened), on("Mar 14")))


STATES: Mapping[DisputeState, tuple[Callable[[], Histories], datetime]] = {
    DisputeState.AWAITING_SELLER: (opened, on("Mar 14")),
    DisputeState.AWAITING_BUYER: (countered, on("Mar 14")),
    DisputeState.ESCALATED: (mediation.escalated, on("Mar 15")),
    DisputeState.UNDER_REVIEW: (mediation.under_review, on("Mar 18")),
    DisputeState.AGREED: (lambda: agreed(SolutionType.RETURN_AND_REFUND), on("Mar 14")),
    DisputeState.DECIDED: (mediation.decided, on("Mar 19")),
    DisputeState.APPEAL_REVIEW: (mediation.appealed, on("Mar 27")),
    DisputeState.CLOSED: (refunded, on("Mar 15")),
}
"""A history that leads to each state, and an instant after it."""
COMMANDS: Mapping[Step, Callable[[datetime, Actor], Command]] = {
    Step.RESPOND: lambda at, actor: counter(at, actor=actor),
    Step.ACCEPT: accept,
    Step.MODIFY: lambda at, actor: modify(at, actor, amount="45.00"),
    Step.CANCEL: lambda at, actor: cancel(at, actor, acknowledge_release=True),
    Step.ESCALATE: mediation.escalate,
    Step.STATEMENT: mediation.state,
    Step.CLAIM: lambda at, actor: mediation.claim(
        at, actor, reviewer=mediation.REVIEWER_2.id if "support" in actor.roles else None
    ),
    Step.RELEASE: mediation.release,
    Step.REVIEW: mediation.review,
    Step.REQUEST_EVIDENCE: lambda at, actor: mediation.ask_for(at, actor=actor),
    Step.DECIDE: lambda at, actor: mediation.decide(at, actor=actor),
    Step.AGREE_DECISION: mediation.agree,
    Step.AGREE_APPEAL_DECISION: lambda at, actor: mediation.agree(at, actor, answers=ProposalKind.APPEAL_DECISION),
    Step.APPEAL: mediation.appeal,
    Step.DECIDE_APPEAL: lambda at, actor: mediation.decide_appeal(at, actor=actor),
    Step.SURVEY: mediation.survey,
    Step.OVERRIDE: lambda at, actor: mediation.force(at, actor=actor),
    Step.AGREE_OVERRIDE: lambda at, actor: mediation.agree(at, actor, answers=ProposalKind.OVERRIDE),
    Step.SHIP_REPLACEMENT: ship,
    Step.MESSAGE: say,
    Step.RECEIVE_REPLACEMENT: receive,
}
"""A command that fits each step."""


def code_of(happened: Histories, step: Step, actor: Actor, now: datetime) -> str:
    """What the decider says: the code of the refusal, or nothing."""
    outcome = given(decider, happened).when(COMMANDS[step](now, actor))
    return getattr(outcome.rejection, "code", "")


def expected(dispute: Dispute, step: Step, actor: Actor, now: datetime) -> str:
    """What the table says."""
    if not dispute.parties.roles_of(actor):
        return "not_found"
    if not actor.roles & set(roles_of(step)):
        return "forbidden"
    if actor is BIASED:
        return "conflict_of_interest"
    if not [row for row in ROWS[step] if dispute.state in row.states]:
        return "not_appealable" if step is Step.APPEAL else "wrong_phase"
    try:
        guard(step, dispute, actor, now)
    except Rejected as refusal:
        return refusal.code
    return ""


@pytest.mark.parametrize("state", DisputeState)
def test_g8_every_step_of_every_actor_in_a_state_comes_to_what_the_table_says(state: DisputeState) -> None:
    (reach, now), counted = STATES[state], Counter[str]()
    happened = reach()
    dispute = dispute_of(happened)
    assert dispute.state == state
    for actor in ACTORS.values():
        for step in Step:
            code = code_of(happened, step, actor, now)
            assert code == expected(dispute, step, actor, now), (state, step, actor.id, code)
            counted[code or "accepted"] += 1
    print(f"{state}: {counted.total()} of {len(DisputeState) * len(Step) * len(ACTORS)}: {dict(counted)}")


@pytest.mark.parametrize("state", DisputeState)
def test_g8_whatever_is_not_possible_has_a_code_and_a_reason(state: DisputeState) -> None:
    reach, now = STATES[state]
    for actor in ACTORS.values():
        for action in rendered(dispute_actions(dispute_of(reach()), actor, now))["unavailable_actions"]:
            assert action["code"] and action["rules"], action
            assert action["reason"].endswith("."), action


def test_d3_d6_d7_what_has_an_end_names_it() -> None:
    due: dict[str, Any] = {}
    for state in (DisputeState.ESCALATED, DisputeState.DECIDED):
        reach, now = STATES[state]
        actions = rendered(dispute_actions(dispute_of(reach()), BUYER, now))["available_actions"]
        due |= {action["rel"]: action["due_at"] for action in actions if action["due_at"]}
    assert due == {
        "add-evidence": mediation.D3,
        "submit-statement": mediation.D3,
        "appeal": mediation.D6,
        "submit-survey": on("Apr 3", "00:00"),
    }


@pytest.mark.parametrize("state", DisputeState)
def test_an_action_is_listed_exactly_when_its_command_is_accepted(state: DisputeState) -> None:
    reach, now = STATES[state]
    happened = reach()
    for actor in ACTORS.values():
        told: Any = rendered(dispute_actions(dispute_of(happened), actor, now))
        named = [action for actions in told.values() for action in actions if action["rel"] in set(Step)]
        listed = {action["rel"]: action.get("code", "") for action in named}
        codes = {step.value: code_of(happened, step, actor, now) for step in Step}
        assert listed == {rel: code for rel, code in codes.items() if code not in NOT_OFFERED}


NOT_OFFERED = {"not_found", "forbidden", "conflict_of_interest"}
"""What is not the actor's at all is in no list."""


def test_every_step_has_its_address_and_its_rows() -> None:
    assert set(PATHS) == set(Step) == set(COMMANDS)
    assert all(ROWS[step] for step in Step)
    assert set(STATES) == set(DisputeState)


def test_a_deadline_stands_in_the_states_of_its_rows() -> None:
    rows = {row.step: set[DisputeState]() for row in TABLE if isinstance(row.step, DeadlineKind)}
    for row in TABLE:
        if isinstance(row.step, DeadlineKind):
            rows[row.step] |= set(row.states)
    assert rows == {kind: set(states) for kind, states in STANDS.items()}


@pytest.mark.parametrize("state", DisputeState)
@pytest.mark.parametrize("step", Step)
def test_the_rows_of_a_step_agree_about_a_state(step: Step, state: DisputeState) -> None:
    rows = [row for row in ROWS[step] if state in row.states]
    assert len({(row.by, row.within, row.needs, row.guards, row.mandatory) for row in rows}) <= 1


def test_the_diagram_has_an_arrow_for_every_change_of_the_table() -> None:
    drawn = diagram()
    for row in TABLE:
        for start, end in ((start, end) for start in row.states for end in row.to if start is not end):
            (arrow,) = [line for line in drawn.splitlines() if line.strip().startswith(f"{start} --> {end}:")]
            assert f"{row.rule} " in arrow


class Watched(Market):
    """Every change of a dispute's state is a row of the step, deadline or word that has brought it about."""

    def __init__(self, market: Market) -> None:
        super().__init__(market.now)
        self.streams, self.rows, self.known = market.streams, market.rows, market.known

    def ask(self, command: Command) -> Sequence[Event]:
        before = self._states()
        happened = super().ask(command)
        changed = {(start, end) for name, end in self._states().items() if (start := before.get(name, end)) != end}
        assert changed <= CHANGES.get(move_of(command), set()), (command, changed)
        return happened

    def _states(self) -> Mapping[str, Any]:
        return {stream: self.state(stream).state for stream in self.streams if stream.startswith("dispute-")}


CHANGES: Mapping[Any, set[tuple[DisputeState, DisputeState]]] = {
    move: {(start, end) for row in TABLE if row.step == move for start in row.states for end in row.to}
    for move in {row.step for row in TABLE}
}
TOLD = {NoteRefund: Told.REFUND, NoteReturn: Told.RETURN, NoteArrival: Told.CARRIER, CancelOrder: Told.ORDER_CANCELLED}


def move_of(command: Command) -> Any:
    """What the table calls it."""
    if isinstance(command, ExpireDeadline):
        return command.kind
    return TOLD.get(type(command)) or MOVES.get(_key(command))


def _key(command: Command) -> Any:
    """A second person's word is a step of its own by what it answers."""
    answers = getattr(command, "answers", None)
    return type(command), answers if isinstance(answers, ProposalKind) else None


MOVES = {_key(build(on("Mar 12"), BUYER)): step for step, build in COMMANDS.items()}


@pytest.mark.parametrize("seed", range(25))
def test_i5_every_change_of_state_of_a_life_is_a_row_of_what_has_brought_it_about(seed: int) -> None:
    for life in (Life(Random(seed)), Words(Random(seed))):
        life.market = Watched(life.market)
        for _ in range(60):
            life.step()


def test_i5_t43_an_agreement_on_what_is_paid_already_closes_it_by_its_own_row() -> None:
    market = Watched(Market(on("Mar 12")))
    market.streams = {stream: [*events] for stream, events in escalated_again().items()}
    market.ask(counter(on("Apr 28"), "30.00"))
    market.ask(accept(on("Apr 29")))
    assert market.state(dispute_stream()).state == DisputeState.CLOSED


def test_what_others_tell_is_nobodys_step() -> None:
    assert {row.by for row in TABLE if isinstance(row.step, Told)} == {("system",)}
