"""A tracking number that was mistyped, and the right one."""

import pytest

from return_label.domain.decider import decider
from shared.events.return_label import ReturnEvent
from shared.rejections import Forbidden, ValidationFailed, WrongPhase
from tests.support.builders import returns as r
from tests.support.builders.returns import AUTHORIZED, INSPECTED, RECEIVED, SHIPPED
from tests.support.spec import given

CORRECTED = (*SHIPPED, r.corrected())


def test_t23_a_mistyped_number_is_corrected_and_the_alarm_stays() -> None:
    given(decider, *SHIPPED).when(r.correct(replaces="track 1")).then(r.corrected())
    shipped = decider.fold(f"return-{r.RETURN_ID}", CORRECTED).shipped
    assert shipped == r.shipped().model_copy(update={"tracking_number": "TRACK2"})


def test_t23_a_right_number_with_the_wrong_carrier_is_corrected() -> None:
    told = r.correct("TRACK1", carrier="Kurier")
    given(decider, *SHIPPED).when(told).then(r.corrected("TRACK1", "Kurier"))


def test_t23_the_same_correction_again_changes_nothing() -> None:
    given(decider, *CORRECTED).when(r.correct()).then_nothing()
    given(decider, *CORRECTED, r.received()).when(r.correct()).then_nothing()
    given(decider, *CORRECTED).when(r.ship(tracking_number="track-2")).then_nothing()


def test_t23_a_correction_names_the_number_that_it_replaces() -> None:
    for history, told in ((SHIPPED, r.correct(replaces="TRACK7")), (CORRECTED, r.correct("TRACK3"))):
        refusal = given(decider, *history).when(told).then_rejects(ValidationFailed)
        assert [error["pointer"] for error in refusal.errors] == ["/replaces"]


def test_t23_the_right_number_is_checked_as_the_first_was() -> None:
    refusal = given(decider, *SHIPPED).when(r.correct("1Z12345E0205271687")).then_rejects(ValidationFailed)
    assert [error["code"] for error in refusal.errors] == ["check_digit"]


@pytest.mark.parametrize("before", [AUTHORIZED, RECEIVED, INSPECTED])
def test_g8_only_what_is_on_its_way_gets_another_number(before: tuple[ReturnEvent, ...]) -> None:
    given(decider, *before).when(r.correct()).then_rejects(WrongPhase)


def test_t23_who_may_not_ship_may_not_correct() -> None:
    given(decider, *SHIPPED).when(r.correct(actor=r.SELLER)).then_rejects(Forbidden)
