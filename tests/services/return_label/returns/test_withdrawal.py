"""A return that is not due any more: its label is void, unless the parcel is on its way (T21)."""

from __future__ import annotations

import pytest

from return_label.domain.decider import decider
from return_label.domain.returns.state import ReturnState
from return_label.domain.returns.withdrawal import WithdrawReturn
from shared.events.base import SYSTEM
from shared.events.ids import derived_uuid
from shared.events.return_label import ReturnEvent, ReturnLabelVoided
from shared.rejections import WrongPhase
from tests.support.builders import returns as r
from tests.support.spec import given

WITHDRAW = WithdrawReturn(command_id=derived_uuid("withdraw"), actor=SYSTEM, at=r.FRIDAY, return_id=r.RETURN_ID)


@pytest.mark.parametrize("prepaid", [True, False])
def test_t21_the_label_of_an_unsent_return_becomes_void(prepaid: bool) -> None:
    outcome = given(decider, r.requested(), r.authorized(), r.labelled(prepaid=prepaid)).when(WITHDRAW)
    (voided,) = outcome.then_types(ReturnLabelVoided).events
    assert (voided.label_id, voided.rules) == (r.labelled().label_id, ("T21",))
    assert outcome.states[0].state is ReturnState.VOIDED
    outcome.when(r.ship()).then_rejects(WrongPhase)


@pytest.mark.parametrize("happened", [r.SHIPPED, r.RECEIVED, r.INSPECTED, ()])
def test_t21_a_parcel_that_is_on_its_way_stays_a_return(happened: tuple[ReturnEvent, ...]) -> None:
    given(decider, *happened).when(WITHDRAW).then_nothing()


def test_t21_a_label_is_voided_once() -> None:
    given(decider, *r.AUTHORIZED).when(WITHDRAW).when(WITHDRAW).then_nothing()
