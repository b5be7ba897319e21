"""The buyer names another account, and what no account took is tried again with it (S63, T31, T31a)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from refund.domain.decider import decider
from refund.domain.payments.refund import RefundState
from refund.effects import wanted
from refund.gateways.port import RefundCall
from shared.events.base import Actor
from shared.events.refund import Destination, ManualReason, RefundFailed, RefundRetried, RefundSentToManual
from shared.rejections import Forbidden, NotFound, WrongPhase
from tests.support.builders import refunds as p
from tests.support.spec import Outcome, given

SOON = p.MONDAY + timedelta(minutes=1)
FAILED = (*p.APPROVED, p.failed(1, SOON))
MANUAL = (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6))


def call_of(outcome: Outcome) -> RefundCall:
    call = wanted(outcome.states[0], "pay:rfd_9a31")
    assert call
    return call


def test_s63_t31_what_failed_is_tried_at_once_with_the_account_that_the_buyer_names() -> None:
    outcome = given(decider, *FAILED).when(p.correct("acct_2")).then_types(RefundRetried)
    assert (outcome.events[0].account_token, outcome.events[0].rules) == ("acct_2", ("S63", "T31"))
    assert (call_of(outcome).account, call_of(outcome).idempotency_key) == ("acct_2", "rfd_9a31/1")


def test_s63_the_account_stays_the_one_for_every_try_after_it() -> None:
    outcome = given(decider, *FAILED).when(p.correct("acct_2")).when(p.decline(1))
    assert (call_of(outcome).account, call_of(outcome).idempotency_key) == ("acct_2", "rfd_9a31/2")
    third = outcome.when(p.correct("acct_3"))
    assert (call_of(third).account, call_of(third).idempotency_key) == ("acct_3", "rfd_9a31/2")


def test_t31a_s63_the_buyers_other_account_takes_a_refund_back_from_people() -> None:
    outcome = given(decider, *MANUAL).when(p.correct()).then_types(RefundRetried)
    assert outcome.states[0].refund("rfd_9a31").state is RefundState.APPROVED
    assert call_of(outcome).idempotency_key == "rfd_9a31/6"
    outcome.when(p.decline(6)).then_types(RefundFailed, RefundSentToManual)


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ((*p.APPROVED, p.failed(6, None, reason="declined"), p.sent_to_manual(6)), "the account is not the reason"),
        ((*p.APPROVED, p.sent_to_manual(0, reason=ManualReason.OUTCOME_UNKNOWN)), "the money is in doubt"),
        (
            (*p.APPROVED, p.failed(1, SOON), p.sent_to_manual(1, reason=ManualReason.OUTCOME_UNKNOWN)),
            "the money is in doubt, after the account was refused",
        ),
        (p.APPROVED, "it is being tried"),
        ((*p.APPROVED, p.issued()), "it went"),
        ((*p.APPROVED, *MANUAL[2:], p.given_up()), "it was given up"),
        ((*p.APPROVED[:-1], p.approved(destination=Destination.BONUS), p.failed(1, SOON)), "a bonus has no account"),
    ],
)
def test_t31a_no_account_changes_anything_where(events: Any, why: str) -> None:
    given(decider, *events).when(p.correct()).then_rejects(WrongPhase)


def test_t31a_what_somebody_says_was_paid_by_hand_is_not_tried_with_another_account() -> None:
    given(decider, *MANUAL).when(p.by_hand()).when(p.correct()).then_rejects(WrongPhase)


def test_s63_while_the_provider_is_asked_the_account_of_this_attempt_stays() -> None:
    given(decider, *FAILED).when(p.correct(at=SOON)).then_rejects(WrongPhase)
    given(decider, *FAILED).when(p.correct(at=SOON - timedelta(microseconds=1))).then_types(RefundRetried)


def test_s63_t32a_what_came_back_goes_to_another_account_under_a_key_of_its_own() -> None:
    outcome = given(decider, *p.APPROVED).when(p.issue()).when(p.send_back()).when(p.correct())
    assert (call_of(outcome).account, call_of(outcome).idempotency_key) == ("acct_2", "rfd_9a31/1")


@pytest.mark.parametrize(("actor", "refusal"), [(p.SELLER, Forbidden), (p.SUPPORT, Forbidden), (p.STRANGER, NotFound)])
def test_s63_the_account_is_the_buyers_to_name(actor: Actor, refusal: Any) -> None:
    given(decider, *FAILED).when(p.correct(actor=actor)).then_rejects(refusal)


@pytest.mark.parametrize(
    "token", ["", "4111 1111 1111 1111", "4111111111111111", "DE89370400440532013000", "12345678", "a" * 256, "é"]
)
def test_s63_a_number_is_no_token(token: str) -> None:
    with pytest.raises(ValidationError):
        p.correct(token)


@pytest.mark.parametrize("token", ["acct_1Nv0FGQ9RKHgCVdK", "a" * 255, "tok-1"])
def test_s63_the_providers_name_for_an_account_is_one(token: str) -> None:
    assert p.correct(token).account_token == token
