"""A replacement or an exchange: agreed or ruled without money, sent by the seller, and over with its arrival (T40)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from dispute.domain.decider import decider
from dispute.domain.disputes.mediation.receipts import receipt_of
from dispute.domain.disputes.mediation.ruling import RuledLine
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import DisputeState
from dispute.views.disputes.case import decision_view
from dispute.views.disputes.dispute import dispute_view
from dispute.views.mediation.plain_words import in_words
from dispute.views.mediation.receipts import recomputation_view
from shared.events.base import Event
from shared.events.dispute import (
    SENT_AGAIN,
    CloseReason,
    Decision,
    DisputeClosed,
    Escalated,
    EscalationReason,
    RefundDue,
    ReplacementNotDue,
    ReplacementOverdue,
    ReplacementReceived,
    ReplacementShipped,
    SellerResponded,
    SolutionAccepted,
    SolutionProposed,
    SolutionReached,
    SolutionType,
)
from shared.events.mediation import AppealDecided, AppealWindowClosed, ClawbackRequested, DecisionIssued, Outcome
from shared.events.order import PaymentHoldLifted
from shared.rejections import DeadlinePassed, Forbidden, ValidationFailed, WrongPhase
from tests.services.dispute.disputes.test_negotiation import due
from tests.services.dispute.mediation.test_receipts import recorded
from tests.support.builders import mediation
from tests.support.builders.disputes import (
    accept,
    agreed,
    cancel,
    counter,
    countered,
    dispute_of,
    dispute_stream,
    expire,
    modify,
    offer,
    open_dispute,
    opened,
    receive,
    replacing,
    respond,
    sent_again,
    ship,
)
from tests.support.builders.orders import BUYER, SELLER, Histories, after, on, usd
from tests.support.spec import given

pytestmark = pytest.mark.unit

D13 = on("Apr 14", "00:00")
AGAIN: Mapping[str, Any] = {"outcome": Outcome.BUYER_FAVOUR, "type": SolutionType.REPLACEMENT, "lines": ()}


def last_of(happened: Mapping[str, Sequence[Event]], kind: type[Any]) -> Any:
    return next(event for event in reversed(happened[dispute_stream()]) if isinstance(event, kind))


# The agreement


@pytest.mark.parametrize("kind", SENT_AGAIN)
def test_s92_s86_k12_the_seller_may_offer_it_under_basic_and_no_money_moves(kind: SolutionType) -> None:
    happened = countered(solution=sent_again(kind))
    outcome = given(decider, happened).when(accept(on("Mar 14")))
    outcome.then_types(SolutionAccepted, SolutionReached)
    reached = outcome.events[1]
    assert (reached.solution.type, reached.solution.amount, reached.replacement_until) == (kind, usd("0.00"), D13)
    state = outcome.states[0]
    assert (state.state, state.fulfilment) == (DisputeState.AGREED, Fulfilment.REPLACEMENT_PENDING)


@pytest.mark.parametrize("kind", SENT_AGAIN)
def test_s86_g9_nothing_is_the_right_amount_and_anything_else_is_refused(kind: SolutionType) -> None:
    given(decider, opened()).when(counter(on("Mar 13"), solution=sent_again(kind))).then_types(
        SellerResponded, SolutionProposed
    )
    refusal = given(decider, opened()).when(counter(on("Mar 13"), solution=offer("0.01", kind)))
    assert refusal.then_rejects(ValidationFailed).errors[0]["pointer"] == "/solution/amount/amount"


@pytest.mark.parametrize("kind", SENT_AGAIN)
def test_s29_the_form_and_its_changes_cannot_ask_for_it(kind: SolutionType) -> None:
    for form in (open_dispute, modify):
        with pytest.raises(ValidationError):
            form(on("Mar 12"), type=kind)


def test_d13_starts_with_the_agreement_and_ends_with_the_arrival() -> None:
    assert due(countered(solution=sent_again()), accept(on("Mar 14"))) == {"replacement": D13}
    assert due(replacing(), ship(on("Mar 16"))) == {"replacement": D13}
    assert due(replacing(), receive(on("Mar 20"))) == {}


# Sent and received


def test_t40_the_seller_tells_of_the_parcel_once() -> None:
    outcome = given(decider, replacing()).when(ship(on("Mar 16")))
    outcome.then_types(ReplacementShipped)
    sent = after(replacing(), ship(on("Mar 16")))
    given(decider, sent).when(ship(on("Mar 17"))).then()
    given(decider, sent).when(ship(on("Mar 17"), number="RR2ES")).then_rejects(WrongPhase)
    shown = dispute_view(dispute_of(sent), 6, BUYER, on("Mar 17"))
    assert shown["replacement"] == {
        "tracking_number": "RR1ES",
        "carrier": None,
        "shipped_at": on("Mar 16"),
        "received_at": None,
    }
    assert (shown["due_at"], shown["party_view"]) == (D13, "action_required")


@pytest.mark.parametrize("sent", [True, False], ids=["told of", "never told of"])
def test_t40_its_arrival_closes_the_dispute_and_frees_the_sellers_money(sent: bool) -> None:
    happened = after(replacing(), ship(on("Mar 16"))) if sent else replacing()
    outcome = given(decider, happened).when(receive(on("Mar 20"), received_at=on("Mar 19")))
    outcome.then_types(ReplacementReceived, DisputeClosed, PaymentHoldLifted)
    received, closed, _ = outcome.events
    assert (received.received_at, closed.reason, closed.amount) == (on("Mar 19"), CloseReason.REPLACED, usd("0.00"))
    assert (outcome.states[0].fulfilment, outcome.states[0].state) == (Fulfilment.REPLACED, DisputeState.CLOSED)
    ended = after(happened, receive(on("Mar 20")))
    again = given(decider, ended).when(open_dispute(on("Mar 21"), n=2)).rejection
    assert again and again.code == "already_agreed"


def test_t40_g8_each_has_a_step_and_nobody_else_and_nothing_is_received_before_it_comes() -> None:
    given(decider, replacing()).when(ship(on("Mar 16"), BUYER)).then_rejects(Forbidden)
    given(decider, replacing()).when(receive(on("Mar 16"), SELLER)).then_rejects(Forbidden)
    refused = given(decider, replacing()).when(receive(on("Mar 16"), received_at=on("Mar 17")))
    assert refused.then_rejects(ValidationFailed).errors[0]["pointer"] == "/received_at"
    for command in (ship(on("Mar 14")), receive(on("Mar 14"))):
        given(decider, agreed()).when(command).then_rejects(WrongPhase)
    given(decider, replacing()).when(cancel(on("Mar 16"))).then_rejects(WrongPhase)


# In vain


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "not sent"])
def test_d13_t40_what_has_not_come_in_thirty_days_goes_to_the_case_team(sent: bool) -> None:
    happened = after(replacing(), ship(on("Mar 16"))) if sent else replacing()
    given(decider, happened).when(receive(on("Apr 13", "23:59"))).then_types(
        ReplacementReceived, DisputeClosed, PaymentHoldLifted
    )
    given(decider, happened).when(receive(D13)).then_rejects(DeadlinePassed)
    outcome = given(decider, happened).when(expire("replacement", D13))
    outcome.then_types(ReplacementOverdue, Escalated)
    assert outcome.events[1].reason == EscalationReason.REPLACEMENT_OVERDUE
    assert (outcome.states[0].state, outcome.states[0].fulfilment) == (DisputeState.ESCALATED, Fulfilment.NONE)
    again = after(happened, expire("replacement", D13))
    given(decider, again).when(receive(on("Apr 15"))).then_rejects(WrongPhase)
    given(decider, again).when(respond(Decision.ACCEPT, on("Apr 15"))).then_types(SolutionReached, RefundDue)


# Ruled


def ruled() -> Histories:
    """The case team ruled a replacement on 18 March: D6 is 26 March, D13 18 April."""
    return after(mediation.under_review(), mediation.decide(on("Mar 18"), **AGAIN))


def test_t15_t40_the_case_team_may_rule_it_and_it_closes_once_it_came_and_nobody_can_appeal() -> None:
    outcome = given(decider, mediation.under_review()).when(mediation.decide(on("Mar 18"), **AGAIN))
    outcome.then_types(DecisionIssued, SolutionReached)
    assert outcome.states[0].fulfilment == Fulfilment.REPLACEMENT_PENDING
    came = after(ruled(), receive(on("Mar 20")))
    assert (dispute_of(came).state, dispute_of(came).fulfilment) == (DisputeState.DECIDED, Fulfilment.REPLACED)
    given(decider, came).when(expire("appeal", mediation.D6)).then_types(
        AppealWindowClosed, DisputeClosed, PaymentHoldLifted
    )
    final = after(ruled(), expire("appeal", mediation.D6))
    assert dispute_of(final).state == DisputeState.DECIDED
    closed = last_of(after(final, receive(on("Mar 28"))), DisputeClosed)
    assert (closed.reason, closed.amount) == (CloseReason.REPLACED, usd("0.00"))


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"lines": (RuledLine(line_id="l1", amount=usd("0.01")),)}, "/lines"),
        ({"outcome": Outcome.SPLIT}, "/outcome"),
        ({"outcome": Outcome.SELLER_FAVOUR}, "/outcome"),
    ],
    ids=["with money", "a split", "for the seller"],
)
def test_t15_s86_a_ruling_of_it_moves_no_money_and_favours_the_buyer(changed: Mapping[str, Any], pointer: str) -> None:
    refused = given(decider, mediation.under_review()).when(mediation.decide(on("Mar 18"), **{**AGAIN, **changed}))
    assert refused.then_rejects(ValidationFailed).errors[0]["pointer"] == pointer


def test_t18_an_appeal_takes_it_back_and_rules_money() -> None:
    appealed = after(ruled(), mediation.appeal(on("Mar 20")))
    outcome = given(decider, appealed).when(mediation.decide_appeal(on("Mar 27"), "40.00"))
    outcome.then_types(AppealDecided, AppealWindowClosed, ReplacementNotDue, SolutionReached, RefundDue)
    assert outcome.states[0].fulfilment == Fulfilment.REFUND_PENDING
    assert due(appealed, mediation.decide_appeal(on("Mar 27"), "40.00")).keys() == {"survey"}
    upheld = after(appealed, mediation.decide_appeal(on("Mar 27")))
    assert dispute_of(upheld).replacement.is_awaited
    assert last_of(after(upheld, receive(on("Mar 28"))), DisputeClosed).reason == CloseReason.REPLACED


def test_t18_k18_an_appeal_may_rule_it_in_the_place_of_money_which_is_asked_back() -> None:
    appealed = mediation.appealed("30.00")
    outcome = given(decider, appealed).when(mediation.decide_appeal(on("Mar 27"), "0.00", **AGAIN))
    outcome.then_types(AppealDecided, AppealWindowClosed, SolutionReached, ClawbackRequested)
    assert outcome.states[0].fulfilment == Fulfilment.REPLACEMENT_PENDING


def test_d13_runs_on_while_an_appeal_is_under_review() -> None:
    appealed = after(ruled(), mediation.appeal(on("Mar 20")))
    until = dispute_of(appealed).due("replacement")
    assert until == on("Apr 18", "00:00")
    given(decider, appealed).when(expire("replacement", until)).then_types(ReplacementOverdue, Escalated)


@pytest.mark.parametrize("happened", [replacing(), ruled()], ids=["agreed", "ruled"])
def test_g13_its_receipt_recomputes_and_says_so_in_words(happened: Histories) -> None:
    history = recorded(dispute_stream(), happened[dispute_stream()])
    version = max(dispute_of(happened).case.decisions)
    assert recomputation_view(receipt_of(history, version))["same"]
    decision = decision_view(version, dispute_of(happened).case.decisions[version], "/v1/disputes/x")
    assert ": the seller sends it again, by " in in_words(decision, receipt_of(history, version), "en")
