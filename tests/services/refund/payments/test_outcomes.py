"""Attempts to pay: what the provider answers, further tries by whom, and the bank's word."""

from datetime import UTC, datetime, timedelta

import pytest

from refund.domain.decider import decider
from refund.domain.payments.outcomes import RecordIssued
from shared.events.base import Actor
from shared.events.mediation.proposals import ProposalAgreed
from shared.events.refund import (
    ManualReason,
    PaymentCaptured,
    RefundFailed,
    RefundIssued,
    RefundPaidTwice,
    RefundRefused,
    RefundRetried,
    RefundSentToManual,
    RefundSettled,
)
from shared.rejections import Forbidden, NotFound, WrongPhase
from tests.cases.plugin import Came
from tests.support.builders import refunds as p
from tests.support.spec import given

MINUTE = timedelta(minutes=1)


def test_s58_an_issued_refund_names_when_the_bank_credits_it() -> None:
    given(decider, *p.APPROVED).when(p.issue()).then(p.issued())


def test_a_refund_is_issued_once_however_often_it_is_told() -> None:
    given(decider, *p.APPROVED, p.issued()).when(p.issue()).then_nothing()
    given(decider, *p.APPROVED, p.issued()).when(p.issue(attempt=1)).then_nothing()


def test_money_that_went_is_recorded_even_after_people_took_over() -> None:
    given(decider, *p.APPROVED, p.failed(6, None), p.sent_to_manual(6)).when(p.issue(attempt=5)).then_types(
        RefundIssued
    )


def test_t31_a_refusal_of_the_provider_is_tried_again_after_a_doubling_pause() -> None:
    outcome = given(decider, *p.APPROVED)
    state = outcome.when(p.decline(0)).then(p.failed(1, p.MONDAY + MINUTE))
    for attempt, pause in enumerate([2, 4, 8, 16], start=1):
        failed = p.failed(attempt + 1, p.MONDAY + pause * MINUTE, again=True)
        state = state.when(p.decline(attempt)).then(failed)
    state.when(p.decline(5)).then(p.failed(6, None, again=True), p.sent_to_manual(6))


def test_t31a_money_in_doubt_is_people_s_and_stays_reserved() -> None:
    doubtful = (
        given(decider, *p.APPROVED).when(p.doubt()).then(p.sent_to_manual(0, reason=ManualReason.OUTCOME_UNKNOWN))
    )
    assert doubtful.deadlines == {}
    doubtful.when(p.request("rfd_9a32", parts={"a": 3600})).then_types(RefundRefused)


def test_each_doubt_after_a_retry_is_one_of_its_own() -> None:
    proposed = given(decider, *p.APPROVED).when(p.doubt()).when(p.retry(p.SUPPORT))
    once = proposed.when(p.agree_to(proposed)).then_types(ProposalAgreed, RefundRetried)
    once.when(p.doubt(doubts=1)).then_types(RefundSentToManual)
    assert p.doubt().command_id != p.doubt(doubts=1).command_id


def test_a_doubt_about_what_is_known_by_now_decides_nothing() -> None:
    given(decider, *p.APPROVED, p.issued()).when(p.doubt()).then_nothing()
    given(decider, *p.APPROVED, p.failed(1, p.MONDAY + MINUTE)).when(p.doubt()).then_nothing()
    given(decider, *p.APPROVED).when(p.doubt()).when(p.doubt()).then_nothing()
    given(decider, *p.APPROVED).when(p.doubt()).when(p.issue()).then_types(RefundIssued)


@pytest.mark.case(
    "EM8+7", given="a frozen worker's refusal comes after another worker heard it", right="1 failure counted"
)
def test_a_late_word_of_a_frozen_worker_counts_no_failure_twice(came: Came) -> None:
    once = given(decider, *p.APPROVED).when(p.decline(0))
    once.when(p.decline(0)).then_nothing()
    came(f"{decider.fold('payment-o1', once.after['payment-o1']).refunds['rfd_9a31'].failures} failure counted")


@pytest.mark.case("EM8+8", given="a frozen worker hears the payment that another one recorded", right="1 issued")
def test_a_late_word_of_a_frozen_worker_issues_nothing_twice(came: Came) -> None:
    once = given(decider, *p.APPROVED).when(p.issue())
    once.when(p.issue()).then_nothing()
    came(f"{sum(isinstance(event, RefundIssued) for event in once.after['payment-o1'])} issued")


