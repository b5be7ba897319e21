"""What two persons of support give up: a refund that was refused, or that people took over (T30a, T31a)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from refund.domain.decider import decider
from refund.domain.payments.refund import RefundState
from refund.policies import notify
from refund.views.refunds import refund_view
from shared.events.base import Event
from shared.events.ids import derived_id_beside
from shared.events.mediation.proposals import ProposalAgreed, ProposalDeclined, ProposalKind, ProposalMade
from shared.events.refund import ManualReason, RefundAbandoned, RefundApproved, RefundIssued, RefundRefused
from shared.notifications.requests import BUYER, RequestNotifications
from shared.rejections import Forbidden, SameReviewer, WrongPhase
from tests.support.builders import refunds as p
from tests.support.policies import recorded
from tests.support.spec import Outcome, given

MANUAL = (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6))
IN_DOUBT = (*p.APPROVED, p.sent_to_manual(0, reason=ManualReason.OUTCOME_UNKNOWN))
ALL_OF_A = {"a": 6000}


def refused() -> tuple[Event, ...]:
    """More than was captured was asked for."""
    asked = given(decider, p.captured()).when(p.request(parts={"a": 9900}))
    return (p.captured(), *asked.then_types(RefundRefused).events)


def given_up(*happened: Event) -> Outcome:
    """One of support has proposed it, and another one agreed."""
    made = given(decider, *happened).when(p.abandon()).then_types(ProposalMade)
    return made.when(p.agree_to(made))


def test_t31a_two_persons_of_support_give_up_what_people_took_over() -> None:
    command = p.abandon()
    outcome = given_up(*MANUAL).then_types(ProposalAgreed, RefundAbandoned)
    assert outcome.events[1] == RefundAbandoned(
        **p.COMMON,
        lines=p.lines(a=2500),
        amount=p.usd(2500),
        ticket="CASE-4711",
        reason_ref=derived_id_beside("payment-o1", "txt", command.command_id, "reason"),
        decided_by=p.SUPPORT.id,
        agreed_by=p.OTHER_SUPPORT.id,
        abandoned_at=p.MONDAY,
        rules=("T30a", "T31a"),
    )
    assert (outcome.states[0].refund("rfd_9a31").state, outcome.deadlines) == (RefundState.ABANDONED, {})


def test_t30a_what_was_refused_is_given_up_too() -> None:
    outcome = given_up(*refused()).then_types(ProposalAgreed, RefundAbandoned)
    view = refund_view(outcome.states[0], "rfd_9a31", 4, p.BUYER, p.MONDAY)
    assert (view["state"], view["reason"], view["destination"]) == ("abandoned", "amount_exceeds_cap", None)


def test_s54_t31a_the_buyer_is_told_once_that_it_is_not_paid_and_not_why() -> None:
    """Also before the right to appeal of its dispute ends: nothing else tells the buyer until then."""
    outcome = given_up(*MANUAL)
    (told,) = [send.command for event in outcome.events for send in notify(recorded(event, "payment-o1"))]
    assert isinstance(told, RequestNotifications)
    assert (told.kind, told.roles, told.about) == ("refund_given_up", (BUYER,), "rfd_9a31")
    assert "CASE-4711" not in str(told)


def test_t31a_one_person_gives_nothing_up() -> None:
    made = given(decider, *MANUAL).when(p.abandon()).then_types(ProposalMade)
    assert made.events[0].kind == ProposalKind.ABANDONMENT
    made.when(p.agree_to(made, p.SUPPORT)).then_rejects(SameReviewer)
    made.when(p.decline_to(made)).then_types(ProposalDeclined)
    given(decider, *MANUAL).when(p.abandon(p.BUYER)).then_rejects(Forbidden)


@pytest.mark.parametrize(
    "happened",
    [
        p.APPROVED,
        (*p.APPROVED, p.failed(1, p.MONDAY + timedelta(minutes=1))),
        (*p.APPROVED, p.issued()),
    ],
)
def test_t31a_what_is_paid_or_may_still_be_by_a_machine_is_not_given_up(happened: tuple[Event, ...]) -> None:
    given(decider, *happened).when(p.abandon()).then_rejects(WrongPhase)


def test_t31a_nothing_more_becomes_of_what_is_given_up() -> None:
    outcome = given_up(*MANUAL)
    for command in (p.retry(p.SUPPORT), p.by_hand(), p.abandon(), p.settle(attempt=6)):
        outcome.when(command).then_rejects(WrongPhase)
    assert outcome.when(p.decline(6)).events == outcome.when(p.doubt(6)).events == []


def test_t31a_money_that_went_all_the_same_is_recorded_for_a_fact_is_one() -> None:
    sent = given_up(*IN_DOUBT).when(p.issue()).then_types(RefundIssued)
    assert sent.states[0].refund("rfd_9a31").state is RefundState.ISSUED


def test_g9_t31a_what_is_given_up_after_every_refusal_frees_its_money() -> None:
    again = p.request("rfd_9a32", parts=ALL_OF_A)
    assert RefundRefused in map(type, given(decider, *MANUAL).when(again).events)
    assert RefundApproved in map(type, given_up(*MANUAL).when(again).events)


def test_g9_t31a_a_no_of_the_provider_to_a_later_try_ends_the_doubt_and_what_is_given_up_frees_its_money() -> None:
    denied = (*IN_DOUBT, p.failed(6, None), p.sent_to_manual(6))
    again = p.request("rfd_9a32", parts=ALL_OF_A)
    assert RefundApproved in map(type, given_up(*denied).when(again).events)


def test_g9_t31a_a_doubt_after_the_providers_no_counts_for_itself() -> None:
    doubted = p.sent_to_manual(1, reason=ManualReason.OUTCOME_UNKNOWN)
    outcome = given_up(*IN_DOUBT, p.failed(1, p.MONDAY), doubted)
    outcome.when(p.request("rfd_9a32", parts=ALL_OF_A)).then_types(RefundRefused)


def test_t31a_of_what_is_given_up_in_doubt_support_still_sees_what_the_provider_named() -> None:
    named = p.sent_to_manual(0, reason=ManualReason.ANSWER_DIFFERS, differs=("amount",), provider_ref="psp_1")
    payment = given_up(*p.APPROVED, named).states[0]
    (part,) = refund_view(payment, "rfd_9a31", 6, p.SUPPORT, p.MONDAY)["parts"]
    assert (part["state"], part["provider_ref"], part["differs"]) == ("abandoned", "psp_1", ("amount",))


def test_t31a_what_went_in_the_end_is_shown_as_it_went() -> None:
    named = p.sent_to_manual(0, reason=ManualReason.ANSWER_DIFFERS, differs=("amount",), provider_ref="psp_1")
    payment = given_up(*p.APPROVED, named).when(p.issue()).states[0]
    (part,) = refund_view(payment, "rfd_9a31", 7, p.SUPPORT, p.MONDAY)["parts"]
    assert (part["provider_ref"], part["differs"]) == ("psp_rfd_9a31", ())


def test_g9_t31a_a_payment_that_the_provider_named_stays_counted_whatever_it_says_to_a_later_try() -> None:
    named = p.sent_to_manual(0, reason=ManualReason.ANSWER_DIFFERS, differs=("amount",), provider_ref="psp_1")
    outcome = given_up(*p.APPROVED, named, p.failed(6, None), p.sent_to_manual(6))
    outcome.when(p.request("rfd_9a32", parts=ALL_OF_A)).then_types(RefundRefused)


def test_g9_t31a_what_is_given_up_in_doubt_stays_counted_for_its_money_may_have_gone() -> None:
    outcome = given_up(*IN_DOUBT)
    outcome.when(p.request("rfd_9a32", parts=ALL_OF_A)).then_types(RefundRefused)
