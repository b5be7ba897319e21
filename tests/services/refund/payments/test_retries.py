"""Who tries a refund again that people took over: two of support, neither of them a party (T31a, G15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from refund.domain.decider import decider
from refund.domain.payments.refund import RefundState
from refund.domain.payments.state import Payment
from refund.views.refunds import refund_view
from shared.events.base import Actor
from shared.events.mediation.proposals import ProposalAgreed, ProposalKind, ProposalMade
from shared.events.refund import RefundRetried
from shared.rejections import ConflictOfInterest, Forbidden, IfMatchRequired, SameReviewer, WrongPhase
from tests.cases.plugin import Came
from tests.support.builders import refunds as p
from tests.support.spec import Outcome, given

MANUAL = (*p.APPROVED, p.failed(6, None), p.sent_to_manual(6))
BY_SUPPORT = ["retry", "agree-retry", "record-manual-payment", "abandon"]
"""What the other person of support may do, once one has asked for another try."""


def proposed() -> Outcome:
    """One person of support wants another try."""
    return given(decider, *MANUAL).when(p.retry(p.SUPPORT)).then_types(ProposalMade)


@pytest.mark.case("L10", given="one person of support asks for another try", right="manual")
def test_t31a_one_person_of_support_only_proposes(came: Came) -> None:
    made = proposed().events[0]
    assert (made.kind, made.by, made.rules) == (ProposalKind.RETRY, p.SUPPORT.id, ("T31a",))
    assert proposed().deadlines == {}
    came(proposed().states[0].refund("rfd_9a31").state)


def agreed(actor: Actor = p.OTHER_SUPPORT, **more: Any) -> Outcome:
    """Somebody agrees to it."""
    happened = proposed()
    return happened.when(p.agree_to(happened, actor, **more))


@pytest.mark.case("L10+1", given="the same person agrees", right="same_reviewer")
def test_t31a_the_same_person_does_not_agree_as_well(came: Came) -> None:
    came(agreed(p.SUPPORT).then_rejects(SameReviewer).code)


@pytest.mark.case("L10+2", given="a second person agrees", right="approved")
def test_t31a_a_second_person_agrees_and_it_is_tried(came: Came) -> None:
    outcome = agreed().then_types(ProposalAgreed, RefundRetried)
    assert outcome.deadlines == {("payment-o1", "pay:rfd_9a31"): p.MONDAY}
    came(outcome.states[0].refund("rfd_9a31").state)


def test_t31a_who_asks_too_proposes_anew_and_the_first_proposal_is_none_any_more() -> None:
    first = proposed()
    second = first.when(p.retry(p.OTHER_SUPPORT)).then_types(ProposalMade)
    second.when(p.agree_to(first, p.SUPPORT)).then_rejects(WrongPhase)
    second.when(p.agree_to(second, p.SUPPORT)).then_types(ProposalAgreed, RefundRetried)


def test_t31a_it_is_agreed_to_by_who_has_looked() -> None:
    agreed(has_seen=False).then_rejects(IfMatchRequired)


@pytest.mark.case("L10+3", given="the second person is the seller", right="conflict_of_interest")
def test_g15_t31a_the_seller_is_no_second_person(came: Came) -> None:
    seller = Actor(id=p.SELLER.id, roles=frozenset({"support"}))
    came(agreed(seller).then_rejects(ConflictOfInterest).code)


@pytest.mark.case("L10+4", given="the buyer has the role support besides", right="conflict_of_interest")
def test_g15_t31a_nor_is_the_buyer(came: Came) -> None:
    both = Actor(id=p.BUYER.id, roles=frozenset({"buyer", "support"}))
    came(given(decider, *MANUAL).when(p.retry(both)).then_rejects(ConflictOfInterest).code)


@pytest.mark.case("L10+5", given="the second person comes after a week", right="manual")
def test_t31a_a_proposal_waits_for_a_week(came: Came) -> None:
    last, late = p.MONDAY + timedelta(days=7), p.MONDAY + timedelta(days=8)
    agreed(at=last).then_types(ProposalAgreed, RefundRetried)
    agreed(at=late).then_rejects(WrongPhase)
    came(proposed().states[0].refund("rfd_9a31").state)


def test_t31a_the_buyers_word_is_no_way_on() -> None:
    """People may have sent the money by hand: a retry would pay it again."""
    for happened in (given(decider, *MANUAL), proposed()):
        happened.when(p.retry(p.BUYER)).then_rejects(Forbidden)


def test_t31a_what_was_tried_again_has_no_proposal_left() -> None:
    failed = agreed().when(p.decline(6))
    assert failed.states[0].refund("rfd_9a31").state is RefundState.MANUAL
    failed.when(p.retry(p.OTHER_SUPPORT)).then_types(ProposalMade)
    proposed().when(p.issue(attempt=5)).when(p.retry(p.OTHER_SUPPORT)).then_rejects(WrongPhase)


def test_t31a_support_sees_what_waits_for_a_second_person_and_the_parties_do_not() -> None:
    payment = proposed().states[0]
    for viewer, rels in ((p.BUYER, ["correct-account"]), (p.SELLER, []), (p.OTHER_SUPPORT, BY_SUPPORT)):
        view = refund_view(payment, "rfd_9a31", 9, viewer, p.MONDAY)
        assert [made["by"] for made in view["proposals"]] == ([p.SUPPORT.id] if viewer is p.OTHER_SUPPORT else [])
        assert [action["rel"] for action in view["available_actions"]] == rels
    mine = refund_view(payment, "rfd_9a31", 9, p.SUPPORT, p.MONDAY)["unavailable_actions"]
    not_now = (
        "agree-manual-payment",
        "agree-abandonment",
        "end-doubt",
        "agree-end-doubt",
        "re-request",
        "agree-re-request",
    )
    agrees = {"agree-retry": "same_reviewer", **dict.fromkeys(not_now, "wrong_phase")}
    assert {action["rel"]: action["code"] for action in mine} == agrees


# M11: a refused refund is its own seller's


@pytest.mark.case("M11", given="a refused refund of another seller's line", right="olga alone")
def test_m_a_refused_refund_is_seen_by_the_seller_of_its_lines(came: Came) -> None:
    command = p.request(seller_id=p.OTHER_SELLER.id, payment_id="another")
    payment = given(decider, p.captured()).when(command).states[0]
    assert payment.refund(command.refund_id).state is RefundState.REFUSED
    came(" and ".join(_who_sees(payment, command.refund_id)) + " alone")


NEIGHBOURS = [
    pytest.param(
        {"seller_id": "olga", "lines": p.lines(a=9900), "amount": p.usd(9900)},
        marks=pytest.mark.case("M11+1", given="refused above the cap", right="olga"),
    ),
    pytest.param(
        {"seller_id": "olga", "dispute_id": None},
        marks=pytest.mark.case("M11+2", given="refused without a dispute", right="olga"),
    ),
    pytest.param(
        {"payment_id": "another"},
        marks=pytest.mark.case("M11+3", given="refused, the seller is the payment's", right="sam"),
    ),
]


@pytest.mark.parametrize("asked", NEIGHBOURS)
def test_a_refused_refund_is_its_own_sellers_whatever_refused_it(asked: dict[str, Any], came: Came) -> None:
    command = p.request(**asked)
    payment = given(decider, p.captured()).when(command).states[0]
    assert payment.refund(command.refund_id).state is RefundState.REFUSED
    came(" and ".join(_who_sees(payment, command.refund_id)))


def _who_sees(payment: Payment, refund_id: str) -> list[str]:
    parties = payment.parties_of(payment.refund(refund_id))
    return [seller.id for seller in (p.SELLER, p.OTHER_SELLER) if parties.roles_of(seller)]
