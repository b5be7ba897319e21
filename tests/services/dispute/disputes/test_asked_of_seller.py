"""Whatever goes back of money that the seller was paid before is asked of him, no more and no less (K19, K18)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.views.dry_run import money
from shared.events.dispute import (
    Decision,
    DisputeClosed,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    ReturnOutcome,
    SellerResponded,
    SolutionReached,
    SolutionType,
)
from shared.events.mediation import AppealDecided, ClawbackNotDue, ClawbackRequested
from shared.events.order import PaymentHoldLifted
from tests.support.builders import mediation as m
from tests.support.builders.by_law import claimed, only, parts, when
from tests.support.builders.disputes import (
    dispute_of,
    expire,
    note_refund,
    note_return,
    refund_due,
    respond,
    return_due,
)
from tests.support.builders.evidence import upload_id
from tests.support.builders.orders import (
    SELLER,
    Histories,
    after,
    on,
    order_of,
    usd,
)
from tests.support.spec import History


def accepted(**more: Any) -> Histories:
    return after(claimed(**more), respond(Decision.ACCEPT, on("May 2")))


def standing(happened: History) -> tuple[dict[str, str], ...]:
    """What is asked of the seller, and back of the buyer."""
    case = dispute_of(happened).case
    return tuple(parts(back) if back else {} for back in (case.asked_of("seller"), case.asked_back))


def test_k19_s17_what_is_agreed_is_paid_at_once_and_asked_of_the_seller() -> None:
    outcome = when(claimed(), respond(Decision.ACCEPT, on("May 2")))
    outcome.then_types(SellerResponded, SolutionReached, RefundDue, ClawbackRequested)
    back = only(outcome, ClawbackRequested)
    assert (back.party, back.amount, parts(back), back.rules) == (
        "seller",
        usd("30.00"),
        {"l1": "30.00"},
        ("K19", "S17"),
    )
    effects = [(one["kind"], one["party"]) for event in outcome.events for one in money(event, None)]
    assert effects == [("refund", "buyer"), ("clawback", "seller")]


def test_k19_a_silent_seller_is_asked_too() -> None:
    silent = when(claimed(), expire("seller_response", on("May 7", "00:00")))
    assert only(silent, ClawbackRequested).party == "seller"


def test_k19_once_it_is_paid_the_dispute_ends_and_nothing_is_released_again() -> None:
    outcome = when(accepted(), note_refund(refund_due(accepted()), on("May 3")))
    outcome.then_types(RefundNoted, DisputeClosed, RefundNoted, PaymentHoldLifted)
    line = order_of(outcome.after).lines["l1"]
    assert (line.refunded, line.released, line.reclaimed) == (usd("30.00"), usd("50.00"), usd("30.00"))
    assert (line.remainder, line.done, line.reach.quantity) == (usd("0.00"), True, 0)


def test_k19_a_refund_that_was_refused_is_asked_of_nobody() -> None:
    refused = when(accepted(), note_refund(refund_due(accepted()), on("May 3"), RefundOutcome.REFUSED, "over"))
    assert [type(event) for event in refused.events if not isinstance(event, RefundNoted)] == [ClawbackNotDue]
    assert only(refused, ClawbackNotDue).party == "seller"
    assert standing(refused.after) == ({}, {})


def test_k19_k14_goods_come_first_and_then_the_seller_is_asked() -> None:
    agreed = accepted(type=SolutionType.RETURN_AND_REFUND)
    assert standing(agreed) == ({}, {})
    passed = when(agreed, note_return(return_due(agreed), ReturnOutcome.PASSED, on("May 9")))
    assert parts(only(passed, ClawbackRequested)) == {"l1": "30.00"}


def decided(amount: str = "30.00") -> Histories:
    """The case team decides so much on 10 May, which is paid at once; the seller appeals on 12 May."""
    team = after(claimed(amount="50.00"), respond(Decision.REJECT, on("May 2"), reason="No."), m.escalate(on("May 3")))
    due = dispute_of(team).due("evidence")
    assert due
    ruled = after(team, expire("evidence", due), m.decide(on("May 10"), amount, weights={upload_id(): 2}))
    return after(m.paid(ruled, on("May 11")), m.appeal(on("May 12"), SELLER))


@pytest.mark.parametrize(
    ("amount", "of_seller", "of_buyer"),
    [("20.00", "20.00", "10.00"), ("45.00", "45.00", None), ("0.00", None, "30.00")],
)
def test_k18_k19_an_appeal_asks_each_party_for_its_own(
    amount: str, of_seller: str | None, of_buyer: str | None
) -> None:
    """30.00 were paid and asked of the seller; the last word says another amount."""
    appealed = decided()
    assert standing(appealed) == ({"l1": "30.00"}, {})
    due = dispute_of(appealed).due("appeal")
    assert due
    again = after(appealed, expire("appeal", due))
    ruled = when(again, m.decide_appeal(due, amount, weights={upload_id(): 2}))
    assert {AppealDecided} <= {type(event) for event in ruled.events}
    assert standing(ruled.after) == tuple({"l1": one} if one else {} for one in (of_seller, of_buyer))
