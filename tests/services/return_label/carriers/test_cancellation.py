"""A label that no return goes with any more: its carrier takes it back, once, and what it does not take back is for
people (S76, K24).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from return_label import effects
from return_label.domain.deadlines import cancellation_of
from return_label.domain.decider import decider
from return_label.domain.returns.labels.cancellation import NotTaken, SettleCancellation
from return_label.domain.returns.labels.giving_back import GiveBackLabel
from return_label.domain.returns.labels.purchase import RecordLabelBought
from return_label.domain.returns.state import Return
from return_label.domain.returns.timers import due
from return_label.domain.returns.withdrawal import WithdrawReturn
from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.guard import Guarded
from return_label.gateways.nobody import Nobody
from return_label.gateways.port import LabelCall, Unanswered, Voided
from shared.events.base import SYSTEM, Actor
from shared.events.ids import derived_id, derived_uuid
from shared.events.label_quota import LabelQuotaReleased
from shared.events.return_label import (
    ReturnLabelCancellationOrdered,
    ReturnLabelCancelled,
    ReturnLabelGivenBack,
    ReturnLabelNotCancelled,
    ReturnLabelVoided,
)
from shared.rejections import Forbidden, NotFound
from tests.support.builders import returns as r
from tests.support.spec import Outcome, given
from tests.support.toys.worst_carrier import WorstCarrier

LATER = r.FRIDAY + timedelta(hours=1)
NOW, SOON, OLD = timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=24)
OTHER = derived_id("ret", "o1", 2)


def about(command: type[Any], actor: Actor = r.BUYER, return_id: str = r.RETURN_ID, **more: Any) -> Any:
    named = {"return_id": return_id, **more}
    if command is not SettleCancellation:
        named["buyer_id"] = r.BUYER.id
    command_id = derived_uuid(command.__name__, return_id, *more.items())
    return command(command_id=command_id, actor=actor, at=LATER, **named)


def state(outcome: Outcome) -> Return:
    folded: Return = outcome.states[0]
    return folded


async def sold(carrier: WorstCarrier, outcome: Outcome) -> Outcome:
    """The label that was ordered last, bought."""
    order = state(outcome).ordered
    assert order
    answer = await carrier.buy(LabelCall(order.label_id, order.return_id, order.order_id))
    number = {"tracking_number": getattr(answer, "tracking_number", None), "carrier": "sandbox"}
    return outcome.when(RecordLabelBought.of(order, r.BUYER.id, LATER, **number))


async def labelled(carrier: WorstCarrier) -> Outcome:
    return await sold(carrier, given(decider).when(r.request(carrier="sandbox")))


def wanted(outcome: Outcome) -> ReturnLabelCancellationOrdered | None:
    """What is to be taken back."""
    kinds = [kind for kind in state(outcome).due if kind.startswith("label_cancellation:")]
    found = [effects.to_take_back(state(outcome), kind) for kind in kinds]
    return next((each for each in found if each), None)


async def answered(outcome: Outcome, carrier: Any, name: str = "sandbox", age: timedelta = NOW) -> Outcome:
    """The carrier is asked, and its answer recorded."""

    async def old(_: effects.Order) -> timedelta:
        return age

    order = wanted(outcome)
    assert order
    answer = await effects.take_back(name, Guarded(carrier), old, order)
    return outcome.when(effects.taken_back(order, answer, LATER))


async def test_s76_a_label_that_is_given_back_is_taken_back_by_its_carrier_once() -> None:
    carrier = WorstCarrier()
    void = (await labelled(carrier)).when(about(GiveBackLabel))
    void.then_types(ReturnLabelGivenBack, ReturnLabelCancellationOrdered, LabelQuotaReleased)
    order = wanted(void)
    assert order and due(state(void), cancellation_of(order.label_id)) == LATER
    done = (await answered(void, carrier)).then_types(ReturnLabelCancelled)
    assert carrier.void_numbers == {order.tracking_number}
    assert wanted(done) is None and due(state(done), cancellation_of(order.label_id)) is None
    done.when(effects.taken_back(order, Voided(order.tracking_number or ""), LATER)).then_nothing()


async def test_t21_goods_that_the_buyer_keeps_leave_no_label_at_the_carrier() -> None:
    carrier = WorstCarrier()
    kept = (await labelled(carrier)).when(about(WithdrawReturn, SYSTEM))
    kept.then_types(ReturnLabelVoided, ReturnLabelCancellationOrdered, LabelQuotaReleased)
    await answered(kept, carrier)
    assert carrier.void_numbers == set(carrier.sold.values())


async def test_k24_a_label_that_another_return_goes_with_is_left_until_that_one_does_without() -> None:
    carrier = WorstCarrier()
    both = (await labelled(carrier)).when(r.request(return_id=OTHER, carrier="sandbox", command_id=derived_uuid("2")))
    both = await sold(carrier, both)
    assert len(carrier.sold) == 1
    one = both.when(about(GiveBackLabel)).then_types(ReturnLabelGivenBack, LabelQuotaReleased)
    last = one.when(about(GiveBackLabel, return_id=OTHER))
    last.then_types(ReturnLabelGivenBack, ReturnLabelCancellationOrdered, LabelQuotaReleased)


def test_a_sample_has_no_carrier_to_take_it_back() -> None:
    sample = given(decider).when(r.request())
    sample.when(about(GiveBackLabel)).then_types(ReturnLabelGivenBack, LabelQuotaReleased)


async def test_a_label_whose_purchase_nobody_has_answered_is_looked_for_and_taken_back() -> None:
    carrier, ordered = WorstCarrier(), given(decider).when(r.request(carrier="sandbox"))
    order = state(ordered).ordered
    assert order
    carrier.fault = "timeout_after"
    with pytest.raises(Unanswered):
        await carrier.buy(LabelCall(order.label_id, order.return_id, order.order_id))
    done = await answered(ordered.when(about(WithdrawReturn, SYSTEM)), carrier)
    assert done.events[0].tracking_number in carrier.void_numbers


async def test_a_label_that_was_never_sold_is_believed_so_once_no_call_can_be_under_way() -> None:
    carrier = WorstCarrier()
    kept = given(decider).when(r.request(carrier="sandbox")).when(about(WithdrawReturn, SYSTEM))
    with pytest.raises(Unanswered, match="under way"):
        await answered(kept, carrier)
    done = (await answered(kept, carrier, age=SOON)).then_types(ReturnLabelCancelled)
    assert done.events[0].tracking_number is None and not carrier.sold


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after"])
async def test_a_carrier_whose_answer_is_lost_is_asked_again(fault: str) -> None:
    carrier = WorstCarrier()
    void = (await labelled(carrier)).when(about(GiveBackLabel))
    carrier.fault_of_void = fault
    with pytest.raises(Unanswered):
        await answered(void, carrier)
    (await answered(void, carrier)).then_types(ReturnLabelCancelled)


async def refused(carrier: WorstCarrier) -> Outcome:
    outcome = await labelled(carrier)
    label = state(outcome).label
    assert label and label.tracking_number
    carrier.scan(label.tracking_number, ScanKind.ACCEPTED)
    return await answered(outcome.when(about(GiveBackLabel)), carrier)


async def test_what_the_carrier_refuses_to_take_back_is_for_people() -> None:
    no = (await refused(WorstCarrier())).then_types(ReturnLabelNotCancelled)
    assert no.events[0].code == NotTaken.REFUSED
    assert wanted(no) is None


async def test_what_nobody_answers_for_a_day_is_for_people() -> None:
    void = (await labelled(WorstCarrier())).when(about(GiveBackLabel))
    with pytest.raises(Unanswered):
        await answered(void, Nobody())
    no = (await answered(void, Nobody(), age=OLD)).then_types(ReturnLabelNotCancelled)
    assert no.events[0].code == NotTaken.UNANSWERED


async def test_another_carrier_than_the_label_s_is_not_asked() -> None:
    carrier = WorstCarrier()
    void = (await labelled(carrier)).when(about(GiveBackLabel))
    with pytest.raises(Unanswered, match="sandbox is not set"):
        await answered(void, carrier, name="other")
    assert not carrier.void_numbers


async def test_support_asks_the_carrier_once_more_and_an_earlier_answer_is_none_to_it() -> None:
    carrier = WorstCarrier()
    no = await refused(carrier)
    label_id = no.events[0].label_id
    again = no.when(about(SettleCancellation, r.SUPPORT, label_id=label_id))
    again.then_types(ReturnLabelCancellationOrdered)
    again.when(about(SettleCancellation, r.SUPPORT, label_id=label_id)).then_nothing()
    carrier.scans.clear()
    (await answered(again, carrier)).then_types(ReturnLabelCancelled)


async def test_support_settles_it_with_the_carrier() -> None:
    no = await refused(WorstCarrier())
    settled = no.when(about(SettleCancellation, r.SUPPORT, label_id=no.events[0].label_id, settled=True))
    settled.then_types(ReturnLabelCancelled)
    assert wanted(settled) is None


async def test_nobody_else_settles_and_only_what_was_not_taken_back() -> None:
    no = await refused(WorstCarrier())
    no.when(about(SettleCancellation, r.BUYER, label_id=no.events[0].label_id)).then_rejects(Forbidden)
    no.when(about(SettleCancellation, r.SUPPORT, label_id="lbl_other")).then_rejects(NotFound)
