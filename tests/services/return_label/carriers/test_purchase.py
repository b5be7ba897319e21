"""A label that is bought of a carrier: ordered before it is asked for, answered once, and the return goes on without
where there is none (S75, T22, T22b).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from return_label import effects
from return_label.domain.deadlines import DeadlineKind
from return_label.domain.decider import decider
from return_label.domain.rejections import LabelAlreadyIssued
from return_label.domain.returns.labels.issuing import RequestLabel
from return_label.domain.returns.labels.purchase import NoLabel
from return_label.domain.returns.state import Return, ReturnState
from return_label.domain.returns.timers import due
from return_label.domain.returns.withdrawal import WithdrawReturn
from return_label.gateways.nobody import Nobody
from return_label.gateways.port import Bought, Refused, Unanswered
from shared.events.base import SYSTEM
from shared.events.dispute import Payer
from shared.events.ids import derived_uuid
from shared.events.label_quota import LabelQuotaReleased, LabelQuotaTaken
from shared.events.return_label import (
    ReturnAuthorized,
    ReturnLabelCancellationOrdered,
    ReturnLabelDenied,
    ReturnLabelIssued,
    ReturnLabelOrdered,
    ReturnLabelVoided,
    ReturnRequested,
    ReturnShipped,
)
from tests.support.builders import returns as r
from tests.support.spec import Outcome, given
from tests.support.toys.worst_carrier import WorstCarrier

QUOTA = f"label_quota-{r.BUYER.id}"
LATER = r.FRIDAY + timedelta(hours=1)
YOUNG, OLD = timedelta(hours=23, minutes=59), timedelta(hours=24)


def ordered(**more: Any) -> Outcome:
    return given(decider).when(r.request(carrier="sandbox", **more))


def state(outcome: Outcome) -> Return:
    folded: Return = outcome.states[0]
    return folded


def counted(outcome: Outcome) -> int:
    return len(decider.fold(QUOTA, outcome.after[QUOTA]).labels)


def told(outcome: Outcome, answer: effects.Answer) -> Any:
    """The command that records the carrier's answer."""
    order = effects.wanted(state(outcome), DeadlineKind.LABEL)
    assert order
    return effects.outcome(order, answer, LATER)


def sold(outcome: Outcome) -> Bought:
    order = state(outcome).ordered
    assert order
    return Bought(order.label_id, "LA000000014AQ")


async def asked(outcome: Outcome, carrier: Any, name: str | None = "sandbox", age: timedelta = YOUNG) -> Any:
    async def old(_: effects.Order) -> timedelta:
        return age

    order = effects.wanted(state(outcome), DeadlineKind.LABEL)
    assert order
    return await effects.ask(name, carrier, old, order)


def again(outcome: Outcome) -> Outcome:
    """The label is asked for once more."""
    named = {"return_id": r.RETURN_ID, "buyer_id": r.BUYER.id, "carrier": "sandbox"}
    return outcome.when(RequestLabel(command_id=derived_uuid("again"), actor=r.BUYER, at=LATER, **named))


def test_t22_a_label_is_ordered_before_the_carrier_is_asked_and_takes_its_place_in_the_quota() -> None:
    outcome = ordered().then_types(ReturnRequested, ReturnAuthorized, ReturnLabelOrdered, LabelQuotaTaken)
    assert state(outcome).state is ReturnState.AUTHORIZED
    assert due(state(outcome), DeadlineKind.LABEL) == r.FRIDAY


def test_t22_the_carrier_s_label_is_the_return_s_once() -> None:
    outcome = ordered()
    answer = told(outcome, sold(outcome))
    issued = outcome.when(answer).then_types(ReturnLabelIssued)
    label = state(issued).label
    assert label and (label.tracking_number, label.carrier, label.prepaid) == ("LA000000014AQ", "sandbox", True)
    assert (state(issued).state, due(state(issued), DeadlineKind.LABEL)) == (ReturnState.LABEL_ISSUED, None)
    issued.when(answer).then_nothing()


@pytest.mark.parametrize("code", list(NoLabel))
def test_t22b_a_return_without_an_answer_goes_on_without_a_label_and_gives_its_place_back(code: NoLabel) -> None:
    outcome = ordered()
    answer = Refused("lbl_1", "closed") if code is NoLabel.REFUSED else None
    denied = outcome.when(told(outcome, answer)).then_types(ReturnLabelDenied, LabelQuotaReleased)
    assert denied.events[0].code == code
    assert (state(denied).state, counted(denied)) == (ReturnState.SELF_PAID, 0)


def test_s75_a_label_that_is_being_bought_is_not_ordered_again() -> None:
    again(ordered()).then_rejects(LabelAlreadyIssued)


async def test_s75_a_label_that_nobody_answered_for_is_the_very_one_when_it_is_asked_for_again() -> None:
    carrier, outcome = WorstCarrier(), ordered()
    carrier.fault = "timeout_after"
    assert await asked(outcome, carrier, age=OLD) is None
    anew = again(outcome.when(told(outcome, None))).then_types(ReturnLabelOrdered, LabelQuotaTaken)
    assert isinstance(await asked(anew, carrier), Bought)
    assert len(carrier.sold) == 1


def test_an_answer_to_an_earlier_order_is_none_to_the_next_one() -> None:
    outcome = ordered()
    late = told(outcome, sold(outcome))
    again(outcome.when(told(outcome, None))).when(late).then_nothing()


async def test_what_is_unknown_is_asked_for_again_for_a_day_and_no_longer() -> None:
    with pytest.raises(Unanswered):
        await asked(ordered(), Nobody())
    assert await asked(ordered(), Nobody(), age=OLD) is None


async def test_another_carrier_than_the_one_that_was_ordered_of_is_not_asked() -> None:
    carrier = WorstCarrier()
    with pytest.raises(Unanswered, match="sandbox is not set"):
        await asked(ordered(), carrier, name="other")
    assert not carrier.sold


def test_s78_goods_that_went_before_the_label_came_leave_it_and_its_place() -> None:
    outcome = ordered()
    sent = outcome.when(r.ship(buyer_id=r.BUYER.id)).then_types(
        ReturnShipped, ReturnLabelCancellationOrdered, LabelQuotaReleased
    )
    assert effects.wanted(state(sent), DeadlineKind.LABEL) is None
    sent.when(told(outcome, sold(outcome))).then_nothing()


def test_t21_goods_that_the_buyer_keeps_leave_the_label_that_was_ordered() -> None:
    keep = WithdrawReturn(
        command_id=derived_uuid("keep"), actor=SYSTEM, at=LATER, return_id=r.RETURN_ID, buyer_id=r.BUYER.id
    )
    kept = ordered().when(keep).then_types(ReturnLabelVoided, ReturnLabelCancellationOrdered, LabelQuotaReleased)
    assert effects.wanted(state(kept), DeadlineKind.LABEL) is None
    assert counted(kept) == 0


def test_s83_a_return_whose_freight_the_buyer_pays_is_bought_no_label() -> None:
    ordered(freight_payer=Payer.BUYER).then_types(ReturnRequested, ReturnAuthorized, ReturnLabelIssued)
