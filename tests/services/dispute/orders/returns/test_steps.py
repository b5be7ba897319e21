"""Steps of a return without a dispute: the money comes out of what waits for its pieces, once, or waits no longer."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.orders.cancellation import open_disputes_of
from dispute.domain.rejections import NotAskedFor, OrderAlreadyCompleted
from dispute.policies import react
from shared.events.dispute import (
    DisputeOpened,
    Escalated,
    EscalationReason,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    RefundSource,
    ReturnDue,
    ReturnNoted,
    ReturnOutcome,
    SolutionType,
)
from shared.events.inspection import InspectionFault, InspectionResult
from shared.events.order import (
    Hold,
    HoldEnd,
    OrderCompleted,
    PaymentHeld,
    PaymentHoldLifted,
    PaymentReleased,
)
from shared.events.return_label import ReturnInspected
from tests.support.builders.disputes import note_refund, note_return
from tests.support.builders.entitlements import sold, terms_in
from tests.support.builders.order_returns import asked, grant, noted, return_id
from tests.support.builders.orders import (
    ORDER,
    ORDER_STREAM,
    Histories,
    after,
    expire_order,
    on,
    order,
    order_line,
    order_of,
    record,
    usd,
)
from tests.support.policies import recorded
from tests.support.spec import given

FREE = sold("free_return")
GRANTED = after(FREE, grant(on("Mar 6")))
P, R = on("Mar 21", "00:00"), on("Mar 21", "01:00")
AUTHORIZED, SHIPPED, RECEIVED = ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED
PASSED, FAILED, VOIDED = ReturnOutcome.PASSED, ReturnOutcome.FAILED, ReturnOutcome.VOIDED


def received() -> Histories:
    return noted(noted(GRANTED, on("Mar 8"), AUTHORIZED, SHIPPED), on("Mar 10"), RECEIVED)


def cancelled() -> CancelOrder:
    """A cancellation before the shipment, of which the shop tells late."""
    return CancelOrder(**dict(record("cancelled", on("Feb 28"), by="seller")) | {"disputes": ()})


def refund_of(happened: Histories) -> RefundDue:
    return [event for event in happened[ORDER_STREAM] if isinstance(event, RefundDue)][-1]


def test_s82_goods_that_passed_bring_the_money_of_their_pieces() -> None:
    outcome = given(decider, received()).when(note_return(asked(GRANTED), PASSED, on("Mar 11")))
    due = outcome.then_types(ReturnNoted, RefundDue).events[1]
    assert (due.source, due.return_id, due.dispute_id) == (RefundSource.RETURN, return_id(), None)
    assert due.amount == usd("50.00")
    assert (due.received_at, due.refund_after_return_bd) == (on("Mar 10"), 20)


def test_t39_once_it_is_paid_nothing_waits_any_more_and_the_order_ends() -> None:
    passed = noted(received(), on("Mar 11"), PASSED)
    outcome = given(decider, passed).when(note_refund(refund_of(passed), on("Mar 11", "13:00")))
    lifted = outcome.then_types(RefundNoted, PaymentHoldLifted, OrderCompleted).events[1]
    assert (lifted.hold, lifted.return_id, lifted.because) == (Hold.RETURN, return_id(), HoldEnd.RETURNED)


def test_i1_what_came_back_and_was_paid_is_neither_returned_nor_disputed_again() -> None:
    line = order_line(price="50.00", quantity=2, flags=("free_return",))
    bought = after(order(line, terms=terms_in("DE"), shipped="Mar 1", delivered="Mar 5"), grant(on("Mar 6")))
    passed = noted(bought, on("Mar 8"), AUTHORIZED, SHIPPED, RECEIVED, PASSED)
    paid = after(passed, note_refund(refund_of(passed), on("Mar 9")))
    assert order_of(paid).lines["l1"].free == 1
    given(decider, paid).when(grant(on("Mar 12"), n=2, lines={"l1": 2})).then_rejects(OrderAlreadyCompleted)
    given(decider, paid).when(grant(on("Mar 12"), n=3)).then_types(PaymentHeld, ReturnDue)


def test_s82_it_is_asked_for_once_however_often_it_is_said() -> None:
    passed = noted(received(), on("Mar 11"), PASSED)
    again = note_return(asked(GRANTED), PASSED, on("Mar 12")).model_copy(update={"source_event": "return-x/9"})
    given(decider, passed).when(again).then_types(ReturnNoted)


def test_s24_the_seller_is_not_paid_while_the_goods_are_on_their_way() -> None:
    waiting = after(noted(GRANTED, on("Mar 8"), AUTHORIZED, SHIPPED), expire_order("protection_end", P))
    given(decider, waiting).when(expire_order("release", R)).then_types()


def test_t39_a_return_that_is_void_frees_its_pieces() -> None:
    outcome = given(decider, noted(GRANTED, on("Mar 7"), AUTHORIZED)).when(
        note_return(asked(GRANTED), VOIDED, on("Mar 8"))
    )
    lifted = outcome.then_types(ReturnNoted, PaymentHoldLifted).events[1]
    assert lifted.because == HoldEnd.CLOSED
    given(decider, dict(outcome.after)).when(grant(on("Mar 9"), n=2)).then_types(PaymentHeld, ReturnDue)


def test_t39_after_r_the_seller_is_paid_with_the_end_of_the_return() -> None:
    late = after(noted(GRANTED, on("Mar 7"), AUTHORIZED), expire_order("protection_end", P), expire_order("release", R))
    outcome = given(decider, late).when(note_return(asked(GRANTED), VOIDED, on("Mar 25")))
    released = outcome.then_types(ReturnNoted, PaymentHoldLifted, PaymentReleased, OrderCompleted).events[2]
    assert released.amount == usd("50.00")


def test_t30a_what_support_gives_up_of_a_return_waits_no_longer() -> None:
    passed = noted(received(), on("Mar 11"), PASSED)
    given(decider, passed).when(note_refund(refund_of(passed), on("Mar 12"), RefundOutcome.REFUSED)).then_types(
        RefundNoted
    )
    given(decider, passed).when(note_refund(refund_of(passed), on("Mar 12"), RefundOutcome.ABANDONED)).then_types(
        RefundNoted, PaymentHoldLifted
    )


def test_a_step_of_a_return_that_was_never_asked_for_waits() -> None:
    given(decider, FREE).when(note_return(asked(GRANTED), PASSED, on("Mar 11"))).then_rejects(NotAskedFor)


# Goods that fail


def test_t27_goods_that_fail_are_disputed_at_once_with_the_case_team() -> None:
    outcome = given(decider, received()).when(note_return(asked(GRANTED), FAILED, on("Mar 11"), "damaged"))
    step, lifted, held, opened, heard, escalated = outcome.then_types(
        ReturnNoted, PaymentHoldLifted, PaymentHeld, DisputeOpened, ReturnNoted, Escalated
    ).events
    assert heard == step.model_copy(update={"dispute_id": opened.dispute_id})
    assert (lifted.because, held.hold) == (HoldEnd.DISPUTED, Hold.DISPUTE)
    assert held.dispute_id == opened.dispute_id
    assert (opened.request.type, opened.request.amount) == (SolutionType.REFUND_ONLY, usd("50.00"))
    assert (escalated.reason, escalated.by) == (EscalationReason.RETURN_CONDITION, "system")
    assert step.reason == "damaged"
    assert open_disputes_of(order_of({name: list(x) for name, x in outcome.after.items()})) == {opened.dispute_id}


def test_t27_where_the_money_went_another_way_there_is_nothing_to_dispute() -> None:
    gone = after(noted(GRANTED, on("Mar 8"), AUTHORIZED), cancelled())
    given(decider, gone).when(note_return(asked(GRANTED), FAILED, on("Mar 11"), "damaged")).then_types(
        ReturnNoted, PaymentHoldLifted
    )


def test_s66_s82_an_order_that_was_cancelled_before_pays_its_goods_once() -> None:
    gone = after(noted(GRANTED, on("Mar 8"), AUTHORIZED, SHIPPED, RECEIVED), cancelled())
    given(decider, gone).when(note_return(asked(GRANTED), PASSED, on("Mar 11"))).then_types(
        ReturnNoted, PaymentHoldLifted
    )


def test_s66_s82_a_cancellation_that_is_told_late_asks_for_no_money_that_a_return_has_asked_for() -> None:
    passed = noted(received(), on("Mar 11"), PASSED)
    told = given(decider, passed).when(cancelled()).events
    assert not [event for event in told if isinstance(event, RefundDue)]


@pytest.mark.parametrize(
    ("result", "fault", "command"),
    [
        (InspectionResult.PASSED, None, "NoteOrderReturn"),
        (InspectionResult.FAILED, InspectionFault.DAMAGED, "ContestReturn"),
    ],
)
def test_the_policy_notes_a_return_without_a_dispute_on_its_order(
    result: InspectionResult, fault: InspectionFault | None, command: str
) -> None:
    of = {"return_id": return_id(), "dispute_id": None, "order_id": ORDER}
    event = ReturnInspected(**of, result=result, fault=fault, note_ref=None, rules=("S82",))
    (send,) = react(recorded(event, f"return-{return_id()}"))
    assert type(send.command).__name__ == command
    assert send.command.first_stream.name == ORDER_STREAM


# What ends by itself


def test_t24_what_was_not_sent_frees_its_pieces() -> None:
    waiting = noted(GRANTED, on("Mar 7"), AUTHORIZED)
    lapsed = given(decider, waiting).when(note_return(asked(GRANTED), ReturnOutcome.LAPSED, on("Mar 17", "00:00")))
    assert lapsed.then_types(ReturnNoted, PaymentHoldLifted).events[0].rules == ("T24",)


@pytest.mark.parametrize(
    ("outcome", "rules"), [(ReturnOutcome.NOT_INSPECTED, ("S82", "T28")), (ReturnOutcome.LOST, ("T25a",))]
)
def test_t25a_t28_what_nobody_inspected_or_a_prepaid_parcel_lost_is_paid(
    outcome: ReturnOutcome, rules: tuple[str, ...]
) -> None:
    paid = given(decider, received()).when(note_return(asked(GRANTED), outcome, on("Mar 13", "00:00")))
    assert paid.then_types(ReturnNoted, RefundDue).events[0].rules == rules


def test_t25a_what_the_buyers_own_carrier_lost_goes_to_the_case_team() -> None:
    sent = noted(GRANTED, on("Mar 8"), AUTHORIZED, SHIPPED)
    lost = given(decider, sent).when(note_return(asked(GRANTED), ReturnOutcome.LOST_BY_OWN_CARRIER, on("Mar 20")))
    assert lost.events[-1].reason == EscalationReason.RETURN_LOST
