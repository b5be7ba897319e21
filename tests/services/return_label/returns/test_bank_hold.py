"""A bank decides about the order's payment: D9 to D11 stand still, and then go on later by that time (T34, T35)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from return_label.domain.deadlines import DeadlineKind
from return_label.domain.decider import decider
from return_label.domain.returns.bank_hold import EndReturnHold, HoldReturn
from return_label.domain.returns.state import ReturnState
from return_label.policies import react
from return_label.views.returns import return_view
from shared.events.base import SYSTEM, Command, Event
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import Payer, ReturnKind
from shared.events.ids import derived_uuid
from shared.events.outside.chargeback import ChargebackResult, ExternalChargebackOpened, ExternalChargebackResolved
from shared.events.return_label import ReturnHeld, ReturnHoldEnded
from shared.rejections import DeadlinePassed
from tests.support.builders import returns as r
from tests.support.builders.orders import usd
from tests.support.builders.returns import AUTHORIZED, INSPECTED, RECEIVED, SHIPPED
from tests.support.policies import recorded, sent
from tests.support.spec import given

D9, D10, D11 = DeadlineKind.SHIPMENT, DeadlineKind.TRANSIT, DeadlineKind.INSPECTION
STREAM = f"return-{r.RETURN_ID}"
TAKEN, PAUSE = r.FRIDAY + timedelta(hours=1), timedelta(days=40)
STANDING = [(AUTHORIZED, D9, r.SHIP_BY), (SHIPPED, D10, r.ALARM_AT), (RECEIVED, D11, r.INSPECT_BY)]


def _command(kind: type[Command], chargeback_id: str, at: datetime) -> Any:
    ids = {"command_id": derived_uuid(kind.__name__, chargeback_id), "actor": SYSTEM, "at": at}
    return kind(**ids, return_id=r.RETURN_ID, chargeback_id=chargeback_id)  # type: ignore[call-arg]


def hold(chargeback_id: str = "cb1", at: datetime = TAKEN) -> HoldReturn:
    command: HoldReturn = _command(HoldReturn, chargeback_id, at)
    return command


def end(chargeback_id: str = "cb1", at: datetime = TAKEN + PAUSE) -> EndReturnHold:
    command: EndReturnHold = _command(EndReturnHold, chargeback_id, at)
    return command


def held(before: Sequence[Event], *commands: Command) -> tuple[Event, ...]:
    """The stream after these commands."""
    events = tuple(before)
    for command in commands or (hold(),):
        events = (*events, *given(decider, *events).when(command).events)
    return events


@pytest.mark.parametrize(("before", "kind", "due_at"), STANDING)
def test_t34_d9_d10_d11_do_not_fall_due_while_a_bank_decides(
    before: tuple[Event, ...], kind: str, due_at: datetime
) -> None:
    outcome = given(decider, *before).when(hold())
    [event] = outcome.events
    assert isinstance(event, ReturnHeld) and event.rules == ("S103", "T34")
    assert decider.due(STREAM, outcome.states[0], kind) is None and (STREAM, kind) not in outcome.deadlines
    given(decider, *held(before)).when(r.expire(kind, due_at)).then_nothing()


@pytest.mark.parametrize(("before", "kind", "due_at"), STANDING)
def test_t35_then_each_is_later_by_the_time_that_the_bank_needed(
    before: tuple[Event, ...], kind: str, due_at: datetime
) -> None:
    outcome = given(decider, *held(before)).when(end())
    ended, moved = outcome.events
    assert isinstance(ended, ReturnHoldEnded) and ended.rules == ("S103", "T35")
    assert isinstance(moved, DeadlineMoved)
    assert (moved.kind, moved.previous_due_at, moved.due_at) == (kind, due_at, due_at + PAUSE)
    assert outcome.deadlines[STREAM, kind] == due_at + PAUSE


def test_t34_what_begins_meanwhile_stands_still_too_and_has_its_time_behind_the_bank() -> None:
    on_its_way = held(AUTHORIZED, hold(), r.ship(at=TAKEN))
    given(decider, *on_its_way).when(r.expire(D10, r.ALARM_AT)).then_nothing()
    outcome = given(decider, *on_its_way).when(end())
    assert outcome.states[0].state is ReturnState.SHIPPED
    assert outcome.deadlines[STREAM, D10] == r.ALARM_AT + PAUSE


@pytest.mark.parametrize(
    ("before", "step"),
    [(AUTHORIZED, r.ship(at=r.SHIP_BY)), (AUTHORIZED, r.receive(at=r.SHIP_BY)), (RECEIVED, r.inspect(at=r.INSPECT_BY))],
)
def test_t34_nobody_is_late_while_a_bank_decides(before: tuple[Event, ...], step: Command) -> None:
    given(decider, *before).when(step).then_rejects(DeadlinePassed)
    assert given(decider, *held(before)).when(step).events


def test_t35_of_two_chargebacks_the_last_that_ends_sets_it_going() -> None:
    later = TAKEN + timedelta(days=5)
    both = held(SHIPPED, hold(), hold("cb2", later))
    given(decider, *both).when(end()).then_types(ReturnHoldEnded)
    outcome = given(decider, *held(both, end())).when(end("cb2", later + PAUSE))
    assert outcome.deadlines[STREAM, D10] == r.ALARM_AT + PAUSE + timedelta(days=5)


def test_each_is_heard_once_whoever_tells_it_and_an_end_without_a_beginning_is_nothing() -> None:
    given(decider, *held(SHIPPED)).when(hold(at=TAKEN + PAUSE)).then_nothing()
    ended = held(SHIPPED, hold(), end())
    for again in (hold(at=TAKEN + PAUSE), end(at=TAKEN + PAUSE)):
        given(decider, *ended).when(again).then_nothing()
    given(decider, *SHIPPED).when(end()).then_nothing()
    given(decider).when(hold()).then_nothing()


def test_of_a_return_that_has_ended_no_deadline_is_moved() -> None:
    given(decider, *held(INSPECTED)).when(end()).then_types(ReturnHoldEnded)


def test_t34_a_return_that_is_granted_meanwhile_begins_held() -> None:
    asked = r.request(kind=ReturnKind.FREE, freight_payer=Payer.BUYER, held_by=("cb1",))
    outcome = given(decider).when(asked)
    assert [type(event) for event in outcome.events][2] is ReturnHeld
    assert (STREAM, D9) not in outcome.deadlines


def test_a_party_sees_that_a_bank_decides_first_and_no_deadline() -> None:
    view = return_view(decider.fold(STREAM, held(SHIPPED)), 5, r.BUYER, TAKEN)
    assert (view["external_hold"], view["deadlines"]) == (True, [])
    view = return_view(decider.fold(STREAM, held(SHIPPED, hold(), end())), 7, r.BUYER, TAKEN)
    assert (view["external_hold"], [each["kind"] for each in view["deadlines"]]) == (False, [D10])


TOLD: dict[str, Any] = {
    "chargeback_id": "cb1",
    "order_id": "o1",
    "dispute_id": None,
    "payment_id": "p1",
    "amount": usd("10.00"),
    "returns": (r.RETURN_ID,),
    "source_event": "evt",
    "noted_at": TAKEN,
    "rules": ("S103",),
}


def test_t34_t35_what_an_order_hears_of_a_chargeback_its_returns_hear_too() -> None:
    opened = ExternalChargebackOpened(**TOLD, opened_at=TAKEN)
    resolved = ExternalChargebackResolved(
        **TOLD, lines=(), result=ChargebackResult.BUYER_NOT_PAID, resolved_at=TAKEN + PAUSE
    )
    for event, kind in ((opened, HoldReturn), (resolved, EndReturnHold)):
        command: Any = sent(react, event)
        assert (type(command), command.return_id, command.chargeback_id) == (kind, r.RETURN_ID, "cb1")
    assert list(react(recorded(opened.model_copy(update={"returns": ()})))) == []
