"""The table of transitions is what the decider does: every step of every actor in every state, and every change of
state of any life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from dispute.domain.disputes.transitions import ROWS, TABLE, Step, Told, roles_of
from dispute.views.disputes_actions import PATHS, dispute_actions
from ops.generators.diagram import diagram
from shared.actions import rendered
from shared.events.base import Actor, Command
from shared.events.dispute import SolutionType
from tests.support.builders.disputes import (
    accept,
    agreed,
    cancel,
    counter,
    countered,
    dispute_of,
    expire,
    modify,
    note_refund,
    opened,
    refund_due,
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
from tests.support.random_life import Life
from tests.support.spec import given

SUPPORT = Actor(id="support-1", roles=frozenset({"support"}))
BIASED = Actor(id=BUYER.id, roles=frozenset({"case_team", "support"}))
"""One of the platform's people who is the order's buyer."""
ACTORS: Mapping[str, Actor] = {
    "buyer": BUYER,
    "seller": SELLER,
    "another buyer": OTHER_BUYER,
    "another seller": OTHER_SELLER,
    "case team": CASE_TEAM,
    "support": SUPPORT,
    "biased": BIASED,
    "shop": SHOP,
}
NOW = on("Mar 14")


def refunded() -> Histories:
    happened = agreed()
    return after(happened, note_refund(refund_due(happened), on("Mar 14")))


STATES: Mapping[DisputeState, Callable[[], Histories]] = {
    DisputeState.AWAITING_SELLER: opened,
    DisputeState.AWAITING_BUYER: countered,
    DisputeState.ESCALATED: lambda: after(countered(), expire("buyer_response", on("Mar 19", "00:00"))),
    DisputeState.AGREED: lambda: agreed(SolutionType.RETURN_AND_REFUND),
    DisputeState.CLOSED: refunded,
}
"""A history that leads to each state."""
COMMANDS: Mapping[Step, Callable[[datetime, Actor], Command]] = {
    Step.RESPOND: lambda at, actor: counter(at, actor=actor),
    Step.ACCEPT: accept,
    Step.MODIFY: lambda at, actor: modify(at, actor, amount="45.00"),
    Step.CANCEL: cancel,
}
"""A command that fits each step."""


def code_of(happened: Histories, step: Step, actor: Actor) -> str:
    """What the decider says: the code of the refusal, or nothing."""
    outcome = given(decider, happened).when(COMMANDS[step](NOW, actor))
    return getattr(outcome.rejection, "code", "")


def expected(state: DisputeState, step: Step, actor: Actor, sees: bool) -> str:
    """What the table says."""
    rows = [row for row in ROWS[step] if state in row.states]
    held = actor.roles & set(roles_of(step))
    if not sees:
        return "not_found"
    if not held:
        return "forbidden"
    if actor is BIASED:
        return "conflict_of_interest"
    return "" if rows else "wrong_phase"


@pytest.mark.parametrize("state", DisputeState)
def test_g8_every_step_of_every_actor_in_a_state_comes_to_what_the_table_says(state: DisputeState) -> None:
    happened, counted = STATES[state](), Counter[str]()
    assert dispute_of(happened).state == state
    for actor in ACTORS.values():
        sees = bool(dispute_of(happened).parties.roles_of(actor))
        for step in Step:
            code = code_of(happened, step, actor)
            assert code == expected(state, step, actor, sees), (state, step, actor.id, code)
            counted[code or "accepted"] += 1
    print(f"{state}: {counted.total()} of {len(DisputeState) * len(Step) * len(ACTORS)}: {dict(counted)}")


@pytest.mark.parametrize("state", DisputeState)
def test_an_action_is_listed_exactly_when_its_command_is_accepted(state: DisputeState) -> None:
    happened = STATES[state]()
    for actor in ACTORS.values():
        told: Any = rendered(dispute_actions(dispute_of(happened), actor, NOW))
        named = [action for actions in told.values() for action in actions if action["rel"] in set(Step)]
        listed = {action["rel"]: action.get("code", "") for action in named}
        codes = {step.value: code_of(happened, step, actor) for step in Step}
        assert listed == {rel: code for rel, code in codes.items() if code not in NOT_OFFERED}


NOT_OFFERED = {"not_found", "forbidden", "conflict_of_interest"}
"""What is not the actor's at all is in no list."""


def test_every_step_has_its_address_and_its_rows() -> None:
    assert set(PATHS) == set(Step) == set(COMMANDS)
    assert all(ROWS[step] for step in Step)
    assert set(STATES) == set(DisputeState)


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


@pytest.mark.parametrize("seed", range(25))
def test_i5_every_change_of_state_of_a_life_is_a_row_of_the_table(seed: int) -> None:
    life, rows = Life(Random(seed)), {(start, end) for row in TABLE for start in row.states for end in row.to}
    for _ in range(60):
        before = states_of(life)
        life.step()
        after_it = states_of(life)
        changed = {(before[name], after_it[name]) for name in before if before[name] != after_it[name]}
        assert changed <= rows, changed - rows


def states_of(life: Life) -> dict[str, Any]:
    return {stream: life.market.state(stream).state for stream in life.market.streams if stream.startswith("dispute-")}


def test_what_others_tell_is_nobodys_step() -> None:
    assert {row.by for row in TABLE if isinstance(row.step, Told)} == {("system",)}
