"""Goods on their way back: who may say what when, and what is recorded."""

import pytest

from return_label.domain.decider import decider
from shared.events.base import Actor, Command
from shared.events.inspection import InspectionFault
from shared.events.return_label import ReturnEvent, ReturnInspected, ReturnReceived
from shared.rejections import Forbidden, NotFound, ValidationFailed, WrongPhase
from tests.support.builders import returns as r
from tests.support.builders.returns import AUTHORIZED, INSPECTED, RECEIVED, SHIPPED
from tests.support.spec import given


@pytest.mark.parametrize("actor", [r.BUYER, r.SUPPORT, r.SERVICE])
def test_t23_the_buyer_or_who_acts_for_the_buyer_ships(actor: Actor) -> None:
    given(decider, *AUTHORIZED).when(r.ship(actor)).then(r.shipped())


@pytest.mark.parametrize("actor", [r.WAREHOUSE, r.SERVICE])
def test_t25_who_gets_the_goods_confirms_receipt(actor: Actor) -> None:
    given(decider, *SHIPPED).when(r.receive(actor)).then(r.received())


@pytest.mark.parametrize("actor", [r.WAREHOUSE, r.SERVICE])
def test_t25_a_parcel_that_nobody_announced_was_sent_all_the_same(actor: Actor) -> None:
    outcome = given(decider, *AUTHORIZED).when(r.receive(actor)).then(r.received())
    assert not outcome.states[0].shipped
    outcome.when(r.inspect()).then(r.inspected())


def test_s82_goods_that_are_as_they_should_be_pass() -> None:
    given(decider, *RECEIVED).when(r.inspect()).then(r.inspected())


@pytest.mark.parametrize("fault", list(InspectionFault))
def test_t27_goods_that_fail_have_a_fault(fault: InspectionFault) -> None:
    given(decider, *RECEIVED).when(r.inspect(fault=fault)).then(r.inspected(fault))


def test_t27_a_failure_without_a_fault_and_a_fault_without_failure_are_not_valid() -> None:
    for command in (r.inspect(fault=InspectionFault.DAMAGED, result="pass"), r.inspect(result="fail")):
        refusal = given(decider, *RECEIVED).when(command).then_rejects(ValidationFailed)
        assert [error["pointer"] for error in refusal.errors] == ["/fault"]


def test_the_inspector_s_words_stay_out_of_the_event() -> None:
    command = r.inspect(fault=InspectionFault.DAMAGED, note="Mrs Bea Buyer, 3 Elm St: broken")
    outcome = given(decider, *RECEIVED).when(command).then_types(ReturnInspected)
    [text] = command.personal
    assert outcome.events[0].note_ref == text.ref
    assert (text.subject, text.body) == (r.WAREHOUSE.id, "Mrs Bea Buyer, 3 Elm St: broken")
    assert "Elm" not in outcome.events[0].model_dump_json()


def test_a_step_that_was_taken_is_not_taken_again() -> None:
    given(decider, *SHIPPED).when(r.ship()).then_nothing()
    given(decider, *INSPECTED).when(r.ship()).then_nothing()
    given(decider, *RECEIVED).when(r.receive(r.SERVICE)).then_nothing()
    given(decider, *INSPECTED).when(r.inspect()).then_nothing()


@pytest.mark.parametrize(
    ("before", "command"),
    [
        (AUTHORIZED, r.inspect()),
        (SHIPPED, r.inspect()),
        (SHIPPED, r.ship(tracking_number="ANOTHER")),
        (RECEIVED, r.ship(tracking_number="ANOTHER")),
        (INSPECTED, r.inspect(fault=InspectionFault.MISSING)),
    ],
)
def test_g8_a_step_out_of_turn_is_refused(before: tuple[ReturnEvent, ...], command: Command) -> None:
    assert given(decider, *before).when(command).then_rejects(WrongPhase).members["state"]


@pytest.mark.parametrize(
    ("before", "command"),
    [
        (AUTHORIZED, r.ship(r.SELLER)),
        (AUTHORIZED, r.ship(r.WAREHOUSE)),
        (SHIPPED, r.receive(r.BUYER)),
        (SHIPPED, r.receive(r.SUPPORT)),
        (RECEIVED, r.inspect(r.BUYER)),
        (RECEIVED, r.inspect(r.SERVICE)),
    ],
)
def test_g8_a_party_in_the_wrong_role_is_refused(before: tuple[ReturnEvent, ...], command: Command) -> None:
    given(decider, *before).when(command).then_rejects(Forbidden)


@pytest.mark.parametrize("command", [r.ship(r.OTHER_BUYER), r.receive(r.OTHER_SELLER), r.inspect(r.OTHER_SELLER)])
def test_for_a_stranger_there_is_no_return(command: Command) -> None:
    given(decider, *AUTHORIZED).when(command).then_rejects(NotFound)
    given(decider).when(command).then_rejects(NotFound)


def test_who_is_a_stranger_in_one_role_may_act_in_another() -> None:
    both = Actor(id="w1", roles=frozenset({"seller", "warehouse"}))
    given(decider, *SHIPPED).when(r.receive(both)).then_types(ReturnReceived)


def test_d11_the_inspection_has_two_business_days() -> None:
    received: ReturnReceived = given(decider, *SHIPPED).when(r.receive()).events[0]
    assert received.inspect_by.isoformat() == "2026-03-11T00:00:00+00:00"
