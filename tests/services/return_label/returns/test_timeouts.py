"""Time that passes: what becomes of a return where nobody acts (D9, D10, D11)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.decider import decider
from return_label.domain.returns.state import ReturnState
from shared.events.base import Command
from shared.events.deadlines import DeadlineMoved
from shared.events.return_label import ReturnEvent, ReturnInspected, ReturnReceived, ReturnShipped
from shared.rejections import DeadlinePassed, WrongPhase
from tests.support.builders import returns as r
from tests.support.builders.returns import AUTHORIZED, INSPECTED, RECEIVED, SHIPPED
from tests.support.spec import given

JUST_BEFORE = timedelta(microseconds=1)
STREAM = f"return-{r.RETURN_ID}"
D9, D10, D11 = DeadlineKind.SHIPMENT, DeadlineKind.TRANSIT, DeadlineKind.INSPECTION


def test_t24_what_is_not_sent_by_the_end_of_d9_lapses() -> None:
    outcome = given(decider, *AUTHORIZED).when(r.expire(D9, r.SHIP_BY)).then(r.lapsed())
    assert outcome.states[0].state is ReturnState.LAPSED


def test_t24_what_was_sent_does_not_lapse() -> None:
    given(decider, *SHIPPED).when(r.expire(D9, r.SHIP_BY)).then_nothing()


def test_t44_goods_that_do_not_arrive_by_the_end_of_d10_raise_an_alarm_and_it_starts_anew() -> None:
    outcome = given(decider, *SHIPPED).when(r.expire(D10, r.ALARM_AT)).then(r.overdue())
    assert outcome.states[0].state is ReturnState.SHIPPED
    assert decider.due(STREAM, outcome.states[0], D10) == r.overdue().transit_alarm_at


def test_t28_what_nobody_inspects_by_the_end_of_d11_counts_as_passed() -> None:
    outcome = given(decider, *RECEIVED).when(r.expire(D11, r.INSPECT_BY)).then(r.timed_out())
    assert outcome.states[0].state is ReturnState.INSPECTED


@pytest.mark.parametrize(
    ("before", "kind", "due_at"),
    [(AUTHORIZED, D9, r.SHIP_BY), (SHIPPED, D10, r.ALARM_AT), (RECEIVED, D11, r.INSPECT_BY)],
)
def test_d9_d10_d11_fire_at_their_instant_and_not_before(
    before: tuple[ReturnEvent, ...], kind: str, due_at: datetime
) -> None:
    given(decider, *before).when(r.expire(kind, due_at, due_at - JUST_BEFORE)).then_nothing()
    assert given(decider, *before).when(r.expire(kind, due_at)).events


@pytest.mark.parametrize("kind", [D9, D10, D11])
def test_a_deadline_that_was_moved_fires_at_its_new_instant_alone(kind: DeadlineKind) -> None:
    before = {D9: AUTHORIZED, D10: SHIPPED, D11: RECEIVED}[kind]
    was = {D9: r.SHIP_BY, D10: r.ALARM_AT, D11: r.INSPECT_BY}[kind]
    moved = DeadlineMoved(kind=kind, previous_due_at=was, due_at=was + timedelta(days=3), rules=("S20",))
    given(decider, *before, moved).when(r.expire(kind, was)).then_nothing()
    assert given(decider, *before, moved).when(r.expire(kind, moved.due_at)).events


@pytest.mark.parametrize(
    ("before", "step", "due_at"),
    [(AUTHORIZED, r.ship, r.SHIP_BY), (AUTHORIZED, r.receive, r.SHIP_BY), (RECEIVED, r.inspect, r.INSPECT_BY)],
)
def test_d9_d11_a_step_in_time_is_taken_and_a_late_one_refused_before_the_timer_has_looked(
    before: tuple[ReturnEvent, ...], step: Callable[..., Command], due_at: datetime
) -> None:
    in_time = given(decider, *before).when(step(at=due_at - JUST_BEFORE))
    assert isinstance(in_time.events[0], ReturnShipped | ReturnReceived | ReturnInspected)
    given(decider, *before).when(step(at=due_at)).then_rejects(DeadlinePassed)


@pytest.mark.parametrize("over", [r.lapsed(), r.lost()])
@pytest.mark.parametrize("command", [r.ship(tracking_number="ANOTHER"), r.receive(), r.inspect()])
def test_g8_nothing_follows_a_return_that_has_lapsed_or_is_lost(over: ReturnEvent, command: Command) -> None:
    given(decider, *AUTHORIZED, r.shipped(), over).when(command).then_rejects(WrongPhase)


@pytest.mark.parametrize(
    ("history", "running"),
    [
        (AUTHORIZED, {D9}),
        (SHIPPED, {D10}),
        ((*SHIPPED, r.overdue()), {D10}),
        (RECEIVED, {D11}),
        ((*AUTHORIZED, r.received()), {D11}),
        (INSPECTED, set()),
        ((*AUTHORIZED, r.lapsed()), set()),
        ((*SHIPPED, r.lost()), set()),
        ((*RECEIVED, r.timed_out()), set()),
    ],
)
def test_a_return_waits_for_one_deadline_at_a_time(history: tuple[ReturnEvent, ...], running: set[str]) -> None:
    return_ = decider.fold(STREAM, history)
    assert {kind for kind in DeadlineKind if decider.due(STREAM, return_, kind)} == running
