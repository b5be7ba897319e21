"""Money that a bank sends back after it was paid: dispute and order say so, and nothing else changes (T32a, S52)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from dispute.domain.orders.payments.bank import OF_THE_BANK
from dispute.domain.rejections import NotAskedFor
from dispute.policies import react
from dispute.views.as_of import dispute_row_of
from dispute.views.disputes.dispute import dispute_view
from dispute.views.orders.refunds import order_refunds
from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome
from shared.events.ids import derived_uuid
from tests.support.builders import refunds as p
from tests.support.builders.disputes import (
    agreed,
    dispute_id,
    dispute_of,
    dispute_stream,
    history_of,
    note_refund,
    refund_due,
)
from tests.support.builders.mediation import appeal, decide_appeal, decided
from tests.support.builders.orders import BUYER, ORDER_STREAM, Histories, after, on, order_of, usd
from tests.support.policies import recorded, sent
from tests.support.spec import given

RETURNED, AGAIN = RefundOutcome.RETURNED_BY_BANK, RefundOutcome.ISSUED_AGAIN
SETTLED, OVERDUE = RefundOutcome.SETTLED, RefundOutcome.OVERDUE
DUE = refund_due(agreed())


def told(happened: Histories, outcome: RefundOutcome, day: str) -> Histories:
    return after(happened, note(outcome, day))


def paid() -> Histories:
    return told(agreed(), RefundOutcome.ISSUED, "Mar 14")


def came_back() -> Histories:
    return told(paid(), RETURNED, "Mar 20")


def shown(happened: Histories) -> Any:
    (refund,) = order_refunds([dispute_row_of(dispute_of(happened), history_of(happened))], order_of(happened), BUYER)
    return refund


def test_t32a_s64_that_money_came_back_stands_on_the_dispute_and_on_the_order_and_nothing_else_follows() -> None:
    outcome = given(decider, paid()).when(note(RETURNED, "Mar 20"))
    of_dispute, of_order = (outcome.by_stream[name] for name in (dispute_stream(), ORDER_STREAM))
    (noted,) = of_dispute
    assert isinstance(noted, RefundNoted)
    assert of_order == [noted]
    assert (noted.outcome, noted.rules) == (RETURNED, ("S63", "T32a"))


def test_t32a_s52_the_dispute_stays_closed_and_the_money_is_neither_the_sellers_nor_open_to_another_dispute() -> None:
    before, since = dispute_of(paid()), dispute_of(came_back())
    assert (since.state, since.closed, since.fulfilment) == (DisputeState.CLOSED, before.closed, before.fulfilment)
    assert order_of(came_back()).lines == order_of(paid()).lines
    view = dispute_view(since, since.version, BUYER, on("Mar 21"))
    assert view["result"] == dispute_view(before, before.version, BUYER, on("Mar 21"))["result"]
    assert [late["outcome"] for late in view["after_close"]] == [RETURNED]
    assert (view["refund_outcome"], [one["outcome"] for one in view["refunds"]]) == (RETURNED, [RETURNED])


def test_t32a_s64_the_orders_status_says_where_the_money_is() -> None:
    assert (shown(paid())["outcome"], shown(paid())["amount"]) == (RefundOutcome.ISSUED, DUE.amount)
    assert (shown(came_back())["outcome"], shown(came_back())["amount"]) == (RETURNED, None)
    again = told(came_back(), RefundOutcome.ISSUED, "Mar 25")
    assert (shown(again)["outcome"], shown(again)["amount"]) == (AGAIN, DUE.amount)


def test_t32a_what_goes_once_more_is_said_and_counted_once() -> None:
    again = told(came_back(), RefundOutcome.ISSUED, "Mar 25")
    assert order_of(again).lines["l1"].refunded == order_of(paid()).lines["l1"].refunded == DUE.amount
    given(decider, again).when(note(RefundOutcome.ISSUED, "Mar 26")).then_types()
    twice = told(again, RETURNED, "Mar 27")
    assert shown(twice)["outcome"] == RETURNED
    assert shown(told(twice, RefundOutcome.ISSUED, "Mar 30"))["outcome"] == AGAIN


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        (RefundOutcome.TRIED_AGAIN, "tried_again"),
        (RefundOutcome.FAILED, "failed_again"),
        (RefundOutcome.SENT_TO_MANUAL, "with_people"),
        (RefundOutcome.ABANDONED, "given_up"),
    ],
)
def test_t32a_s64_what_becomes_of_the_next_try_is_said_and_makes_nothing_unpaid(
    heard: RefundOutcome, said: str
) -> None:
    since = told(came_back(), heard, "Mar 25")
    assert (shown(since)["outcome"], shown(since)["amount"]) == (said, None)
    assert dispute_of(since).refunds[DUE.refund_id].is_paid
    assert order_of(since).lines == order_of(paid()).lines
    assert shown(told(since, RefundOutcome.ISSUED, "Mar 30"))["outcome"] == AGAIN


@pytest.mark.parametrize("later", [word for word in OF_THE_BANK if word not in (RETURNED, SETTLED, OVERDUE)])
def test_t32a_a_next_try_of_what_did_not_come_back_is_no_news(later: RefundOutcome) -> None:
    given(decider, paid()).when(note(later, "Mar 25")).then_types()


@pytest.mark.parametrize("word", [*OF_THE_BANK])
def test_t32a_a_banks_word_waits_for_the_payment_that_it_is_about(word: RefundOutcome) -> None:
    given(decider, agreed()).when(note(word, "Mar 20")).then_rejects(NotAskedFor)


def test_t32a_k18_a_dispute_that_is_not_closed_yet_goes_on_as_if_the_money_were_there() -> None:
    due = refund_due(decided())
    noted = after(decided(), note_refund(due, on("Mar 18")), note_refund(due, on("Mar 19"), RETURNED))
    assert dispute_of(noted).state == DisputeState.DECIDED
    more = after(noted, appeal(on("Mar 20")), decide_appeal(on("Mar 27"), "45.00"))
    asked = [event for event in more[dispute_stream()] if isinstance(event, RefundDue)]
    assert [each.amount for each in asked] == [usd("30.00"), usd("15.00")]


def test_t32a_the_policy_tells_the_dispute_of_what_came_back() -> None:
    returned = p.sent_back(dispute_id=dispute_id())
    command = sent(react, returned)
    assert (command.dispute_id, command.outcome, command.reason) == (dispute_id(), RETURNED, returned.reason)


@pytest.mark.parametrize(("token", "how"), [(None, None), ("acct_2", "another_account")])
def test_t32a_the_policy_tells_the_dispute_that_what_came_back_is_tried_again_and_how(
    token: str | None, how: str | None
) -> None:
    tried = p.retried(dispute_id=dispute_id(), sent_back=True, account_token=token)
    command = sent(react, tried)
    assert (command.outcome, command.reason, command.amount) == (RefundOutcome.TRIED_AGAIN, how, tried.amount)
    assert not list(react(recorded(tried.model_copy(update={"sent_back": False}), "payment-o1")))


def note(outcome: RefundOutcome, day: str) -> Any:
    return note_refund(DUE, on(day), outcome).model_copy(update={"command_id": derived_uuid("note", outcome, day)})
