"""What two persons of support ask for again: a refund that was refused, within what the cap leaves (T30a)."""

from __future__ import annotations

from typing import Any

import pytest

from refund.domain.decider import decider
from refund.domain.payments.refund import RefundState
from refund.policies import react
from refund.views.refunds import refund_view
from shared.events.base import Event
from shared.events.mediation.proposals import ProposalAgreed, ProposalKind, ProposalMade
from shared.events.order import RefundNotDue
from shared.events.refund import (
    RefundAbandoned,
    RefundApproved,
    RefundRefused,
    RefundRequested,
    RefundReRequested,
)
from shared.rejections import AmountExceedsCap, Forbidden, SameReviewer, ValidationFailed, WrongPhase
from tests.support.builders import refunds as p
from tests.support.policies import sent
from tests.support.spec import Outcome, given

OTHER = {"refund_id": "rfd_9a32", "dispute_id": "dsp_9a32"}
TAKEN = (p.captured(), p.requested(**OTHER), p.approved(**OTHER))
"""Another dispute has 25.00 of line a, whose cap is 60.00."""
REFUSED = (*TAKEN, p.refused(lines=p.lines(a=6000), amount=p.usd(6000)))
"""All of the line was asked for."""
LEFT: dict[str, Any] = {"lines": ({"line_id": "a", "amount": p.usd(3500)},)}


def asked(happened: tuple[Event, ...] = REFUSED, **more: Any) -> Outcome:
    """One of support has proposed it, and another one agreed."""
    made = given(decider, *happened).when(p.re_request(**LEFT | more)).then_types(ProposalMade)
    return made.when(p.agree_to(made))


def again(outcome: Outcome) -> RefundReRequested:
    event = outcome.events[-1]
    assert isinstance(event, RefundReRequested)
    return event


def test_t30a_two_persons_of_support_ask_for_what_the_cap_leaves() -> None:
    outcome = asked().then_types(ProposalAgreed, RefundReRequested)
    event, refund = again(outcome), outcome.states[0].refund("rfd_9a31")
    assert (event.lines, event.amount) == (p.lines(a=3500), p.usd(3500))
    assert (event.decided_by, event.agreed_by, event.rules) == (p.SUPPORT.id, p.OTHER_SUPPORT.id, ("T30a",))
    assert (refund.state, refund.replaced_by) == (RefundState.REFUSED, event.replaced_by)
    assert refund_view(outcome.states[0], "rfd_9a31", 6, p.BUYER, p.MONDAY)["replaced_by"] == event.replaced_by


def test_t30a_what_is_asked_for_again_is_a_refund_like_any_other_that_names_the_one_before() -> None:
    outcome = asked()
    event = again(outcome)
    due = p.request(event.replaced_by, parts={"a": 3500}, replaces="rfd_9a31")
    paid = outcome.when(due).then_types(RefundRequested, RefundApproved)
    view = refund_view(paid.states[0], event.replaced_by, 8, p.BUYER, p.MONDAY)
    assert (view["state"], view["replaces"], view["replaced_by"]) == ("approved", "rfd_9a31", None)


def test_t30a_without_lines_the_same_is_asked_for() -> None:
    """25.00 were refused of a payment that was not known."""
    happened = (p.captured(), p.refused(reason="unknown_payment"))
    made = given(decider, *happened).when(p.re_request())
    assert again(made.when(p.agree_to(made))).lines == p.lines(a=2500)


@pytest.mark.parametrize("lines", [None, ({"line_id": "a", "amount": p.usd(3501)},)])
def test_g9_t30a_no_more_is_asked_for_than_the_cap_leaves(lines: Any) -> None:
    given(decider, *REFUSED).when(p.re_request(lines=lines)).then_rejects(AmountExceedsCap)


def test_g9_t30a_once_the_money_is_taken_meanwhile_nobody_agrees_to_it() -> None:
    made = given(decider, *REFUSED).when(p.re_request(**LEFT))
    more = made.when(p.request("rfd_9a33", parts={"a": 100}, dispute_id="dsp_9a33"))
    more.when(p.agree_to(made)).then_rejects(AmountExceedsCap)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([("b", 100)], "unknown_line"),
        ([("a", 100), ("a", 200)], "repeated"),
        ([("a", 0)], "nothing_asked"),
    ],
)
def test_t30a_each_line_of_it_is_named_once_with_an_amount(lines: list[tuple[str, int]], code: str) -> None:
    parts = tuple({"line_id": name, "amount": p.usd(cents)} for name, cents in lines)
    refusal = given(decider, *REFUSED).when(p.re_request(lines=parts)).then_rejects(ValidationFailed)
    assert refusal.errors[0]["code"] == code


