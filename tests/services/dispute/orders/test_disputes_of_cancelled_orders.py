"""Disputes of a cancelled order: whatever was agreed or decided, all goes back, and that ends them (T45, S66, S88)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from dispute.domain.decider import decider
from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.disputes.state import DisputeState
from dispute.domain.rejections import NotAppealable
from dispute.views.disputes.dispute import dispute_view
from shared.events.dispute import (
    CancellationNoted,
    CloseReason,
    Decision,
    DisputeClosed,
    RefundDue,
    RefundNoted,
    ReplacementNotDue,
    ReturnNotDue,
    SolutionType,
)
from shared.events.mediation import ClawbackNotDue, ClawbackRequested, Outcome
from shared.events.money import Money
from shared.events.order import OrderCancelled, OrderCompleted, PaymentHoldLifted
from shared.rejections import WrongPhase
from tests.laws.size import examples
from tests.support.builders.disputes import (
    counter,
    dispute_id,
    dispute_of,
    dispute_stream,
    expire,
    note_refund,
    open_dispute,
    refund_due,
    respond,
)
from tests.support.builders.mediation import (
    D3,
    SUPPORT,
    appeal,
    decide,
    decide_appeal,
    escalate,
    force,
    paid,
)
from tests.support.builders.orders import (
    BUYER,
    ORDER_STREAM,
    SELLER,
    Histories,
    after,
    on,
    order,
    order_of,
    record,
    usd,
)
from tests.support.spec import Outcome as Came
from tests.support.spec import given

PROMISED = on("Mar 10").date()
AGAIN: dict[str, Any] = {"outcome": Outcome.BUYER_FAVOUR, "type": SolutionType.REPLACEMENT}


def opened(**asked: Any) -> Histories:
    """The promised day has passed, nothing was sent, and the buyer disputes all of the 50.00."""
    return after(order(promised_by=PROMISED), open_dispute(on("Mar 12"), **asked))


def decided(amount: str, **changed: Any) -> Histories:
    """So much was decided on 18 March: D6 is 26 March."""
    escalated = after(opened(), counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    return after(escalated, decide(on("Mar 18"), amount, **changed))


def appealed(amount: str) -> Histories:
    return after(paid(decided(amount)), appeal(on("Mar 19"), SELLER))


def cancelled(happened: Histories, at: str = "Mar 20") -> Came:
    fact = record("cancelled", on(at), by="seller")
    return given(decider, happened).when(CancelOrder(**dict(fact) | {"disputes": (dispute_id(),)}))


def asked(outcome: Came) -> list[str]:
    return [event.amount.amount for event in outcome.events if isinstance(event, RefundDue)]


@pytest.mark.parametrize(
    ("happened", "more"),
    [
        (lambda: paid(decided("30.00")), "20.00"),
        (lambda: decided("30.00"), "20.00"),
        (lambda: decided("0.00"), "50.00"),
        (lambda: appealed("30.00"), "20.00"),
    ],
    ids=["decided and paid", "decided and under way", "for the seller", "under appeal"],
)
def test_t45_s66_of_what_was_decided_the_rest_goes_back_too_and_nobody_appeals_or_decides(
    happened: Callable[[], Histories], more: str
) -> None:
    outcome = cancelled(happened())
    assert asked(outcome) == [more]
    (noted,) = [event for event in outcome.events if isinstance(event, CancellationNoted)]
    assert (noted.amount, noted.rules) == (usd("50.00"), ("T45", "S66", "S88"))
    assert outcome.states[1].state == DisputeState.AGREED
    assert not [kind for stream, kind in outcome.deadlines if stream == dispute_stream()]
    for party in (BUYER, SELLER):
        given(decider, outcome.after).when(appeal(on("Mar 21"), party)).then_rejects(NotAppealable)
    for command in (decide_appeal(on("Mar 27"), "0.00"), decide(on("Mar 21")), force(on("Mar 21"), actor=SUPPORT)):
        given(decider, outcome.after).when(command).then_rejects(WrongPhase)


def on_later(outcome: Came) -> Any:
    return note_refund(refund_due(dict(outcome.after)), on("Mar 21"))


@pytest.mark.parametrize("first", [0, 1])
def test_t45_s52_it_ends_once_all_of_it_is_paid_and_says_what_went_back_and_why(first: int) -> None:
    outcome = cancelled(after(opened(amount="12.00"), respond(Decision.ACCEPT, on("Mar 13"))))
    due = [*dispute_of(outcome.after).refunds.values()]
    assert [refund.due.amount for refund in due] == [usd("12.00"), usd("38.00")]
    once = outcome.when(note_refund(due[first].due, on("Mar 21"))).then_types(RefundNoted, RefundNoted)
    end = once.when(note_refund(due[1 - first].due, on("Mar 22")))
    closed = end.then_types(RefundNoted, DisputeClosed, RefundNoted, PaymentHoldLifted, OrderCompleted).events[1]
    assert (closed.reason, closed.amount) == (CloseReason.REFUNDED, usd("50.00"))
    assert (closed.reached_type, closed.solution) == (None, None)
    assert closed.rules == ("T45", "S66", "S88", "T33", "S52")
    view = dispute_view(dispute_of(end.after), 1, BUYER, on("Mar 23"))
    result = view["result"]
    assert result and (result["amount"], result["rules"]) == (usd("50.00"), [*closed.rules])
    assert (view["type"], view["amount"]) == (SolutionType.REFUND_ONLY, usd("50.00"))


def test_t45_where_all_is_paid_already_it_ends_at_once() -> None:
    outcome = cancelled(appealed("50.00"))
    of_order = (OrderCancelled, PaymentHoldLifted, OrderCompleted)
    assert [type(event) for event in outcome.by_stream[ORDER_STREAM]] == [*of_order]
    noted, closed = outcome.by_stream[dispute_stream()]
    assert (type(noted), closed.reason, closed.amount) == (CancellationNoted, CloseReason.REFUNDED, usd("50.00"))


def test_t45_k18_what_is_asked_back_is_left_to_the_buyer_and_nothing_is_sent_any_more() -> None:
    replacing = after(appealed("30.00"), decide_appeal(on("Mar 27"), "0.00", **AGAIN))
    outcome = cancelled(replacing, "Mar 28")
    kinds = [type(event) for event in outcome.by_stream[dispute_stream()]]
    assert kinds == [ReplacementNotDue, CancellationNoted, ClawbackNotDue, RefundDue]
    assert asked(outcome) == ["20.00"]
    assert dispute_of(outcome.after).case.asked_back is None
    assert dispute_of(outcome.when(on_later(outcome)).after).state == DisputeState.CLOSED


@pytest.mark.parametrize(("stays", "back"), [("0.00", "30.00"), ("20.00", "10.00")])
def test_t45_s66_k18_what_is_asked_back_of_a_dispute_that_has_ended_is_left_to_the_buyer_too(
    stays: str, back: str
) -> None:
    ended = after(appealed("30.00"), appeal(on("Mar 19"), BUYER), decide_appeal(on("Mar 20"), stays))
    assert dispute_of(ended).state == DisputeState.CLOSED
    outcome = cancelled(ended, "Mar 21")
    (left,) = outcome.by_stream[dispute_stream()]
    assert (type(left), left.amount, left.rules) == (ClawbackNotDue, usd(back), ("K18", "T45"))
    assert asked(outcome) == ["20.00"]
    due = refund_due({dispute_stream(): outcome.by_stream[ORDER_STREAM]})
    end = outcome.when(note_refund(due, on("Mar 22"))).then_types(RefundNoted, OrderCompleted)
    view = dispute_view(dispute_of(end.after), 1, BUYER, on("Mar 23"))
    assert [shown["state"] for shown in view["clawbacks"]] == ["withdrawn"]
    assert view["result"] and view["result"]["amount"] == usd(stays)


@settings(max_examples=examples(60))
@for_all(st.integers(1, 4999), st.integers(0, 5000))
def test_t45_s66_k18_of_a_cancelled_order_refunds_less_clawbacks_are_what_was_paid(first: int, then: int) -> None:
    """Some of the 50.00 is paid and both appeal; with all of it paid the order is over, and nobody cancels it (S26)."""
    word = (None,) if first == then else (Money(then, "USD").amount,)
    ruled = after(appealed(Money(first, "USD").amount), appeal(on("Mar 19"), BUYER), decide_appeal(on("Mar 20"), *word))
    outcome = cancelled(ruled, "Mar 21")
    while unpaid := [due for due in sent(outcome, RefundDue) if due.refund_id not in paid_of(outcome)]:
        outcome = outcome.when(note_refund(unpaid[0], on("Mar 22")))
    refunds = sum(due.amount.minor for due in sent(outcome, RefundDue))
    back = sum(each.amount.minor for each in sent(outcome, ClawbackRequested))
    left = sum(each.amount.minor for each in sent(outcome, ClawbackNotDue))
    assert refunds - (back - left) == 5000
    assert dispute_of(outcome.after).state == DisputeState.CLOSED and order_of(outcome.after).completed


def sent(outcome: Came, kind: type[Any]) -> list[Any]:
    return [event for events in outcome.after.values() for event in events if isinstance(event, kind)]


def paid_of(outcome: Came) -> set[str]:
    return {noted.refund_id for noted in sent(outcome, RefundNoted)}


def test_t45_a_dispute_that_has_ended_and_asks_nothing_back_hears_nothing() -> None:
    ended = paid(after(opened(amount="12.00"), respond(Decision.ACCEPT, on("Mar 13"))))
    outcome = cancelled(ended)
    assert list(outcome.by_stream[dispute_stream()]) == []
    assert asked(outcome) == ["38.00"]


def test_t45_goods_that_were_to_go_back_stay_where_they_are() -> None:
    asked_for = {"type": SolutionType.RETURN_AND_REFUND, "amount": "12.00"}
    outcome = cancelled(after(opened(**asked_for), respond(Decision.ACCEPT, on("Mar 13"))))
    kinds = [type(event) for event in outcome.by_stream[dispute_stream()]]
    assert kinds == [ReturnNotDue, CancellationNoted, RefundDue]
