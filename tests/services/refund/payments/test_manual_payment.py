"""What people paid by hand: two of support say so, and it is a refund that was issued (T31a, G15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from refund.domain.decider import decider
from refund.domain.payments.refund import RefundState
from refund.views.refunds import refund_view
from shared.events.base import Actor, Event
from shared.events.mediation.proposals import (
    ProposalAgreed,
    ProposalDeclined,
    ProposalKind,
    ProposalMade,
    RefundEnding,
)
from shared.events.refund import Destination, ManualReason, RefundIssued, RefundPaidTwice, RefundRetried
from shared.rejections import (
    ConflictOfInterest,
    Forbidden,
    IdempotencyKeyRequired,
    IfMatchRequired,
    SameReviewer,
    ValidationFailed,
    WrongPhase,
)
from tests.support.builders import refunds as p
from tests.support.spec import Outcome, given

MANUAL = (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6))
IN_DOUBT = (*p.APPROVED, p.sent_to_manual(0, reason=ManualReason.OUTCOME_UNKNOWN))


def proposed(**more: Any) -> Outcome:
    """One person of support says that the money was sent."""
    return given(decider, *MANUAL).when(p.by_hand(**more)).then_types(ProposalMade)


def test_t31a_one_person_of_support_only_proposes_what_was_paid_by_hand() -> None:
    command = p.by_hand()
    (made,) = proposed().events
    assert (made.kind, made.by, made.rules) == (ProposalKind.MANUAL_PAYMENT, p.SUPPORT.id, ("T31a",))
    (text,) = command.personal
    assert (text.body, text.subject, text.kind) == (p.WHY["reason"], p.SUPPORT.id, "reason")
    assert made.ending == RefundEnding(
        ticket="CASE-4711", reason_ref=text.ref, bank_reference="bank-4711", paid_at=p.MONDAY
    )
    assert proposed().states[0].refund("rfd_9a31").state is RefundState.MANUAL


def by_hand() -> Outcome:
    """Two persons of support have paid it by hand."""
    happened = proposed()
    return happened.when(p.agree_to(happened))


def test_k1_t31a_what_the_provider_says_it_paid_beside_is_recorded_once_as_paid_twice() -> None:
    outcome = by_hand().when(p.issue()).then_types(RefundPaidTwice)
    (twice,) = outcome.events
    assert (twice.amount, twice.payment_id, twice.provider_ref) == (p.usd(2500), "o1", "psp_rfd_9a31")
    outcome.when(p.issue(attempt=1)).then_nothing()
    payment = outcome.states[0]
    assert payment.refund("rfd_9a31").state is RefundState.ISSUED
    shown = [
        refund_view(payment, "rfd_9a31", 9, actor, p.MONDAY)["parts"][0]["paid_twice"] for actor in (p.SUPPORT, p.BUYER)
    ]
    assert shown == ["psp_rfd_9a31", None]


def test_what_the_provider_alone_paid_is_not_paid_twice_however_often_it_says_so() -> None:
    given(decider, *p.APPROVED).when(p.issue()).when(p.issue(attempt=1)).then_nothing()


def test_t31a_s58_a_second_person_agrees_and_it_was_issued_by_hand_under_the_banks_reference() -> None:
    earlier, now = p.MONDAY + timedelta(hours=1), p.MONDAY + timedelta(hours=5)
    happened = proposed(paid_at=earlier, at=now)
    outcome = happened.when(p.agree_to(happened, at=now)).then_types(ProposalAgreed, RefundIssued)
    issued = outcome.events[1]
    assert (issued.manual, issued.provider_ref, issued.issued_at) == (True, "bank-4711", earlier)
    assert (issued.destination, issued.amount, issued.lines) == (Destination.ORIGINAL, p.usd(2500), p.lines(a=2500))
    assert (issued.expected_from, issued.expected_until) == (p.issued().expected_from, p.issued().expected_until)
    assert outcome.states[0].refund("rfd_9a31").state is RefundState.ISSUED
    outcome.when(p.agree_to(happened, Actor(id="uma", roles=frozenset({"support"})))).then_rejects(WrongPhase)


def test_t31a_what_was_paid_by_hand_is_paid_by_no_machine_any_more() -> None:
    happened = proposed()
    paid = happened.when(p.agree_to(happened))
    assert ("payment-o1", "pay:rfd_9a31") not in paid.deadlines
    paid.when(p.issue(attempt=5)).then_types(RefundPaidTwice)  # a fact all the same
    assert paid.when(p.decline(6)).events == []
    paid.when(p.retry(p.SUPPORT)).then_rejects(WrongPhase)
    paid.when(p.by_hand(p.OTHER_SUPPORT)).then_rejects(WrongPhase)


@pytest.mark.parametrize(
    "happened",
    [
        p.APPROVED,
        (*p.APPROVED, p.failed(1, p.MONDAY + timedelta(minutes=1))),
        (*p.APPROVED, p.issued()),
    ],
)
def test_t31a_what_a_machine_may_still_pay_is_not_paid_by_hand(happened: tuple[Event, ...]) -> None:
    given(decider, *happened).when(p.by_hand()).then_rejects(WrongPhase)


def test_t31a_what_is_in_doubt_can_turn_out_to_be_paid_by_hand_too() -> None:
    happened = given(decider, *IN_DOUBT).when(p.by_hand())
    happened.when(p.agree_to(happened)).then_types(ProposalAgreed, RefundIssued)


def test_t31a_what_is_still_to_be_paid_was_not_paid() -> None:
    late = p.by_hand(paid_at=p.MONDAY + timedelta(minutes=1))
    refusal = given(decider, *MANUAL).when(late).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [("/paid_at", "in_the_future")]


def test_t31a_what_nobody_had_asked_for_yet_was_not_paid() -> None:
    early = p.by_hand(paid_at=p.MONDAY - timedelta(seconds=1))
    refusal = given(decider, *MANUAL).when(early).then_rejects(ValidationFailed)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [("/paid_at", "before_request")]


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [
        (p.BUYER, Forbidden),
        (p.SELLER, Forbidden),
        (Actor(id=p.BUYER.id, roles=frozenset({"buyer", "support"})), ConflictOfInterest),
        (Actor(id=p.SELLER.id, roles=frozenset({"support"})), ConflictOfInterest),
    ],
)
def test_g15_t31a_only_support_that_is_no_party_says_that_it_was_paid(actor: Actor, refusal: type[Forbidden]) -> None:
    given(decider, *MANUAL).when(p.by_hand(actor)).then_rejects(refusal)
    happened = proposed()
    happened.when(p.agree_to(happened, actor)).then_rejects(refusal)


def test_t31a_the_same_person_neither_agrees_nor_declines() -> None:
    happened = proposed()
    happened.when(p.agree_to(happened, p.SUPPORT)).then_rejects(SameReviewer)
    happened.when(p.decline_to(happened, p.SUPPORT)).then_rejects(SameReviewer)


def test_t31a_it_is_answered_by_who_has_looked_and_under_a_key() -> None:
    happened = proposed()
    for word in (p.agree_to, p.decline_to):
        happened.when(word(happened, has_seen=False)).then_rejects(IfMatchRequired)
        happened.when(word(happened, has_key=False)).then_rejects(IdempotencyKeyRequired)


def test_t31a_a_second_person_declines_and_it_is_as_if_nobody_had_proposed_it() -> None:
    happened = proposed()
    declined = happened.when(p.decline_to(happened)).then_types(ProposalDeclined)
    assert declined.events[0].rules == ("T31a", "G15")
    assert declined.states[0].refund("rfd_9a31").proposal is None
    declined.when(p.agree_to(happened)).then_rejects(WrongPhase)
    declined.when(p.by_hand(bank_reference="bank-4712")).then_types(ProposalMade)


def test_t31a_a_yes_to_one_thing_is_none_to_another() -> None:
    by_hand = proposed()
    by_hand.when(p.agree_to(by_hand, answers=ProposalKind.RETRY)).then_rejects(WrongPhase)
    again = given(decider, *MANUAL).when(p.retry(p.OTHER_SUPPORT)).then_types(ProposalMade)
    again.when(p.agree_to(by_hand)).then_rejects(WrongPhase)
    again.when(p.agree_to(again, p.SUPPORT)).then_types(ProposalAgreed, RefundRetried)


def test_t31a_a_second_try_can_be_declined() -> None:
    happened = given(decider, *MANUAL).when(p.retry(p.SUPPORT))
    happened.when(p.decline_to(happened)).then_types(ProposalDeclined)


@pytest.mark.parametrize("days", [0, 8])
def test_t31a_what_somebody_says_was_paid_is_neither_tried_again_nor_given_up_nor_said_again(days: int) -> None:
    happened, now = proposed(), p.MONDAY + timedelta(days=days)
    for propose in (p.retry, p.abandon, p.by_hand):
        refusal = happened.when(propose(p.OTHER_SUPPORT, at=now)).then_rejects(WrongPhase)
        assert "agrees to that, or declines it" in refusal.detail
    view = refund_view(happened.states[0], "rfd_9a31", 9, p.OTHER_SUPPORT, now)
    assert [made["kind"] for made in view["proposals"]] == [ProposalKind.MANUAL_PAYMENT]
    assert [action["rel"] for action in view["available_actions"]] == ["agree-manual-payment"]


@pytest.mark.parametrize("days", [0, 8])
def test_t31a_a_second_persons_no_to_what_was_said_to_be_paid_frees_the_way(days: int) -> None:
    happened, now = proposed(), p.MONDAY + timedelta(days=days)
    declined = happened.when(p.decline_to(happened, at=now)).then_types(ProposalDeclined)
    for command in (p.retry(p.SUPPORT, at=now), p.abandon(at=now)):
        declined.when(command).then_types(ProposalMade)


def test_t31a_that_it_was_paid_is_no_less_true_after_a_week() -> None:
    happened = proposed()
    happened.when(p.agree_to(happened, at=p.MONDAY + timedelta(days=8))).then_types(ProposalAgreed, RefundIssued)


def test_t31a_money_that_the_provider_sent_after_all_ends_what_is_proposed() -> None:
    happened = proposed()
    sent = happened.when(p.issue()).then_types(RefundIssued)
    assert sent.states[0].refund("rfd_9a31").proposal is None
    sent.when(p.agree_to(happened)).then_rejects(WrongPhase)


def test_t31a_the_reason_is_linked_for_who_may_read_it() -> None:
    payment = proposed().states[0]
    for role in ("case_team", "ops"):
        actor = Actor(id="x", roles=frozenset({role}))
        (shown,) = refund_view(payment, "rfd_9a31", 9, actor, p.MONDAY)["proposals"]
        assert shown["body"]
        assert (shown["body"]["ticket"], shown["body"]["reason"]) == ("CASE-4711", None)


def test_t31a_support_sees_who_declined_what_and_why_and_nobody_else() -> None:
    happened = proposed()
    declined = happened.when(p.decline_to(happened))
    (no,) = declined.events
    payment = declined.states[0]
    for actor in (p.SUPPORT, p.OTHER_SUPPORT):
        shown = refund_view(payment, "rfd_9a31", 10, actor, p.MONDAY)["declined"]
        assert shown == {
            "id": no.proposal_id,
            "kind": ProposalKind.MANUAL_PAYMENT,
            "by": p.OTHER_SUPPORT.id,
            "reason": {"ref": no.reason_ref, "href": f"/v1/refunds/rfd_9a31/texts/{no.reason_ref}"},
        }
    for actor in (p.BUYER, p.SELLER, Actor(id="x", roles=frozenset({"case_team"}))):
        assert refund_view(payment, "rfd_9a31", 10, actor, p.MONDAY)["declined"] is None


def test_t31a_support_sees_what_was_paid_and_why_and_the_parties_do_not() -> None:
    happened = proposed()
    payment = happened.states[0]
    (shown,) = refund_view(payment, "rfd_9a31", 9, p.OTHER_SUPPORT, p.MONDAY)["proposals"]
    assert shown["body"]
    assert (shown["kind"], shown["body"]["ticket"], shown["body"]["bank_reference"]) == (
        "manual_payment",
        "CASE-4711",
        "bank-4711",
    )
    assert shown["body"]["reason"] and shown["body"]["reason"]["href"].startswith("/v1/refunds/rfd_9a31/texts/txt_")
    assert refund_view(payment, "rfd_9a31", 9, p.BUYER, p.MONDAY)["proposals"] == []
    paid = happened.when(p.agree_to(happened)).states[0]
    view = refund_view(paid, "rfd_9a31", 11, p.BUYER, p.MONDAY)
    assert (view["state"], view["manual"], view["provider_ref"], view["proposals"]) == ("issued", True, "bank-4711", [])
