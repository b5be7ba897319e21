"""Whatever goes back of money that the seller was paid before is asked of him, no more and no less (K19, K18)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispute.domain.disputes.cancelled_order import CancelOrder
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.orders.line import Sold
from dispute.read_models import order_status
from dispute.views.as_of import line_rows_of
from dispute.views.dry_run import money
from dispute.views.orders.order import payout
from shared.events.dispute import (
    Decision,
    DisputeClosed,
    DisputeOpened,
    RefundDue,
    RefundNoted,
    RefundOutcome,
    ReturnOutcome,
    SellerResponded,
    SolutionReached,
    SolutionType,
)
from shared.events.envelope import Metadata, Recorded
from shared.events.ids import derived_uuid
from shared.events.mediation import AppealDecided, ClawbackNotDue, ClawbackRequested, Outcome
from shared.events.order import PaymentHoldLifted
from shared.subscriptions.changes import Fold
from tests.services.dispute.mediation.test_receipts import plain
from tests.support.builders import mediation as m
from tests.support.builders.by_law import MAY, bought, claimed, complete, faulty, only, parts, when
from tests.support.builders.disputes import (
    cancel,
    dispute_id,
    dispute_of,
    expire,
    note_refund,
    note_return,
    refund_due,
    respond,
    return_due,
)
from tests.support.builders.evidence import upload, upload_id
from tests.support.builders.orders import (
    ORDER,
    ORDER_STREAM,
    SELLER,
    SHOP,
    Histories,
    after,
    on,
    order_line,
    order_of,
    record,
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


def test_s52_k19_a_receipt_says_in_words_what_is_asked_of_the_seller() -> None:
    appealed = decided()
    due = dispute_of(appealed).due("appeal")
    assert due
    again = after(appealed, expire("appeal", due), m.decide_appeal(due, "45.00", weights={upload_id(): 2}))
    assert plain(again) == (
        "the buyer gets 45.00 USD in all; 30.00 USD is already paid or on its way to the buyer; "
        "15.00 USD go back to the buyer at once; 45.00 USD is asked of the seller, who was paid before"
    )


def withdrawn_after_it_was_paid() -> tuple[Histories, datetime]:
    """30.00 of 50.00 went back by law, the appeal says a replacement instead, none is sent, and the buyer withdraws."""
    appealed = decided()
    due = dispute_of(appealed).due("appeal")
    assert due
    word: dict[str, Any] = {"type": SolutionType.REPLACEMENT, "outcome": Outcome.BUYER_FAVOUR}
    amended = after(appealed, expire("appeal", due), m.decide_appeal(due, "0.00", weights={upload_id(): 2}, **word))
    overdue = dispute_of(amended).due("replacement")
    assert overdue
    at = overdue + timedelta(days=1)
    return after(amended, expire("replacement", overdue), cancel(at)), at


def test_g9_k19_what_went_back_is_not_the_next_disputes_to_claim() -> None:
    withdrawn, at = withdrawn_after_it_was_paid()
    assert order_of(withdrawn).lines["l1"].reach == Sold(1, usd("20.00"))
    again = when(after(withdrawn, upload(at, n=2)), faulty(at, 2, amount="20.00"))
    assert only(again, DisputeOpened).lines[0].cap == usd("20.00")
    more = when(after(withdrawn, upload(at, n=2)), faulty(at, 2, amount="20.01"))
    assert more.rejection and more.rejection.code == "amount_exceeds_cap"


def test_k19_two_disputes_of_one_cancelled_order_ask_by_names_of_their_own() -> None:
    """It was called off before it was sent, and that is told only after the sellers were paid."""
    three = bought(order_line("l1", "30.00"), order_line("l2", "20.00"), order_line("l3", "10.00"))
    held = after(three, upload(on("Mar 10"), n=3), faulty(on("Mar 10"), 3, lines=_one("l3"), amount="10.00"))
    two = claimed(claimed(complete(held), lines=_one("l1"), amount="10.00"), n=2, lines=_one("l2"), amount="10.00")
    fact = record("cancelled", on("Feb 28"), by="seller", told=on("May 2")).fact
    who = {"command_id": derived_uuid("cancelled"), "actor": SHOP, "at": on("May 2")}
    names = tuple(sorted(dispute_id(n) for n in (1, 2, 3)))
    outcome = when(two, CancelOrder(order_id=ORDER, fact=fact, disputes=names, **who))
    asked = [event for event in outcome.events if isinstance(event, ClawbackRequested)]
    assert sorted(event.amount.amount for event in asked) == ["20.00", "30.00"]
    assert len({event.clawback_id for event in asked}) == 2


def _one(line_id: str) -> tuple[RequestedLine, ...]:
    return (RequestedLine(line_id=line_id, quantity=1),)


def test_k19_what_the_law_gave_back_frees_no_money_of_a_piece_that_is_held() -> None:
    """One piece is disputed under the programme, the other was paid out and is refunded by law."""
    two = bought(order_line("l1", "30.00", 2))
    held = after(two, upload(on("Mar 10"), n=3), faulty(on("Mar 10"), 3))
    agreed = after(claimed(complete(held)), respond(Decision.ACCEPT, on("May 2")))
    paid = after(agreed, note_refund(refund_due(agreed), on("May 3")))
    rows = projected(paid)
    assert payout(rows) == payout(line_rows_of(order_of(paid))) == "held"
    assert [(row["refunded"], row["released"], row["reclaimed"]) for row in rows] == [(3000, 3000, 3000)]


def projected(happened: Histories) -> Sequence[Mapping[str, Any]]:
    """The rows of the order's lines in the read model."""
    fold, about = Fold(), Metadata(MAY, derived_uuid("test"), "", "system:test", "story", None, None, ORDER)
    for version, event in enumerate(happened[ORDER_STREAM], 1):
        fold.add(order_status.changes(Recorded(ORDER_STREAM, version, version, event, about)))
    return next(rows for table, rows in fold.done() if table.name == "order_status_lines")
