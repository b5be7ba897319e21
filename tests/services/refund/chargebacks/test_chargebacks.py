"""Chargebacks on a payment: what they hold, what crosses them, and what they leave (S103, T34, T35)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from refund import effects
from refund.domain.decider import decider
from refund.domain.payments.allocation import left_of
from refund.domain.payments.chargeback import ChargebackState
from refund.domain.payments.refund import RefundState
from refund.domain.rejections import ChargebackNotKnown, PaymentNotCaptured
from refund.views.chargebacks import chargeback_view
from refund.views.refunds import refund_view
from shared.events.base import Actor
from shared.events.outside.chargeback import RefundsFrozen, RefundsUnfrozen, RepresentmentClosed, RepresentmentDue
from shared.events.refund import (
    ManualReason,
    RefundApproved,
    RefundHeld,
    RefundIssued,
    RefundRefused,
    RefundRequested,
    RefundRetried,
    RefundSentToManual,
)
from shared.rejections import AmountExceedsCap, ConflictOfInterest, Forbidden, ValidationFailed, WrongPhase
from tests.support.builders import chargebacks as b
from tests.support.builders import refunds as p
from tests.support.spec import Outcome, given

LATER = p.MONDAY + timedelta(days=40)
WAITING = (*p.APPROVED, b.frozen())


def held(*events: Any) -> Outcome:
    return given(decider, *events or WAITING).when(b.held()).then_types(RefundHeld)


def issued(amount: int = 2500) -> Outcome:
    """A refund that went, of a payment of 100.00."""
    asked = given(decider, p.captured()).when(p.request(parts={"a": amount}))
    return asked.when(p.issue()).then_types(RefundIssued)


def test_t34_a_chargeback_freezes_the_payment_and_told_again_changes_nothing() -> None:
    outcome = given(decider, *p.APPROVED).when(b.opens())
    outcome.then(b.frozen())
    assert outcome.when(b.opens(minor=1)).events == []


def test_t34_while_it_is_open_the_provider_is_only_asked_after_what_is_due() -> None:
    payment = decider.fold("payment-o1", WAITING)
    call = effects.wanted(payment, "pay:rfd_9a31")
    assert call and call.behind == "cb1 open"


def test_t34_what_the_provider_knows_nothing_of_is_held_and_the_buyer_is_told_whom_it_waits_for() -> None:
    outcome = held()
    (event,) = outcome.events
    assert (event.chargeback_id, event.rules) == ("cb1", ("S103", "T34"))
    payment = outcome.states[0]
    assert payment.due("pay:rfd_9a31") is None
    shown = refund_view(payment, "rfd_9a31", 5, p.BUYER, p.MONDAY)
    assert (shown["state"], shown["held_by"]) == ("approved", "cb1")


def test_t34_a_refund_that_is_asked_for_meanwhile_is_approved_and_waits_too() -> None:
    outcome = given(decider, p.captured(), b.frozen()).when(p.request())
    outcome.then_types(RefundRequested, RefundApproved)
    outcome.when(b.held()).then_types(RefundHeld)


def test_t34_nobody_tries_again_what_a_chargeback_holds() -> None:
    failed = (*p.APPROVED, p.failed(1, p.MONDAY + timedelta(minutes=1)), b.frozen())
    given(decider, *failed).when(p.retry(p.SUPPORT)).then_rejects(WrongPhase)
    manual = (*p.APPROVED, p.sent_to_manual(6), b.frozen())
    given(decider, *manual).when(p.retry(p.SUPPORT)).then_rejects(WrongPhase)


def test_t35_where_the_buyer_is_not_paid_what_waited_is_sent_after_the_provider_is_asked_once_more() -> None:
    outcome = held().when(b.decides(b.NOT_PAID, at=LATER)).then_types(RefundsUnfrozen, RefundRetried)
    assert outcome.events[1].pay_at == LATER
    payment = outcome.states[0]
    call = effects.wanted(payment, "pay:rfd_9a31")
    assert call and (call.has_waited, call.behind, call.idempotency_key) == (True, None, "rfd_9a31/0")
    assert left_of(payment, payment.captures["o1"]).in_total == 7500


def test_t35_what_the_buyer_was_paid_lowers_the_cap_and_what_fits_goes_on() -> None:
    outcome = held(*p.APPROVED, b.frozen(minor=5000)).when(b.decides(b.PAID))
    unfrozen, retried = outcome.then_types(RefundsUnfrozen, RefundRetried).events
    assert (unfrozen.amount, unfrozen.lines, unfrozen.twice) == (p.usd(5000), p.lines(a=2333, b=2667), p.usd(0))
    payment = outcome.states[0]
    left = left_of(payment, payment.captures["o1"])
    assert (dict(left.of_line), left.in_total) == ({"a": 1167, "b": 1333}, 2500)
    refused = outcome.when(p.request("rfd_9a32", parts={"a": 1200})).then_types(RefundRefused)
    assert refused.events[0].reason == "amount_exceeds_cap"


def test_t35_what_does_not_fit_any_more_is_left_to_people_who_can_only_give_it_up() -> None:
    outcome = held().when(b.decides(b.PAID)).then_types(RefundsUnfrozen, RefundSentToManual)
    assert outcome.events[1].reason is ManualReason.CHARGED_BACK
    outcome.when(p.retry(p.SUPPORT)).then_rejects(AmountExceedsCap)
    made = outcome.when(p.abandon())
    gone = made.when(p.agree_to(made))
    payment = gone.states[0]
    assert payment.refund("rfd_9a31").state is RefundState.ABANDONED
    assert not any(part.reserves for part in payment.parts)


def test_t35_of_two_that_wait_the_first_that_fits_goes_on() -> None:
    asked = (
        given(decider, p.captured()).when(p.request(parts={"a": 4000})).when(p.request("rfd_9a32", parts={"a": 1500}))
    )
    waiting = asked.when(b.opens()).when(b.held()).when(b.held("rfd_9a32"))
    outcome = waiting.when(b.decides(b.PAID, amount=p.usd(7000)))
    outcome.then_types(RefundsUnfrozen, RefundSentToManual, RefundRetried)
    assert outcome.events[2].refund_id == "rfd_9a32"


def test_t35_a_try_that_was_under_way_when_the_bank_had_paid_is_asked_after_and_left_to_people() -> None:
    outcome = given(decider, *WAITING).when(b.decides(b.PAID)).then_types(RefundsUnfrozen)
    call = effects.wanted(outcome.states[0], "pay:rfd_9a31")
    assert call and call.behind == "cb1 buyer_paid"
    outcome.when(b.held(behind=call.behind)).then_types(RefundSentToManual)


def test_t34_a_refund_that_was_in_flight_is_recorded_and_the_bank_is_to_be_told_of_it_once() -> None:
    outcome = given(decider, *WAITING).when(p.issue()).then_types(RefundIssued, RepresentmentDue)
    due = outcome.events[1]
    assert (due.refund_id, due.amount, due.provider_ref) == ("rfd_9a31", p.usd(2500), "psp_rfd_9a31")
    assert outcome.when(p.issue(attempt=1)).events == []
    shown = chargeback_view(outcome.states[0], "cb1", 6)
    assert (shown["state"], shown["representment"]) == ("open", "due")
    assert [(each["refund_id"], each["crossed"]) for each in shown["refunds"]] == [("rfd_9a31", True)]


def test_t34_a_refund_from_before_is_told_as_far_as_the_bank_would_pay_it_again() -> None:
    assert issued().when(b.opens(minor=7500)).then_types(RefundsFrozen)
    due = issued().when(b.opens(minor=8500)).then_types(RefundsFrozen, RepresentmentDue).events[1]
    assert due.amount == p.usd(1000)


def test_t34_a_payment_that_is_heard_of_after_the_loss_crosses_it_too() -> None:
    lost = given(decider, *WAITING).when(b.decides(b.PAID))
    outcome = lost.when(p.issue()).then_types(RefundIssued, RepresentmentDue)
    assert outcome.events[1].amount == p.usd(2500)


def test_t34_support_says_that_the_bank_was_told_and_nobody_says_it_twice() -> None:
    crossed = given(decider, *WAITING).when(p.issue())
    outcome = crossed.when(b.told()).then_types(RepresentmentClosed)
    (closed,) = outcome.events
    assert (closed.because, closed.by, closed.ticket, closed.left) == ("sent", p.SUPPORT.id, "CASE-4711", 0)
    outcome.when(b.told(at=LATER, actor=p.OTHER_SUPPORT)).then_rejects(WrongPhase)
    crossed.when(b.told(representment_id="rep_unknown")).then_rejects(ValidationFailed)
    crossed.when(b.told(actor=p.SELLER)).then_rejects(Forbidden)
    buying = Actor(id=p.BUYER.id, roles=frozenset({"support"}))
    crossed.when(b.told(actor=buying)).then_rejects(ConflictOfInterest)


@pytest.mark.parametrize("result", [b.PAID, b.NOT_PAID])
def test_t35_the_result_ends_what_the_bank_was_to_be_told(result: Any) -> None:
    crossed = given(decider, *WAITING).when(p.issue())
    outcome = crossed.when(b.decides(result)).then_types(RefundsUnfrozen, RepresentmentClosed)
    assert outcome.events[1].because == result.value
    assert chargeback_view(outcome.states[0], "cb1", 7)["representment"] == "closed"


def test_t35_what_the_buyer_had_twice_is_said() -> None:
    lost = given(decider, *WAITING).when(p.issue()).when(b.decides(b.PAID))
    unfrozen = lost.events[0]
    assert (unfrozen.twice, unfrozen.lines) == (p.usd(2500), p.lines(a=3500, b=4000))


def test_s103_a_result_is_told_after_its_chargeback_and_stands() -> None:
    given(decider, p.captured()).when(b.decides(b.PAID)).then_rejects(ChargebackNotKnown)
    decided = given(decider, p.captured(), b.frozen()).when(b.decides(b.PAID))
    assert decided.when(b.decides(b.PAID, at=LATER)).events == []
    decided.when(b.decides(b.NOT_PAID)).then_rejects(WrongPhase)
    assert decided.states[0].chargebacks["cb1"].state is ChargebackState.BUYER_PAID


def test_s103_a_bank_takes_back_no_more_than_was_captured() -> None:
    one = given(decider, p.captured(), b.frozen(minor=6000))
    one.when(b.opens("cb2", minor=5000)).then_rejects(AmountExceedsCap)
    assert one.when(b.opens("cb2", minor=4000)).then_types(RefundsFrozen)
    one.when(b.decides(b.PAID, amount=p.usd(7000))).then_rejects(AmountExceedsCap)


def test_s103_an_order_with_several_payments_is_asked_which_one() -> None:
    several = given(decider, p.captured(), p.captured(payment_id="voucher", a=2000))
    several.when(b.opens(payment_id=None)).then_rejects(ValidationFailed)
    several.when(b.opens(payment_id="card")).then_rejects(ValidationFailed)
    several.when(b.opens(at=p.MONDAY, opened_at=LATER)).then_rejects(ValidationFailed)
    given(decider).when(b.opens()).then_rejects(PaymentNotCaptured)


def test_t34_an_order_waits_for_every_chargeback_of_it() -> None:
    outcome = held(*p.APPROVED, b.frozen(minor=2000)).when(b.opens("cb2", minor=2000))
    still = outcome.when(b.decides(b.NOT_PAID)).then_types(RefundsUnfrozen)
    still.when(b.decides(b.NOT_PAID, "cb2")).then_types(RefundsUnfrozen, RefundRetried)


def test_t35_a_refund_that_names_a_line_for_nothing_does_not_keep_the_bank_from_deciding() -> None:
    of_nothing = p.request(parts={"a": 2500, "c": 0})
    paid = given(decider, p.captured()).when(of_nothing).when(p.issue()).when(b.opens())
    paid.when(b.decides(b.PAID)).then_types(RefundsUnfrozen, RepresentmentClosed)
