"""Escalation: a response after the end of the negotiation goes straight to the case team (T7, K16)."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from shared.events.dispute import (
    Decision,
    Escalated,
    EscalationReason,
    NegotiationTimedOut,
    RefundDue,
    SellerResponded,
    SolutionReached,
)
from tests.support.builders.disputes import counter, countered, dispute_id, dispute_stream, modify, respond
from tests.support.builders.orders import after, on
from tests.support.spec import given

D4 = on("Mar 21", "00:00")
"""Of a dispute that was answered on 13 March."""


@pytest.mark.parametrize("answer", [Decision.COUNTER, Decision.REJECT])
def test_t7_k16_an_answer_after_d4_goes_straight_to_the_case_team(answer: Decision) -> None:
    waiting = after(countered(), modify(on("Mar 18"), amount="40.00"))
    late = counter(on("Mar 21")) if answer == Decision.COUNTER else respond(answer, on("Mar 21"))
    outcome = given(decider, waiting).when(late)
    over, escalated = outcome.events[-2:]
    assert over == NegotiationTimedOut(dispute_id=dispute_id(), due_at=D4, rules=("K16",))
    assert (escalated.by, escalated.reason, escalated.evidence_until) == (
        "system",
        EscalationReason.NEGOTIATION_TIMEOUT,
        on("Mar 25", "00:00"),
    )
    assert outcome.states[0].state == DisputeState.ESCALATED
    assert {kind for stream, kind in outcome.deadlines if stream == dispute_stream()} == {"evidence"}


def test_t7_the_instant_of_d4_itself_is_too_late() -> None:
    waiting = after(countered(), modify(on("Mar 18"), amount="40.00"))
    assert Escalated not in map(type, given(decider, waiting).when(counter(on("Mar 20", "23:59"))).events)
    assert Escalated in map(type, given(decider, waiting).when(counter(D4)).events)


def test_t7_an_acceptance_after_d4_is_still_an_agreement() -> None:
    waiting = after(countered(), modify(on("Mar 18"), amount="40.00"))
    given(decider, waiting).when(respond(Decision.ACCEPT, on("Mar 21"))).then_types(
        SellerResponded, SolutionReached, RefundDue
    )
