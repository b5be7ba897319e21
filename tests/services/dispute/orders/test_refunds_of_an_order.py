"""Refunds of an order as its status shows them: every one, when the bank credits it, and up to which events."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.disputes.fulfilment import NoteRefund
from dispute.policies import react
from dispute.views.as_of import dispute_row_of
from dispute.views.orders.refunds import last_events, order_refunds
from shared.events.base import Actor
from shared.events.dispute import ReturnOutcome, SolutionType
from tests.support.builders import mediation as m
from tests.support.builders import refunds as p
from tests.support.builders.disputes import agreed as agreed_on
from tests.support.builders.disputes import (
    dispute_of,
    dispute_stream,
    history_of,
    note_refund,
    note_return,
    refund_due,
    return_due,
)
from tests.support.builders.orders import (
    BUYER,
    ORDER,
    OTHER_SELLER,
    SELLER,
    Histories,
    after,
    on,
    order,
    order_line,
    order_of,
)
from tests.support.policies import recorded

FROM, UNTIL = on("Mar 23", "00:00"), on("Apr 8", "00:00")


def paid_in_two_parts() -> Histories:
    """30.00 by the decision, and 15.00 more by the appeal's."""
    happened = m.decided()
    note = note_refund(refund_due(happened), on("Mar 18", "13:00"))
    first = after(happened, note.model_copy(update={"expected_from": FROM, "expected_until": UNTIL}))
    more = after(first, m.appeal(on("Mar 20")), m.decide_appeal(on("Mar 27"), "45.00"))
    return m.paid(more, on("Mar 27", "13:00"))


def shown(happened: Histories, actor: Actor = BUYER) -> list[Any]:
    row = dispute_row_of(dispute_of(happened), history_of(happened))
    return order_refunds([row], order_of(happened), actor)


@pytest.mark.parametrize("actor", [BUYER, SELLER])
def test_s58_s64_every_partial_refund_is_shown_with_its_bank_window(actor: Actor) -> None:
    refunds = {refund["amount"].amount: refund for refund in shown(paid_in_two_parts(), actor)}
    assert refunds.keys() == {"30.00", "15.00"}
    assert refunds["30.00"]["expected_credit"] == {"from_at": FROM, "until_at": UNTIL}
    assert {refund["outcome"] for refund in refunds.values()} == {"issued"}


def test_s64_what_is_asked_for_and_not_answered_yet_is_shown_too() -> None:
    (refund,) = shown(m.decided())
    assert (refund["outcome"], refund["amount"], refund["expected_credit"]) == (None, None, None)


def test_a_seller_is_shown_no_refund_of_another_sellers_lines() -> None:
    lines = (order_line("l1", "50.00"), order_line("l2", "30.00", seller_id=OTHER_SELLER.id))
    happened = agreed_on(happened=order(*lines, shipped="Mar 1"))
    paid = order_of(after(happened, note_refund(refund_due(happened), on("Mar 14"))))
    seen = {actor.id: len(order_refunds([], paid, actor)) for actor in (BUYER, SELLER, OTHER_SELLER)}
    assert seen == {BUYER.id: 1, SELLER.id: 1, OTHER_SELLER.id: 0}


def test_s58_the_banks_window_travels_with_the_note() -> None:
    (send,) = react(recorded(p.issued(), "payment-o1"))
    note = send.command
    assert isinstance(note, NoteRefund)
    assert (note.expected_from, note.expected_until) == (p.issued().expected_from, p.issued().expected_until)


def test_by_topic_the_last_event_that_the_status_includes() -> None:
    sent = agreed_on(type_=SolutionType.RETURN_AND_REFUND)
    happened = after(sent, note_return(return_due(sent), ReturnOutcome.SHIPPED, on("Mar 15")))
    row = dispute_row_of(dispute_of(happened), history_of(happened))
    told = last_events({"position": 1, "version": 1}, [row], order_of(happened))
    assert told == {
        "dispute.events": f"{dispute_stream()}/{row['version']}",
        "refund.events": None,
        "return_label.events": f"return-{return_due(sent).return_id}/2",
    }
    paid = paid_in_two_parts()
    assert last_events({"position": 99, "version": 7}, [], order_of(paid)) == {
        "dispute.events": f"order-{ORDER}/7",
        "refund.events": "payment-o1/7",
        "return_label.events": None,
    }
