"""An order's payment: capture, refunds under the cap, what the provider answers, and further tries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from refund.domain.decider import decider
from refund.domain.payment import RefundStatus
from refund.domain.rejections import Forbidden, NotFound, PaymentNotCaptured, WrongPhase
from shared.events.base import Actor
from shared.events.dispute import RefundSource
from shared.events.money import Money
from shared.events.order import LineAmount
from shared.events.refund import (
    PaymentCaptured,
    RefundApproved,
    RefundEvent,
    RefundFailed,
    RefundIssued,
    RefundRefused,
    RefundRequested,
    RefundRetried,
    RefundSentToManual,
    RefundSettled,
)
from tests.support.builders import refunds as p
from tests.support.spec import given

MINUTE = timedelta(minutes=1)
OPEN: tuple[RefundEvent, ...] = (p.captured(), p.requested(), p.approved())


def test_a_capture_opens_the_payment() -> None:
    given(decider).when(p.capture()).then(p.captured())


def test_a_second_capture_changes_nothing() -> None:
    given(decider, p.captured()).when(p.capture(a=1)).then_nothing()


def test_s57_a_refund_under_the_cap_is_requested_and_approved_at_once() -> None:
    given(decider, p.captured()).when(p.request()).then(p.requested(), p.approved())


def test_the_same_refund_asked_twice_is_one_refund() -> None:
    given(decider, *OPEN).when(p.request()).then_nothing()


def test_a_refused_refund_asked_twice_is_refused_once() -> None:
    refused = given(decider, p.captured()).when(p.request(payment_id="another")).then_types(RefundRefused)
    refused.when(p.request(payment_id="another")).then_nothing()


def refusal(command: Any, *events: RefundEvent) -> str:
    outcome = given(decider, *events).when(command).then_types(RefundRefused)
    refused: RefundRefused = outcome.events[0]
    assert refused.rules
    return refused.reason


def test_t30a_a_refund_of_an_unknown_payment_is_refused() -> None:
    assert refusal(p.request(payment_id="another"), p.captured()) == "unknown_payment"


def test_a_refund_whose_capture_is_not_known_yet_is_rejected_and_can_be_asked_again() -> None:
    """Nothing is recorded: a refusal would be final though the capture may only be late."""
    given(decider).when(p.request()).then_rejects(PaymentNotCaptured)
    given(decider).when(p.capture()).when(p.request()).then_types(RefundRequested, RefundApproved)


def test_a_refund_keeps_whose_line_it_is() -> None:
    given(decider, p.captured()).when(p.request(seller_id="olga")).then(p.requested(seller_id="olga"), p.approved())


@pytest.mark.parametrize("source", [RefundSource.AGREEMENT, RefundSource.MEDIATION])
def test_s15_a_refund_from_a_dispute_names_the_dispute(source: RefundSource) -> None:
    assert refusal(p.request(source=source, dispute_id=None), p.captured()) == "dispute_required"


@pytest.mark.parametrize("source", [RefundSource.CANCELLATION, RefundSource.RETURN, RefundSource.GOODWILL])
def test_s15_other_refunds_need_no_dispute(source: RefundSource) -> None:
    given(decider, p.captured()).when(p.request(source=source, dispute_id=None)).then_types(
        RefundRequested, RefundApproved
    )


def test_g9_the_whole_payment_can_be_refunded() -> None:
    given(decider, p.captured()).when(p.request(parts={"a": 6000, "b": 4000})).then_types(
        RefundRequested, RefundApproved
    )


@pytest.mark.parametrize("parts", [{"a": 6001}, {"a": 1, "b": 4001}, {"c": 1}])
def test_g9_more_than_a_line_s_cap_is_refused(parts: dict[str, int]) -> None:
    assert refusal(p.request(parts=parts), p.captured()) == "amount_exceeds_cap"


def test_g9_earlier_refunds_count_against_the_cap() -> None:
    second = p.request("rfd_9a32", parts={"a": 3501})
    assert refusal(second, *OPEN) == "amount_exceeds_cap"
    given(decider, *OPEN).when(p.request("rfd_9a32", parts={"a": 3500})).then_types(RefundRequested, RefundApproved)


def test_g9_one_line_named_twice_is_summed() -> None:
    twice = (*p.lines(a=4000), *p.lines(a=4000))
    assert refusal(p.request(lines=twice, amount=p.usd(8000)), p.captured()) == "amount_exceeds_cap"


def test_g9_another_currency_is_refused() -> None:
    euro = Money(100, "EUR", 2)
    command = p.request(lines=(LineAmount(line_id="a", amount=euro),), amount=euro)
    assert refusal(command, p.captured()) == "amount_exceeds_cap"


@pytest.mark.parametrize("amount", [0, 2499, 2501])
def test_g9_the_amount_is_the_sum_of_its_lines_and_not_nothing(amount: int) -> None:
    parts = {"a": 2500} if amount else {"a": 0}
    assert refusal(p.request(parts=parts, amount=p.usd(amount)), p.captured()) == "amount_invalid"


def test_g9_a_negative_line_does_not_make_room_for_another() -> None:
    assert refusal(p.request(parts={"a": 7000, "b": -1000}), p.captured()) == "amount_invalid"


def test_a_refund_that_people_took_over_still_counts_against_the_cap() -> None:
    manual = (*OPEN, p.failed(6, None), p.sent_to_manual(6))
    assert refusal(p.request("rfd_9a32", parts={"a": 3501}), *manual) == "amount_exceeds_cap"


def test_s58_an_issued_refund_names_when_the_bank_credits_it() -> None:
    given(decider, *OPEN).when(p.issue()).then(p.issued())


def test_a_refund_is_issued_once_however_often_it_is_told() -> None:
    given(decider, *OPEN, p.issued()).when(p.issue()).then_nothing()
    given(decider, *OPEN, p.issued()).when(p.issue(attempt=1)).then_nothing()


def test_money_that_went_is_recorded_even_after_people_took_over() -> None:
    given(decider, *OPEN, p.failed(6, None), p.sent_to_manual(6)).when(p.issue(attempt=5)).then_types(RefundIssued)


def test_t31_a_refusal_of_the_provider_is_tried_again_after_a_doubling_pause() -> None:
    outcome = given(decider, *OPEN)
    state = outcome.when(p.decline(0)).then(p.failed(1, p.MONDAY + MINUTE))
    for attempt, pause in enumerate([2, 4, 8, 16], start=1):
        state = state.when(p.decline(attempt)).then(p.failed(attempt + 1, p.MONDAY + pause * MINUTE))
    state.when(p.decline(5)).then(p.failed(6, None), p.sent_to_manual(6))


def test_a_stale_refusal_decides_nothing() -> None:
    once = (*OPEN, p.failed(1, p.MONDAY + MINUTE))
    given(decider, *once).when(p.decline(0)).then_nothing()
    given(decider, *OPEN, p.issued()).when(p.decline(0)).then_nothing()
    given(decider, *OPEN, p.failed(6, None), p.sent_to_manual(6)).when(p.decline(6)).then_nothing()


@pytest.mark.parametrize("actor", [p.BUYER, p.SUPPORT])
def test_s63_support_or_the_buyer_retries_a_failed_refund(actor: Actor) -> None:
    outcome = given(decider, *OPEN, p.failed(1, p.MONDAY + MINUTE)).when(p.retry(actor)).then_types(RefundRetried)
    assert outcome.deadlines == {("payment-o1", "pay:rfd_9a31"): p.MONDAY}


def test_a_refund_that_people_took_over_has_one_more_try_for_each_retry() -> None:
    manual = given(decider, *OPEN, p.failed(6, None), p.sent_to_manual(6))
    retried = manual.when(p.retry(p.SUPPORT)).then_types(RefundRetried)
    retried.when(p.decline(6)).then_types(RefundFailed, RefundSentToManual)
    retried.when(p.issue(attempt=6)).then_types(RefundIssued)


def test_a_retry_of_what_is_being_tried_changes_nothing() -> None:
    given(decider, *OPEN).when(p.retry(p.SUPPORT)).then_nothing()
    given(decider, *OPEN, p.failed(1, p.MONDAY)).when(p.retry(p.SUPPORT)).then_nothing()


def test_g8_a_retry_of_what_is_issued_or_refused_is_refused() -> None:
    given(decider, *OPEN, p.issued()).when(p.retry(p.SUPPORT)).then_rejects(WrongPhase)
    given(decider, p.captured()).when(p.request(payment_id="another")).when(p.retry(p.SUPPORT)).then_rejects(WrongPhase)


def test_the_seller_sees_a_refund_but_does_not_retry_it() -> None:
    given(decider, *OPEN, p.failed(1, p.MONDAY + MINUTE)).when(p.retry(p.SELLER)).then_rejects(Forbidden)


def test_what_people_took_over_is_retried_by_support_alone() -> None:
    """They may have sent the money by hand: the buyer's retry would pay it again."""
    manual = (*OPEN, p.failed(6, None), p.sent_to_manual(6))
    given(decider, *manual).when(p.retry(p.BUYER)).then_rejects(Forbidden)
    given(decider, *manual).when(p.retry(p.SUPPORT)).then_types(RefundRetried)


