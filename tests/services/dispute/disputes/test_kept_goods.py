"""After an agreement on a return the buyer may keep the goods, as long as nothing was sent (T21)."""

from __future__ import annotations

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.rejections import ReleaseAckRequired
from shared.events.dispute import (
    Decision,
    DisputeCancelled,
    DisputeClosed,
    ReturnNotDue,
    ReturnNoted,
    ReturnOutcome,
    SolutionType,
)
from shared.events.order import HoldEnd, OrderCompleted, PaymentHoldLifted, PaymentReleased
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    agreed,
    cancel,
    dispute_id,
    dispute_of,
    note_return,
    open_dispute,
    opened,
    respond,
    return_due,
)
from tests.support.builders.orders import Histories, after, on, order, usd
from tests.support.spec import given

RETURNING = agreed(SolutionType.RETURN_AND_REFUND)


def noted(*steps: ReturnOutcome) -> Histories:
    """A return was agreed on 13 March, and went these steps, an hour each from 14 March on."""
    due = return_due(RETURNING)
    return after(RETURNING, *(note_return(due, step, on("Mar 14", f"1{n}:00")) for n, step in enumerate(steps)))


def keeps(happened: Histories) -> str:
    refusal = given(decider, happened).when(cancel(on("Mar 15"))).rejection
    return refusal.code if refusal else "cancelled_by_buyer"


@pytest.mark.case("R10", given="a return was agreed, nothing is sent, the buyer keeps it", right="cancelled_by_buyer")
def test_t21_k22_the_buyer_may_keep_the_goods_before_they_are_sent(came: Came) -> None:
    outcome = given(decider, noted(ReturnOutcome.AUTHORIZED)).when(cancel(on("Mar 15")))
    cancelled, not_due, closed, lifted = outcome.then_types(
        DisputeCancelled, ReturnNotDue, DisputeClosed, PaymentHoldLifted
    ).events
    assert not_due.return_id == return_due(RETURNING).return_id
    assert (closed.reached_type, closed.solution, closed.amount) == (None, None, usd("0.00")), "S52"
    assert (lifted.because, outcome.states[1].lines["l1"].agreed) == (HoldEnd.CANCELLED, False)
    assert outcome.states[0].fulfilment == Fulfilment.NONE
    came(closed.reason)


KEPT = [
    pytest.param(
        (), marks=pytest.mark.case("R10+1", given="before the return is authorised", right="cancelled_by_buyer")
    ),
    pytest.param(
        (ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED),
        marks=pytest.mark.case("R10+2", given="once the goods are on their way", right="wrong_phase"),
    ),
    pytest.param(
        (ReturnOutcome.AUTHORIZED, ReturnOutcome.SHIPPED, ReturnOutcome.RECEIVED),
        marks=pytest.mark.case("R10+3", given="once the goods have come back", right="wrong_phase"),
    ),
]


@pytest.mark.parametrize("steps", KEPT)
def test_t21_what_was_sent_cannot_be_kept(steps: tuple[ReturnOutcome, ...], came: Came) -> None:
    came(keeps(noted(*steps)))


@pytest.mark.case("R10+4", given="only money was agreed", right="wrong_phase")
def test_t21_an_agreement_on_money_is_not_withdrawn(came: Came) -> None:
    came(keeps(agreed()))


def test_t21_g16_after_the_protection_the_buyer_says_that_the_seller_is_paid() -> None:
    asked = opened(on("Apr 4"), order(shipped="Mar 1", finished="Mar 20"), type=SolutionType.RETURN_AND_REFUND)
    returning = after(asked, respond(Decision.ACCEPT, on("Apr 4", "13:00")))
    given(decider, returning).when(cancel(on("Apr 6"))).then_rejects(ReleaseAckRequired)
    given(decider, returning).when(cancel(on("Apr 6"), acknowledge_release=True)).then_types(
        DisputeCancelled, ReturnNotDue, DisputeClosed, PaymentReleased, OrderCompleted
    )


def test_t21_s48_kept_goods_may_be_disputed_again_and_a_late_step_of_the_return_changes_nothing() -> None:
    kept = after(noted(ReturnOutcome.AUTHORIZED), cancel(on("Mar 15")))
    for step in (ReturnOutcome.VOIDED, ReturnOutcome.SHIPPED, ReturnOutcome.PASSED):
        given(decider, kept).when(note_return(return_due(kept), step, on("Mar 16"))).then_types(ReturnNoted)
    authorised_late = after(
        after(RETURNING, cancel(on("Mar 14"))),
        note_return(return_due(RETURNING), ReturnOutcome.AUTHORIZED, on("Mar 14", "13:00")),
    )
    assert dispute_of(authorised_late).fulfilment == Fulfilment.NONE
    again = open_dispute(on("Mar 16"), n=2)
    assert given(decider, kept).when(again).events[0].reopened_from == dispute_id()