def test_t30a_of_a_line_no_more_than_was_refused() -> None:
    happened = (p.captured(), p.refused(lines=p.lines(a=1000), amount=p.usd(1000)))
    parts = ({"line_id": "a", "amount": p.usd(1001)},)
    refusal = given(decider, *happened).when(p.re_request(lines=parts)).then_rejects(AmountExceedsCap)
    assert refusal.members["cap"] == {"amount": "10.00", "currency": "USD"}


def test_g9_t30a_nothing_is_offered_where_nothing_is_left() -> None:
    all_of_a = {"lines": p.lines(a=6000), "amount": p.usd(6000)}
    happened = (p.captured(), p.requested(**OTHER | all_of_a), p.approved(**OTHER), p.refused())
    refused = given(decider, *happened).when(p.re_request()).then_rejects(AmountExceedsCap)
    assert refused.rules
    assert "re-request" not in offered(happened)
    assert "re-request" in offered(REFUSED)


def offered(happened: tuple[Event, ...]) -> list[str]:
    payment = decider.fold("payment-o1", happened)
    return [each["rel"] for each in refund_view(payment, "rfd_9a31", 1, p.SUPPORT, p.MONDAY)["available_actions"]]


def test_t30a_a_refusal_is_asked_for_again_once_and_is_not_given_up_then() -> None:
    outcome = asked()
    outcome.when(p.re_request(p.OTHER_SUPPORT, **LEFT)).then_rejects(WrongPhase)
    outcome.when(p.abandon()).then_rejects(WrongPhase)
    events = tuple(outcome.after["payment-o1"])
    assert not {"re-request", "abandon"} & set(offered(events))


def test_t30a_one_person_asks_for_nothing_again_and_no_party_does() -> None:
    made = given(decider, *REFUSED).when(p.re_request(**LEFT))
    assert made.events[0].kind == ProposalKind.RE_REQUEST
    made.when(p.agree_to(made, p.SUPPORT)).then_rejects(SameReviewer)
    given(decider, *REFUSED).when(p.re_request(p.BUYER)).then_rejects(Forbidden)


def test_t30a_what_was_not_refused_for_its_amount_would_be_refused_again() -> None:
    given(decider, p.captured(), p.refused(reason="dispute_required")).when(p.re_request()).then_rejects(WrongPhase)
    given(decider, *p.APPROVED).when(p.re_request()).then_rejects(WrongPhase)


def test_t30a_once_its_dispute_has_asked_anew_the_refusal_is_history() -> None:
    later = p.requested(refund_id="rfd_9a33", lines=p.lines(a=100), amount=p.usd(100))
    given(decider, *REFUSED, later).when(p.re_request(**LEFT)).then_rejects(WrongPhase)


def test_t30a_what_nothing_waits_for_any_more_is_refused_and_that_is_its_end() -> None:
    outcome = asked()
    new = again(outcome).replaced_by
    withdrawn = RefundNotDue(refund_id=new, order_id="o1", dispute_id="dsp_9a31", replaces="rfd_9a31", rules=("T30a",))
    command = sent(react, withdrawn)
    refused = outcome.when(command).then_types(RefundRefused)
    view = refund_view(refused.states[0], new, 7, p.SUPPORT, p.MONDAY)
    assert (view["state"], view["reason"], view["replaces"]) == ("refused", "not_due", "rfd_9a31")
    assert view["amount"] == p.usd(3500)
    assert view["available_actions"] == []
    assert refused.when(command).events == []


def test_t30a_what_was_given_up_is_not_asked_for_again() -> None:
    made = given(decider, *REFUSED).when(p.abandon())
    gone = made.when(p.agree_to(made)).then_types(ProposalAgreed, RefundAbandoned)
    gone.when(p.re_request(**LEFT)).then_rejects(WrongPhase)
