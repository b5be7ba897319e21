"""Cancellation of an order: before the shipment all money goes back by itself, after it none does (S66, S88, T45)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import DisputeState
from dispute.domain.orders.cancellation import NoteOrderRefund, disputes_of
from dispute.domain.orders.naming import NamedParcel
from dispute.domain.rejections import DisputesChanged
from shared.events.base import SYSTEM
from shared.events.dispute import (
    CloseReason,
    Decision,
    DisputeClosed,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    RefundSource,
    ReturnOutcome,
)
from shared.events.ids import derived_uuid
from shared.events.order import OrderCancelled, OrderCompleted, PaymentHoldLifted, Pieces
from shared.rejections import WrongPhase
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    cancel,
    dispute_id,
    dispute_of,
    dispute_stream,
    note_refund,
    note_return,
    open_dispute,
    refund_due,
    respond,
    return_due,
)
from tests.support.builders.orders import (
    ORDER,
    ORDER_STREAM,
    OTHER_SELLER,
    Histories,
    after,
    expire_order,
    facts,
    on,
    order,
    order_line,
    order_of,
    record,
    register,
    usd,
)
from tests.support.spec import Outcome, given

NOW = on("Mar 20")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PROMISED = on("Mar 10").date()
PART = NamedParcel(tracking_number="A", lines=(Pieces(line_id="l1"),))
TWO = (order_line("l1", "30.00"), order_line("l2", "20.00"))


def cancelled(happened: Histories, at: str = "Mar 12", *disputes: str, **more: Any) -> Outcome:
    fact = record("cancelled", on(at), by="seller", **more)
    return given(decider, happened).when(
        CancelOrder(**dict(fact) | {"disputes": disputes or tuple(sorted(disputes_of(order_of(happened))))})
    )


def noted(due: RefundDue, outcome: RefundOutcome = RefundOutcome.ISSUED, at: str = "Mar 13") -> NoteOrderRefund:
    return NoteOrderRefund(
        command_id=derived_uuid("note", due.refund_id, outcome),
        actor=SYSTEM,
        at=on(at),
        order_id=ORDER,
        refund_id=due.refund_id,
        outcome=outcome,
        amount=due.amount,
        lines=due.lines,
        reason=None,
        source_event="payment-o1/4",
    )


def words(*events: Any) -> str:
    return " ".join(type(event).__name__ for event in events)


@pytest.mark.case(
    "B01a",
    given="the seller cancels a paid, unshipped order, and the refund is issued",
    right="OrderCancelled RefundDue 50.00 cancellation, then RefundNoted OrderCompleted",
)
def test_s66_what_was_paid_goes_back_by_itself(came: Came) -> None:
    outcome = cancelled(order())
    event, due = outcome.events
    assert (due.dispute_id, due.lines[0].amount) == (None, usd("50.00"))
    assert outcome.deadlines == {}
    end = outcome.when(noted(due))
    assert not end.states[0].lines["l1"].remainder
    came(f"{words(event, due)} {due.amount.amount} {due.source}, then {words(*end.events)}")


@pytest.mark.case(
    "B01a+1", given="cancelled by a fact that came before its order", right="OrderRegistered OrderPaid RefundDue"
)
def test_s66_also_where_the_cancellation_was_told_first(came: Came) -> None:
    happened = after({}, record("cancelled", on("Mar 1")), register())
    came(words(*happened[ORDER_STREAM][1:]))


@pytest.mark.case(
    "B01a+2",
    given="cancelled by a fact of its registration",
    right="OrderRegistered OrderPaid OrderCancelled RefundDue",
)
def test_s66_also_where_it_is_registered_as_cancelled(came: Came) -> None:
    outcome = given(decider).when(register(facts=facts(cancelled="Mar 1")))
    assert outcome.deadlines == {}
    came(words(*outcome.events))


@pytest.mark.case("B01a+3", given="lines of two sellers cancelled", right="30.00 of seller-1, 20.00 of seller-2")
def test_s66_each_seller_has_a_refund_of_its_own(came: Came) -> None:
    both = order(order_line("l1", "30.00"), order_line("l2", "20.00", seller_id=OTHER_SELLER.id))
    due = [event for event in cancelled(both).events if isinstance(event, RefundDue)]
    assert len({refund.refund_id for refund in due}) == 2
    came(", ".join(f"{refund.amount.amount} of {refund.seller_id}" for refund in due))


@pytest.mark.case("B01a+4", given="cancelled, but paid to the seller directly", right="OrderCancelled")
def test_s66_money_that_was_never_with_us_does_not_come_from_us(came: Came) -> None:
    came(words(*cancelled(order(payment={"payee": "seller"})).events))


@pytest.mark.case("B01b", given="cancelled by the buyer after the delivery", right="already_shipped S88")
def test_s88_after_the_shipment_nothing_is_cancelled(came: Came) -> None:
    refusal = cancelled(order(shipped="Mar 1", delivered="Mar 10")).rejection
    assert refusal and [action["rel"] for action in refusal.members["actions"]] == ["open-dispute"]
    came(f"{refusal.code} {' '.join(refusal.cited)}")


@pytest.mark.parametrize("name", ["shipped", "delivered", "finished", "carrier_lost"])
def test_s88_any_word_of_the_way_says_that_it_was_shipped(name: str) -> None:
    for told in (record("cancelled", on("Mar 12")), CancelOrder(**dict(record("cancelled", on("Mar 12"))))):
        refusal = given(decider, after(order(), record(name, on("Mar 5")))).when(told).rejection
        assert refusal and refusal.code == "already_shipped"


@pytest.mark.case("B01b+1", given="registered as shipped and cancelled", right="already_shipped")
def test_s88_a_registration_cannot_say_both(came: Came) -> None:
    refusal = given(decider).when(register(facts=facts(shipped="Mar 1", cancelled="Mar 2"))).rejection
    came(refusal.code if refusal else "taken")


@pytest.mark.case("B01b+2", given="one of two parcels shipped, then cancelled", right="already_shipped")
def test_s88_part_of_it_is_on_its_way(came: Came) -> None:
    part = after(order(*TWO), record("shipped", on("Mar 1"), parcels=(PART,)))
    refusal = cancelled(part).rejection
    came(refusal.code if refusal else "taken")


@pytest.mark.case("B01b+3", given="cancelled after the seller was paid", right="order_completed")
def test_s26_a_completed_order_is_not_cancelled(came: Came) -> None:
    paid_out = after(
        order(promised_by=PROMISED),
        expire_order("protection_end", on("Mar 26", "00:00")),
        expire_order("release", on("Mar 26", "01:00")),
    )
    refusal = cancelled(paid_out, "Mar 27").rejection
    came(refusal.code if refusal else "taken")


def test_a_cancellation_that_is_told_again_is_nothing_new() -> None:
    once = cancelled(order())
    once.when(record("cancelled", on("Mar 13"))).then_nothing()
    assert cancelled({name: list(events) for name, events in once.after.items()}, "Mar 13").events == []


@pytest.mark.case("B01b+n1", given="shipped, delivered or finished after the cancellation", right="order_cancelled")
@pytest.mark.parametrize("name", ["shipped", "delivered", "finished", "carrier_lost", "delivery_corrected"])
@pytest.mark.parametrize("at", ["Mar 5", "Mar 13"])
def test_s88_nothing_more_happens_to_a_cancelled_order(came: Came, name: str, at: str) -> None:
    once = cancelled(order())
    came(fault(once.when(record(name, on(at), told=on("Mar 14")))))
    once.when(noted(once.events[1])).then_types(RefundNoted, OrderCompleted)


@pytest.mark.case("B01b+n2", given="registered as cancelled on Mar 10, shipped on Mar 2", right="already_shipped")
@pytest.mark.parametrize("told", [("shipped", "cancelled"), ("cancelled", "shipped")])
def test_s88_what_was_shipped_first_is_not_cancelled_however_the_list_is_ordered(
    came: Came, told: Sequence[str]
) -> None:
    days = {"shipped": "Mar 2", "cancelled": "Mar 10"}
    came(fault(given(decider).when(register(facts=facts(**{name: days[name] for name in told})))))


@pytest.mark.case("B01b+n3", given="registered as shipped after its cancellation", right="order_cancelled")
@pytest.mark.parametrize("told", [("shipped", "cancelled"), ("cancelled", "shipped")])
def test_s88_what_was_cancelled_first_is_not_shipped_however_the_list_is_ordered(
    came: Came, told: Sequence[str]
) -> None:
    days = {"shipped": "Mar 10", "cancelled": "Mar 2"}
    came(fault(given(decider).when(register(facts=facts(**{name: days[name] for name in told})))))


@pytest.mark.case(
    "B01b+n4", given="shipped on Mar 10, then told that it was cancelled on Mar 2", right="OrderCancelled, RefundDue"
)
def test_s66_s88_a_cancellation_before_the_shipment_counts_also_when_it_is_told_late(came: Came) -> None:
    shipped = after(order(), record("shipped", on("Mar 10")))
    for told in (record("cancelled", on("Mar 2"), told=on("Mar 12")), late_cancel("Mar 2")):
        outcome = given(decider, shipped).when(told)
    came(", ".join(type(event).__name__ for event in outcome.events))


@pytest.mark.case("B01b+n5", given="told before the order: cancelled Mar 10, shipped Mar 2", right="not cancelled")
@pytest.mark.parametrize("first", ["shipped", "cancelled"])
def test_s88_which_of_two_early_facts_counts_is_judged_when_the_order_is_known(came: Came, first: str) -> None:
    told = {"shipped": record("shipped", on("Mar 2")), "cancelled": record("cancelled", on("Mar 10"))}
    early = after({}, told.pop(first), *told.values())
    state = order_of(after(early, register()))
    assert state.protection_ends_at
    came("cancelled" if state.cancelled_at else "not cancelled")


@pytest.mark.case(
    "B09b+n9", given="told before the order: cancelled in 1970; cancelled after a shipment", right="by nobody"
)
@pytest.mark.parametrize("early", [[EPOCH], [on("Mar 10"), on("Mar 2")]], ids=["before it", "after its shipment"])
def test_s88_of_an_order_that_is_not_cancelled_nobody_is_told_who_cancelled_it(
    came: Came, early: Sequence[datetime]
) -> None:
    cancellation, *shipment = early
    told = [record("cancelled", cancellation, by="seller", told=NOW), *(record("shipped", at) for at in shipment)]
    state = order_of(after(after({}, *told), register()))
    assert state.cancelled_at is None
    came(f"by {state.cancelled_by or 'nobody'}")


def late_cancel(at: str) -> CancelOrder:
    return CancelOrder(**dict(record("cancelled", on(at), told=on("Mar 12"))))


def fault(outcome: Outcome) -> str:
    refusal = outcome.rejection
    if refusal and refusal.errors:
        return str(refusal.errors[0]["code"])
    return refusal.code if refusal else "taken"


def test_s66_a_refund_is_noted_as_paid_once_and_a_failure_ends_nothing() -> None:
    once = cancelled(order())
    due = once.events[1]
    failed = once.when(noted(due, RefundOutcome.FAILED))
    failed.then_types(RefundNoted)
    assert not failed.states[0].completed
    paid = failed.when(noted(due))
    assert paid.states[0].refunds[due.refund_id].outcome == RefundOutcome.ISSUED
    paid.when(noted(due, RefundOutcome.SENT_TO_MANUAL)).then_nothing()


# With an open dispute (T45)


def disputed(amount: str = "12.00", n: int = 1) -> Histories:
    """The promised day has passed, and the buyer disputes the first of two lines."""
    line = (RequestedLine(line_id="l1", quantity=1),)
    return after(order(*TWO, promised_by=PROMISED), open_dispute(on("Mar 12"), n=n, amount=amount, lines=line))


@pytest.mark.case(
    "R1",
    given="cancelled with an open dispute on line 1 of 2; both refunds issued",
    right="30.00 by the dispute, closed as refunded; 20.00 by the order, completed",
)
def test_t45_the_dispute_asks_for_its_pieces_and_the_order_for_the_rest(came: Came) -> None:
    outcome = cancelled(disputed())
    event, rest = outcome.by_stream[ORDER_STREAM]
    _, due = outcome.by_stream[dispute_stream()]
    assert (type(event), due.source, due.dispute_id) == (OrderCancelled, RefundSource.CANCELLATION, dispute_id())
    assert outcome.deadlines == {}
    dispute = dispute_of(outcome.after)
    assert (dispute.state, dispute.fulfilment) == (DisputeState.AGREED, Fulfilment.REFUND_PENDING)
    paid = outcome.when(note_refund(due, on("Mar 13")))
    closed = paid.by_stream[dispute_stream()][-1]
    assert isinstance(closed, DisputeClosed) and closed.reason == CloseReason.REFUNDED
    assert [type(one) for one in paid.by_stream[ORDER_STREAM]] == [RefundNoted, PaymentHoldLifted]
    paid.when(noted(rest)).then_types(RefundNoted, OrderCompleted)
    came(f"{due.amount.amount} by the dispute, closed as {closed.reason}; {rest.amount.amount} by the order, completed")


@pytest.mark.case(
    "R1+1",
    given="cancelled while 12.00 of line 1 is agreed and under way",
    right="18.00 more by the dispute, 20.00 by the order",
)
def test_t45_what_is_agreed_stays_and_the_rest_goes_back_beside_it(came: Came) -> None:
    agreed = after(disputed(), respond(Decision.ACCEPT, on("Mar 13")))
    outcome = cancelled(agreed, "Mar 14")
    more, rest = outcome.by_stream[dispute_stream()][1], outcome.by_stream[ORDER_STREAM][1]
    came(f"{more.amount.amount} more by the dispute, {rest.amount.amount} by the order")


@pytest.mark.case("R1+2", given="the seller answers after the cancellation", right="wrong_phase")
def test_t45_nobody_negotiates_about_a_cancelled_order(came: Came) -> None:
    outcome = cancelled(disputed())
    for asked in (respond(Decision.ACCEPT, on("Mar 13")), cancel(on("Mar 13"))):
        given(decider, outcome.after).when(asked).then_rejects(WrongPhase)
    came("wrong_phase")


@pytest.mark.case(
    "R1+3",
    given="cancelled while a return is agreed; then the return is denied",
    right="30.00 back, closed as refunded",
)
@pytest.mark.parametrize("outcome", [ReturnOutcome.DENIED, ReturnOutcome.FAILED, ReturnOutcome.PASSED])
def test_t45_a_return_that_was_agreed_changes_nothing_any_more(came: Came, outcome: ReturnOutcome) -> None:
    late = order(*TWO, promised_by=PROMISED)
    line = (RequestedLine(line_id="l1", quantity=1),)
    asked = open_dispute(on("Mar 12"), amount="12.00", lines=line, reason="late", type="return_and_refund")
    agreed = after(late, asked, respond(Decision.ACCEPT, on("Mar 13")))
    back = cancelled(agreed, "Mar 14").when(note_return(return_due(agreed), outcome, on("Mar 15")))
    assert dispute_of(back.after).state == DisputeState.AGREED
    closed = back.when(note_refund(refund_due(dict(back.after)), on("Mar 16"))).by_stream[dispute_stream()][-1]
    came(f"{closed.amount.amount} back, closed as {closed.reason}")


def test_t45_a_dispute_that_began_meanwhile_makes_it_look_again() -> None:
    assert type(cancelled(disputed(), "Mar 12", "dsp_other").rejection) is DisputesChanged
