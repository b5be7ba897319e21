"""The end of a refund: that its money is there, or should be, stands on the dispute and its order (T32, S58, S62)."""

from __future__ import annotations

from itertools import permutations

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.state import DisputeState
from dispute.policies import react
from dispute.views.disputes.dispute import dispute_view
from shared.events.dispute import RefundOutcome
from shared.events.refund import PartStep
from tests.services.dispute.disputes.test_returned_by_bank import (
    AGAIN,
    DUE,
    OVERDUE,
    RETURNED,
    SETTLED,
    came_back,
    note,
    paid,
    shown,
    told,
)
from tests.support.builders import refunds as p
from tests.support.builders.disputes import dispute_id, dispute_of, dispute_stream
from tests.support.builders.orders import BUYER, ORDER_STREAM, on, order_of
from tests.support.policies import recorded, sent
from tests.support.spec import given

RULES = {SETTLED: ("S62", "T32"), OVERDUE: ("S58", "S62", "S63", "T32", "D12")}


@pytest.mark.parametrize("word", RULES)
def test_t32_s64_the_end_stands_on_the_dispute_and_on_the_order_and_nothing_else_follows(word: RefundOutcome) -> None:
    outcome = given(decider, paid()).when(note(word, "Apr 2"))
    (noted,) = outcome.by_stream[dispute_stream()]
    assert outcome.by_stream[ORDER_STREAM] == [noted]
    assert (noted.outcome, noted.rules) == (word, RULES[word])


@pytest.mark.parametrize("word", RULES)
def test_t32_s52_after_the_close_it_is_told_apart_and_is_no_last_word_of_the_history(word: RefundOutcome) -> None:
    before, since = dispute_of(paid()), dispute_of(told(paid(), word, "Apr 2"))
    assert (since.state, since.closed, since.fulfilment) == (DisputeState.CLOSED, before.closed, before.fulfilment)
    view = dispute_view(since, since.version, BUYER, on("Apr 3"))
    assert view["result"] == dispute_view(before, before.version, BUYER, on("Apr 3"))["result"]
    assert [late["outcome"] for late in view["after_close"]] == [word]
    assert (view["refund_outcome"], [one["outcome"] for one in view["refunds"]]) == (word, [word])


@pytest.mark.parametrize("word", RULES)
def test_s58_s64_the_orders_status_still_says_how_much_went_and_when_it_was_expected(word: RefundOutcome) -> None:
    since = told(paid(), word, "Apr 2")
    assert shown(since) == {**shown(paid()), "outcome": word}
    assert shown(since)["amount"] == DUE.amount
    assert order_of(since).lines == order_of(paid()).lines


def test_s62_what_was_overdue_is_settled_once_the_bank_says_so() -> None:
    assert shown(told(told(paid(), OVERDUE, "Apr 2"), SETTLED, "Apr 9"))["outcome"] == SETTLED


@pytest.mark.parametrize(("first", "again"), [(SETTLED, SETTLED), (OVERDUE, OVERDUE), (SETTLED, OVERDUE)])
def test_t32_what_is_heard_again_or_late_is_no_news(first: RefundOutcome, again: RefundOutcome) -> None:
    given(decider, told(paid(), first, "Apr 2")).when(note(again, "Apr 3")).then_types()


@pytest.mark.parametrize("word", RULES)
def test_t32a_what_came_back_is_neither_there_nor_overdue_before_it_goes_again(word: RefundOutcome) -> None:
    given(decider, came_back()).when(note(word, "Apr 2")).then_types()
    once_more = told(told(told(paid(), word, "Mar 19"), RETURNED, "Mar 20"), RefundOutcome.ISSUED, "Mar 25")
    assert shown(once_more)["outcome"] == AGAIN
    assert shown(told(once_more, word, "Apr 9"))["outcome"] == word


def test_t32a_a_log_that_tells_all_of_it_again_ends_with_the_same_word() -> None:
    heard = (OVERDUE, SETTLED, RETURNED, RefundOutcome.FAILED, RefundOutcome.ISSUED, SETTLED)
    once = paid()
    for n, word in enumerate(heard):
        once = told(once, word, f"Apr {n + 1}")
    twice = once
    for n, word in enumerate((RefundOutcome.ISSUED, *heard)):
        twice = told(twice, word, f"Apr {n + 10}")
    assert shown(once)["outcome"] == shown(twice)["outcome"] == SETTLED
    assert order_of(twice).lines == order_of(paid()).lines


@pytest.mark.parametrize("words", [*permutations((OVERDUE, SETTLED, RETURNED))])
def test_t32a_in_whatever_order_they_are_heard_the_money_stays_paid_once(words: tuple[RefundOutcome, ...]) -> None:
    since = paid()
    for n, word in enumerate(words):
        since = told(since, word, f"Apr {n + 1}")
    assert dispute_of(since).state == DisputeState.CLOSED
    assert order_of(since).lines == order_of(paid()).lines


def test_t32_the_policy_tells_the_dispute_once_all_parts_are_settled() -> None:
    part, whole = (PartStep(part_id="rfd_9a31.1", refund_state=state) for state in ("issued", "settled"))
    assert not list(react(recorded(p.settled(part=part), "payment-o1")))
    for step in (whole, None):
        command = sent(react, p.settled(part=step, dispute_id=dispute_id()))
        assert (command.dispute_id, command.outcome) == (dispute_id(), SETTLED)
    assert sent(react, p.overdue(dispute_id=dispute_id())).outcome == OVERDUE
