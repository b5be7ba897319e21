"""What the bank makes of an issued refund: credited, overdue, sent back, and paid once more (T32, T32a, S62, S63)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from refund.domain.decider import decider
from refund.domain.payments.outcomes import RecordIssued
from refund.domain.payments.refund import Refund, RefundState
from refund.effects import still_awaited, wanted
from shared.events.base import Actor
from shared.events.deadlines import DeadlineMoved
from shared.events.refund import (
    RefundIssued,
    RefundPartIssued,
    RefundRetried,
    RefundReturnedByBank,
    RefundSettled,
    RefundSettlementOverdue,
)
from shared.rejections import Forbidden, WrongPhase
from tests.support.builders import refunds as p
from tests.support.spec import Outcome, given

ISSUED = (*p.APPROVED, p.issued())
SENT_BACK = (*ISSUED, p.sent_back())
WINDOW = ("payment-o1", "bank_settlement:rfd_9a31")
MOMENT = timedelta(microseconds=1)
FIRST, SECOND = "rfd_9a31.1", "rfd_9a31.2"


def refund_of(outcome: Outcome) -> Refund:
    refund: Refund = outcome.states[0].refund("rfd_9a31")
    return refund


def in_parts() -> Outcome:
    """30.00 of a card and 10.00 of a voucher, both paid."""
    card, voucher = p.captured(payment_id="card", a=6000, b=4000), p.captured("voucher", "voucher", a=2000)
    asked = given(decider, card, voucher).when(p.request(payment_id="card", parts={"a": 4000}))
    return asked.when(p.issue(FIRST)).when(p.issue(SECOND))


def test_t32_the_bank_s_word_settles_an_issued_refund_once_and_ends_its_window() -> None:
    settled = given(decider, *ISSUED).when(p.settle()).then(p.settled())
    assert (refund_of(settled).state, settled.deadlines) == (RefundState.SETTLED, {})
    settled.when(p.settle(at=p.MONDAY + MOMENT)).then_nothing()


def test_t32_before_it_is_issued_there_is_nothing_to_settle_or_to_send_back() -> None:
    for command in (p.settle(), p.send_back()):
        given(decider, *p.APPROVED).when(command).then_rejects(WrongPhase)


def test_d12_nobody_says_so_until_the_window_ends_then_the_refund_is_overdue_once() -> None:
    overdue = given(decider, *ISSUED).when(p.close_window()).then(p.overdue())
    assert (refund_of(overdue).state, overdue.deadlines) == (RefundState.ISSUED, {})
    overdue.when(p.close_window()).then_nothing()


def test_d12_the_window_does_not_end_a_moment_too_soon_nor_where_it_was_moved() -> None:
    given(decider, *ISSUED).when(p.close_window(at=p.WINDOW_END - MOMENT)).then_nothing()
    later = p.WINDOW_END + timedelta(days=2)
    moved = DeadlineMoved(kind=WINDOW[1], previous_due_at=p.WINDOW_END, due_at=later, rules=("T35",))
    waiting = given(decider, *ISSUED, moved)
    waiting.when(p.close_window()).then_nothing()
    waiting.when(p.close_window(at=later, due_at=later)).then(p.overdue(due_at=later))


def test_t32_at_the_end_of_the_window_the_provider_s_word_counts() -> None:
    credited = given(decider, *ISSUED).when(p.close_window(["rfd_9a31"])).then_types(RefundSettled)
    assert credited.deadlines == {}
    back = (
        given(decider, *ISSUED)
        .when(p.close_window(back={"rfd_9a31": "account_closed"}))
        .then_types(RefundReturnedByBank)
    )
    assert (back.events[0].reason, back.deadlines) == ("account_closed", {})


def test_s62_a_late_word_of_the_bank_still_settles_what_is_overdue() -> None:
    late = given(decider, *ISSUED, p.overdue()).when(p.settle(at=p.WINDOW_END + MOMENT)).then_types(RefundSettled)
    assert refund_of(late).state is RefundState.SETTLED


@pytest.mark.parametrize("word", [(), (p.overdue(),)], ids=["in time", "overdue"])
def test_t32a_what_comes_back_is_owed_again_and_neither_issued_nor_settled(
    word: tuple[RefundSettlementOverdue],
) -> None:
    for history in ([*ISSUED, *word], given(decider, *ISSUED).when(p.settle()).after["payment-o1"]):
        back = given(decider, *history).when(p.send_back()).then(p.sent_back())
        refund = refund_of(back)
        assert (refund.state, refund.issued, refund.settled_at) == (RefundState.RETURNED_BY_BANK, None, None)
        assert (refund.reason, refund.failures, back.deadlines) == ("account_closed", 1, {})
        assert back.states[0].refund("rfd_9a31").parts["rfd_9a31"].reserves


@pytest.mark.parametrize("actor", [p.BUYER, p.SUPPORT])
def test_t32a_the_buyer_or_support_asks_for_another_try_which_is_a_payment_of_its_own(actor: Actor) -> None:
    again = given(decider, *SENT_BACK).when(p.retry(actor)).then_types(RefundRetried)
    call = wanted(again.states[0], "pay:rfd_9a31")
    assert call and (call.idempotency_key, call.doubts) == ("rfd_9a31/1", 0)
    paid = again.when(p.issue(attempt=1)).then_types(RefundIssued)
    assert paid.deadlines == {WINDOW: p.WINDOW_END}
    paid.when(p.settle(attempt=1)).then_types(RefundSettled)


def test_t32a_the_seller_asks_for_nothing() -> None:
    given(decider, *SENT_BACK).when(p.retry(p.SELLER)).then_rejects(Forbidden)


def test_t32a_a_word_about_the_payment_that_came_back_counts_no_more_however_late_or_often_it_comes() -> None:
    again = given(decider, *SENT_BACK).when(p.retry(p.BUYER))
    for outcome in (given(decider, *SENT_BACK).when(p.send_back()), again.when(p.send_back()), again.when(p.settle())):
        outcome.then_nothing()
    again.when(p.issue(attempt=0)).then_nothing()
    paid = again.when(p.issue(attempt=1))
    for command in (p.send_back(), p.settle()):
        paid.when(command).then_nothing()


def test_t31a_what_comes_back_again_and_again_is_for_people_in_the_end() -> None:
    outcome = given(decider, *SENT_BACK).when(p.retry(p.BUYER))
    for attempt in range(1, 6):
        outcome = outcome.when(p.decline(attempt))
    assert refund_of(outcome).state is RefundState.MANUAL


def test_t32a_one_part_comes_back_and_the_refund_is_issued_anew_once_it_is_paid_again() -> None:
    back = in_parts().when(p.send_back(SECOND)).then_types(RefundReturnedByBank)
    assert back.events[0].amount == p.usd(1000)
    assert (refund_of(back).state, back.deadlines) == (RefundState.RETURNED_BY_BANK, {})
    again = back.when(p.settle(FIRST)).when(p.retry(p.BUYER)).when(p.issue(SECOND, attempt=1))
    again.then_types(RefundPartIssued, RefundIssued)
    assert (again.events[1].amount, again.deadlines) == (p.usd(4000), {WINDOW: p.WINDOW_END})
    whole = again.when(p.settle(SECOND, attempt=1))
    assert (refund_of(whole).state, whole.deadlines) == (RefundState.SETTLED, {})


def test_t32_at_the_end_of_the_window_each_part_has_its_own_end() -> None:
    one = in_parts().when(p.close_window([FIRST])).then_types(RefundSettled, RefundSettlementOverdue)
    assert (refund_of(one).state, one.deadlines) == (RefundState.ISSUED, {})
    both = in_parts().when(p.close_window([FIRST, SECOND])).then_types(RefundSettled, RefundSettled)
    assert [(event.amount, event.is_last) for event in both.events] == [(p.usd(3000), False), (p.usd(4000), True)]
    assert (refund_of(both).state, both.deadlines) == (RefundState.SETTLED, {})
    mixed = in_parts().when(p.close_window([FIRST], back={SECOND: "account_closed"}))
    mixed.then_types(RefundSettled, RefundReturnedByBank)
    assert (refund_of(mixed).state, mixed.deadlines) == (RefundState.RETURNED_BY_BANK, {})


def test_d12_the_provider_is_asked_after_all_that_it_has_paid_also_what_a_bank_has_confirmed() -> None:
    half = in_parts().when(p.settle(FIRST)).states[0]
    asked = still_awaited(half, WINDOW[1])
    assert asked and [call.idempotency_key for call in asked.calls] == [f"{FIRST}/0", f"{SECOND}/0"]
    by_hand = decider.fold("payment-o1", [*p.APPROVED, p.issued(manual=True)])
    sent = still_awaited(by_hand, WINDOW[1])
    assert sent and sent.calls == []
    for gone in ([*ISSUED, p.overdue()], SENT_BACK, p.APPROVED):
        assert still_awaited(decider.fold("payment-o1", gone), WINDOW[1]) is None


def test_t32a_k1_money_that_went_under_an_earlier_try_is_recorded_also_once_another_payment_came_back() -> None:
    paid = given(decider, *p.APPROVED).when(p.decline(0)).when(p.issue(attempt=1))
    back = paid.when(p.send_back(attempt=1)).then_types(RefundReturnedByBank)
    back.when(p.issue(attempt=1)).then_nothing()
    first = RecordIssued.of("o1", "rfd_9a31", 0, "psp_first", p.MONDAY)
    late = back.when(p.retry(p.BUYER)).when(first).then_types(RefundIssued)
    assert (refund_of(late).state, late.deadlines) == (RefundState.ISSUED, {WINDOW: p.WINDOW_END})
    by_hand = given(decider, *p.APPROVED, p.failed(1, p.MONDAY), p.issued(manual=True), p.sent_back(failures=2))
    by_hand.when(first).then_types(RefundIssued)