def test_a_refund_is_its_own_line_s_seller_s_and_not_another_s() -> None:
    events = (p.captured(), p.requested(seller_id="olga"), p.approved(), p.failed(1, p.MONDAY + MINUTE))
    given(decider, *events).when(p.retry(p.OTHER_SELLER)).then_rejects(Forbidden)
    given(decider, *events).when(p.retry(p.SELLER)).then_rejects(NotFound)


@pytest.mark.parametrize(
    "actor",
    [p.STRANGER, Actor(id=p.BUYER.id, roles=frozenset({"seller"})), Actor(id=p.SELLER.id, roles=frozenset({"buyer"}))],
)
def test_for_a_stranger_there_is_no_refund(actor: Actor) -> None:
    given(decider, *OPEN, p.failed(1, p.MONDAY + MINUTE)).when(p.retry(actor)).then_rejects(NotFound)


def test_a_refund_that_nobody_asked_for_is_not_found() -> None:
    given(decider, p.captured()).when(p.retry(p.SUPPORT)).then_rejects(NotFound)
    given(decider, p.captured()).when(p.issue()).then_rejects(NotFound)


def test_s62_the_bank_s_word_settles_an_issued_refund_once() -> None:
    settled = given(decider, *OPEN, p.issued()).when(p.settle()).then_types(RefundSettled)
    settled.when(p.settle()).then_nothing()
    given(decider, *OPEN).when(p.settle()).then_rejects(WrongPhase)


