"""What silence does: D1, D2 and D4 (T5, T8, T10), and that only the deadline that stands can fire."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from shared.decider import Start
from shared.events.deadlines import DeadlineMoved
from shared.events.dispute import (
    BuyerResponseTimedOut,
    CloseReason,
    Decision,
    DisputeClosed,
    Escalated,
    EscalationReason,
    NegotiationTimedOut,
    ReachedType,
    RefundDue,
    ReturnDue,
    SellerResponseTimedOut,
    SolutionReached,
    SolutionType,
)
from shared.events.order import PaymentHoldLifted
from tests.support.builders.disputes import (
    accept,
    agreed,
    cancel,
    counter,
    countered,
    dispute_id,
    dispute_of,
    dispute_stream,
    expire,
    modify,
    opened,
    respond,
)
from tests.support.builders.orders import Histories, after, on, order, terms, usd
from tests.support.spec import Outcome, given

D1, D2, D4 = on("Mar 18", "00:00"), on("Mar 19", "00:00"), on("Mar 21", "00:00")
"""Of a dispute opened on 12 March and answered on 13 March."""

haggling = after(countered(), modify(on("Mar 18"), amount="40.00"))
"""Asked anew on 18 March: D1 is 24 March now, D4 still 21 March."""
answered_late = after(haggling, respond(Decision.REJECT, on("Mar 19")))
"""Refused again on 19 March: D2 is 25 March now, D4 still 21 March."""


def standing(outcome: Outcome) -> set[str]:
    """The kinds of deadlines that stand on the dispute."""
    return {kind for stream, kind in outcome.deadlines if stream == dispute_stream()}


# D1: the seller is silent


def test_s41_d1_when_the_seller_is_silent_for_5_days_the_request_is_granted() -> None:
    asked = opened(amount="30.00")
    outcome = given(decider, asked).when(expire("seller_response", D1))
    silent, reached, money = outcome.events
    assert silent == SellerResponseTimedOut(dispute_id=dispute_id(), due_at=D1, rules=("S41",))
    assert (reached.reached_type, reached.solution, reached.rules) == (
        ReachedType.SELLER_TIMEOUT,
        dispute_of(asked).request,
        ("S41",),
    )
    assert (type(money), money.amount) == (RefundDue, usd("30.00"))
    assert (outcome.states[0].state, standing(outcome)) == (DisputeState.AGREED, set())


def test_s41_a_return_and_refund_is_granted_as_such() -> None:
    asked = opened(type=SolutionType.RETURN_AND_REFUND)
    given(decider, asked).when(expire("seller_response", D1)).then_types(
        SellerResponseTimedOut, SolutionReached, ReturnDue
    )


def test_s41_t5_the_request_granted_is_the_last_one() -> None:
    due = on("Mar 24", "00:00")
    events = given(decider, haggling).when(expire("seller_response", due)).events
    assert (events[1].solution.amount, events[2].amount) == (usd("40.00"), usd("40.00"))


# D2: the buyer is silent


def test_s49_t8_k17_d2_when_the_buyer_is_silent_the_case_team_takes_over() -> None:
    outcome = given(decider, countered()).when(expire("buyer_response", D2))
    outcome.then(
        BuyerResponseTimedOut(dispute_id=dispute_id(), due_at=D2, rules=("K17",)),
        Escalated(
            dispute_id=dispute_id(),
            by="system",
            reason=EscalationReason.BUYER_TIMEOUT,
            evidence_until=on("Mar 23", "00:00"),
            rules=("K17", "T8", "S49"),
        ),
    )
    assert (outcome.states[0].state, standing(outcome)) == (DisputeState.ESCALATED, {"evidence"})


def test_t8_t39_other_terms_end_it_without_a_refund_and_the_hold_with_it() -> None:
    strict = order(shipped="Mar 1", terms=terms(buyer_timeout_action="close"))
    offered = after(opened(happened=strict), counter(on("Mar 13")))
    outcome = given(decider, offered).when(expire("buyer_response", D2))
    outcome.then_types(BuyerResponseTimedOut, DisputeClosed, PaymentHoldLifted)
    assert (outcome.events[1].reason, outcome.events[1].amount) == (CloseReason.NO_REFUND, usd("0.00"))
    assert (outcome.states[0].state, standing(outcome)) == (DisputeState.CLOSED, set())


# D4: no agreement


def test_s49_k16_t10_d4_after_7_days_without_agreement_the_case_team_takes_over() -> None:
    outcome = given(decider, answered_late).when(expire("negotiation", D4))
    outcome.then(
        NegotiationTimedOut(dispute_id=dispute_id(), due_at=D4, rules=("K16",)),
        Escalated(
            dispute_id=dispute_id(),
            by="system",
            reason=EscalationReason.NEGOTIATION_TIMEOUT,
            evidence_until=on("Mar 25", "00:00"),
            rules=("K16", "T10", "S49"),
        ),
    )
    assert (outcome.states[0].state, standing(outcome)) == (DisputeState.ESCALATED, {"evidence"})


def test_t7_d4_waits_while_the_seller_is_to_answer_and_d1_still_grants() -> None:
    given(decider, haggling).when(expire("negotiation", D4)).then_nothing()
    given(decider, haggling).when(expire("seller_response", on("Mar 24", "00:00"))).then_types(
        SellerResponseTimedOut, SolutionReached, RefundDue
    )


# What can fire


def test_a_deadline_does_not_fire_before_its_instant() -> None:
    given(decider, opened()).when(expire("seller_response", D1, at=on("Mar 17", "23:59"))).then_nothing()


def test_a_deadline_fires_late_as_it_would_have_in_time_and_counts_from_then() -> None:
    late = on("Apr 2")
    reached = given(decider, opened()).when(expire("seller_response", D1, at=late)).events[1]
    assert reached.reached_at == late
    assert given(decider, countered()).when(expire("buyer_response", D2, at=late)).events[1].evidence_until == on(
        "Apr 6", "00:00"
    )


def test_a_moved_deadline_fires_at_its_new_instant_only() -> None:
    given(decider, haggling).when(expire("seller_response", D1, at=on("Mar 24"))).then_nothing()


@pytest.mark.parametrize(
    "happened", [agreed(), after(opened(), cancel(on("Mar 13"))), after(countered(), expire("buyer_response", D2))]
)
def test_a_cleared_deadline_loses(happened: Histories) -> None:
    for kind, due in (("seller_response", D1), ("buyer_response", D2), ("negotiation", D4)):
        given(decider, happened).when(expire(kind, due, at=on("Apr 1"))).then_nothing()


def test_the_party_that_answered_in_time_is_not_silent() -> None:
    given(decider, countered()).when(expire("seller_response", D1)).then_nothing()
    given(decider, after(countered(), accept(on("Mar 14")))).when(expire("buyer_response", D2)).then_nothing()


@pytest.mark.parametrize(
    "kind", ["seller_response", "buyer_response", "negotiation", "protection_end", "pay:rfd_9a31", ""]
)
def test_nothing_fires_on_a_dispute_that_does_not_exist(kind: str) -> None:
    given(decider).when(expire(kind, D1)).then_nothing()


@pytest.mark.parametrize("kind", ["protection_end", "release", "evidence", ""])
def test_no_other_kind_fires_on_a_dispute(kind: str) -> None:
    for happened, due in ((opened(), D1), (countered(), D2), (countered(), D4)):
        given(decider, happened).when(expire(kind, due)).then_nothing()


def test_a_timer_asked_twice_decides_once() -> None:
    given(decider, opened()).when(expire("seller_response", D1)).when(expire("seller_response", D1)).then_nothing()


@pytest.mark.parametrize(
    ("kind", "happened", "standing_at"),
    [("seller_response", opened(), D1), ("buyer_response", countered(), D2), ("negotiation", countered(), D4)],
)
def test_a_deadline_that_was_moved_fires_at_its_new_instant_alone(
    kind: str, happened: Histories, standing_at: datetime
) -> None:
    later = standing_at + timedelta(days=3)
    moved = DeadlineMoved(kind=kind, previous_due_at=standing_at, due_at=later, rules=("T35",))
    happened = {**happened, dispute_stream(): [*happened[dispute_stream()], moved]}
    assert list(decider.deadlines(dispute_stream(), moved)) == [Start(kind, later)]
    given(decider, happened).when(expire(kind, standing_at, at=later)).then_nothing()
    assert given(decider, happened).when(expire(kind, later)).events