def test_a_stale_refusal_decides_nothing() -> None:
    once = (*p.APPROVED, p.failed(1, p.MONDAY + MINUTE))
    given(decider, *once).when(p.decline(0)).then_nothing()
    given(decider, *p.APPROVED, p.issued()).when(p.decline(0)).then_nothing()
    given(decider, *p.APPROVED, p.failed(6, None), p.sent_to_manual(6)).when(p.decline(6)).then_nothing()


@pytest.mark.parametrize("actor", [p.BUYER, p.SUPPORT])
def test_s63_support_or_the_buyer_retries_a_failed_refund(actor: Actor) -> None:
    outcome = given(decider, *p.APPROVED, p.failed(1, p.MONDAY + MINUTE)).when(p.retry(actor)).then_types(RefundRetried)
    assert outcome.deadlines == {("payment-o1", "pay:rfd_9a31"): p.MONDAY}


def test_a_refund_that_people_took_over_has_one_more_try_for_each_retry() -> None:
    manual = given(decider, *p.APPROVED, p.failed(6, None), p.sent_to_manual(6))
    proposed = manual.when(p.retry(p.SUPPORT))
    retried = proposed.when(p.agree_to(proposed)).then_types(ProposalAgreed, RefundRetried)
    retried.when(p.decline(6)).then_types(RefundFailed, RefundSentToManual)
    retried.when(p.issue(attempt=6)).then_types(RefundIssued)


def test_a_retry_of_what_is_being_tried_changes_nothing() -> None:
    given(decider, *p.APPROVED).when(p.retry(p.SUPPORT)).then_nothing()
    given(decider, *p.APPROVED, p.failed(1, p.MONDAY)).when(p.retry(p.SUPPORT)).then_nothing()


def test_g8_a_retry_of_what_is_issued_or_refused_is_refused() -> None:
    given(decider, *p.APPROVED, p.issued()).when(p.retry(p.SUPPORT)).then_rejects(WrongPhase)
    given(decider, p.captured()).when(p.request(payment_id="another")).when(p.retry(p.SUPPORT)).then_rejects(WrongPhase)


def test_the_seller_sees_a_refund_but_does_not_retry_it() -> None:
    given(decider, *p.APPROVED, p.failed(1, p.MONDAY + MINUTE)).when(p.retry(p.SELLER)).then_rejects(Forbidden)


def test_a_refund_is_its_own_line_s_seller_s_and_not_another_s() -> None:
    events = (p.captured(), p.requested(seller_id="olga"), p.approved(), p.failed(1, p.MONDAY + MINUTE))
    given(decider, *events).when(p.retry(p.OTHER_SELLER)).then_rejects(Forbidden)
    given(decider, *events).when(p.retry(p.SELLER)).then_rejects(NotFound)


@pytest.mark.parametrize(
    "actor",
    [p.STRANGER, Actor(id=p.BUYER.id, roles=frozenset({"seller"})), Actor(id=p.SELLER.id, roles=frozenset({"buyer"}))],
)
def test_for_a_stranger_there_is_no_refund(actor: Actor) -> None:
    given(decider, *p.APPROVED, p.failed(1, p.MONDAY + MINUTE)).when(p.retry(actor)).then_rejects(NotFound)


def test_a_refund_that_nobody_asked_for_is_not_found() -> None:
    given(decider, p.captured()).when(p.retry(p.SUPPORT)).then_rejects(NotFound)
    given(decider, p.captured()).when(p.issue()).then_rejects(NotFound)


def test_s62_the_bank_s_word_settles_an_issued_refund_once() -> None:
    settled = given(decider, *p.APPROVED, p.issued()).when(p.settle()).then_types(RefundSettled)
    settled.when(p.settle()).then_nothing()
    given(decider, *p.APPROVED).when(p.settle()).then_rejects(WrongPhase)


def test_k1_t31a_what_the_provider_says_it_paid_under_an_earlier_key_too_is_recorded_once_as_paid_twice() -> None:
    paid = given(decider, *p.APPROVED).when(p.decline(0)).when(p.issue(attempt=1))
    paid.when(p.issue(attempt=0)).then_nothing()  # the very payment
    other = RecordIssued.of("o1", "rfd_9a31", 0, "psp_other", p.MONDAY)
    twice = paid.when(other).then_types(RefundPaidTwice)
    assert (twice.events[0].provider_ref, twice.events[0].amount) == ("psp_other", p.usd(2500))
    assert twice.states[0].refund("rfd_9a31").issued.provider_ref == "psp_rfd_9a31"
    twice.when(other).then_nothing()


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