def test_paying_is_due_from_approval_to_an_outcome() -> None:
    pay = ("payment-o1", "pay:rfd_9a31")
    approved = given(decider, p.captured()).when(p.request())
    assert approved.deadlines == {pay: p.MONDAY}
    assert approved.when(p.issue()).deadlines == {}
    assert approved.when(p.decline(0)).deadlines == {pay: p.MONDAY + MINUTE}
    assert given(decider, *OPEN, *(p.failed(n, p.MONDAY) for n in range(1, 6))).when(p.decline(5)).deadlines == {}


def test_the_fold_follows_a_refund_from_request_to_settlement() -> None:
    outcome = given(decider).when(p.capture()).when(p.request())
    statuses = [outcome.states[0].refunds["rfd_9a31"].status]
    for command in (p.decline(0), p.retry(p.BUYER), p.issue(attempt=1), p.settle()):
        outcome = outcome.when(command)
        statuses.append(outcome.states[0].refunds["rfd_9a31"].status)
    assert statuses == [
        RefundStatus.APPROVED,
        RefundStatus.FAILED,
        RefundStatus.APPROVED,
        RefundStatus.ISSUED,
        RefundStatus.SETTLED,
    ]


def test_an_evolve_never_fails_on_a_fragment_of_history() -> None:
    state = decider.fold("payment-o1", [p.approved(), p.failed(1, None), p.issued(), p.sent_to_manual(6)])
    assert state.refunds == {}


def test_k1_s58_a_bank_window_over_a_weekend_in_the_policy_zone() -> None:
    thursday_late = datetime(2026, 3, 5, 20, tzinfo=UTC)  # Friday in Shanghai
    outcome = given(decider, p.captured()).when(p.request(timezone="Asia/Shanghai")).when(p.issue(at=thursday_late))
    issued: RefundIssued = outcome.events[0]
    assert issued.expected_from == datetime(2026, 3, 11, 16, tzinfo=UTC)
    assert issued.expected_until == datetime(2026, 3, 27, 16, tzinfo=UTC)


def test_every_decision_cites_its_rules() -> None:
    outcome = given(decider).when(p.capture()).when(p.request())
    for command in (p.decline(0), p.retry(p.BUYER), p.issue(attempt=1), p.settle()):
        outcome = outcome.when(command)
    events = outcome.after["payment-o1"]
    assert all(event.rules for event in events if not isinstance(event, PaymentCaptured))  # type: ignore[attr-defined]
