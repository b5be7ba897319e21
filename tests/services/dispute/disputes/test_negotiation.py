"""The seller answers, the buyer accepts or asks anew (T2–T4, T6, T7, G9, G10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.disputes.agreement.offers import CounterOffer
from dispute.domain.disputes.state import DisputeState
from dispute.domain.rejections import EvidenceRequired, MaxRounds, ReasonNotCovered
from shared.events.base import Personal
from shared.events.dispute import (
    Decision,
    EscalationReason,
    Payer,
    ReachedType,
    Reason,
    RefundDue,
    RequestModified,
    ReturnDue,
    SellerResponded,
    Solution,
    SolutionAccepted,
    SolutionProposed,
    SolutionReached,
    SolutionType,
)
from shared.events.ids import derived_id
from shared.rejections import AmountExceedsCap, ValidationFailed, WrongPhase
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    accept,
    agreed,
    counter,
    countered,
    dispute_id,
    dispute_of,
    dispute_stream,
    expire,
    modify,
    offer,
    opened,
    respond,
)
from tests.support.builders.mediation import escalated
from tests.support.builders.orders import ORDER, SELLER, Histories, after, on, order, terms, usd
from tests.support.spec import given

D1, D2, D4 = on("Mar 18", "00:00"), on("Mar 19", "00:00"), on("Mar 21", "00:00")
"""Of a dispute opened on 12 March and answered on 13 March."""
rejected = after(opened(), respond(Decision.REJECT, on("Mar 13"), reason="It was sent."))


def due(happened: Histories, *commands: Any) -> dict[str, object]:
    """The dispute's deadlines after one command more."""
    (command,) = commands
    deadlines = given(decider, happened).when(command).deadlines
    return {kind: at for (stream, kind), at in deadlines.items() if stream == dispute_stream()}


# The seller accepts


def test_s40_t2_the_seller_accepts_and_the_request_is_processed_exactly() -> None:
    asked = opened(amount="30.00")
    responded, reached, money = given(decider, asked).when(respond(Decision.ACCEPT, on("Mar 13"))).events
    assert (responded.decision, responded.rules) == (Decision.ACCEPT, ("S40",))
    assert (reached.reached_type, reached.solution) == (ReachedType.NEGOTIATED, dispute_of(asked).request)
    assert (reached.lines[0].amount, reached.reached_at, reached.rules) == (usd("30.00"), on("Mar 13"), ("S40",))
    assert isinstance(money, RefundDue)
    assert money.amount == usd("30.00")


def test_s40_the_type_is_the_buyers_too() -> None:
    asked = opened(type=SolutionType.RETURN_AND_REFUND)
    given(decider, asked).when(respond(Decision.ACCEPT, on("Mar 13"))).then_types(
        SellerResponded, SolutionReached, ReturnDue
    )


def test_t2_an_agreement_ends_every_deadline_of_the_dispute() -> None:
    assert due(opened(), respond(Decision.ACCEPT, on("Mar 13"))) == {}
    assert dispute_of(agreed()).state == DisputeState.AGREED


OTHERS = (
    offer("1.00"),
    offer("50.00", SolutionType.RETURN_AND_REFUND),
    offer("50.00", freight_payer=Payer.BUYER),
    offer("50.00", address="Pier 1"),
)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("happened", [opened, escalated])
def test_t2_an_acceptance_names_no_other_solution(happened: Callable[[], Histories], other: CounterOffer) -> None:
    command = respond(Decision.ACCEPT, on("Mar 15"), solution=other)
    refusal = given(decider, happened()).when(command).then_rejects(ValidationFailed)
    assert (refusal.errors[0]["pointer"], refusal.errors[0]["code"]) == ("/solution", "not_expected")


@pytest.mark.parametrize("happened", [opened, escalated])
def test_t2_an_acceptance_may_name_the_request_itself(happened: Callable[[], Histories]) -> None:
    command = respond(Decision.ACCEPT, on("Mar 15"), solution=offer("50.00"))
    outcome = given(decider, happened()).when(command)
    assert outcome.states[0].state == DisputeState.AGREED
    assert outcome.events[-1].amount == usd("50.00")


# The seller offers something else, or nothing


def test_s42_t3_the_seller_counters_and_the_buyer_is_awaited() -> None:
    command = counter(
        on("Mar 13"),
        solution=offer("20.00", SolutionType.RETURN_AND_REFUND, freight_payer=Payer.BUYER, address="Pier 1"),
    )
    offered = Solution(
        type=SolutionType.RETURN_AND_REFUND,
        amount=usd("20.00"),
        freight_payer=Payer.BUYER,
        address_ref=command.address_ref,
    )
    outcome = given(decider, opened(reason=Reason.LATE)).when(command)
    outcome.then(
        SellerResponded(
            dispute_id=dispute_id(),
            decision=Decision.COUNTER,
            reason_ref=None,
            answer_by=D2,
            negotiate_until=D4,
            escalation_from=on("Mar 13", "00:00"),
            rules=("S42",),
        ),
        SolutionProposed(
            dispute_id=dispute_id(),
            solution_id=derived_id("sol", ORDER, dispute_id(), "seller"),
            version=1,
            by="seller",
            solution=offered,
            proposed_at=on("Mar 13"),
            rules=("S42",),
        ),
    )
    assert (outcome.states[0].state, outcome.states[0].offer) == (DisputeState.AWAITING_BUYER, offered)
    assert command.personal == (Personal(str(command.address_ref), SELLER.id, "address", "Pier 1"),)


def test_t3_t4_d2_d4_an_answer_ends_d1_and_starts_d2_and_d4() -> None:
    for answer in (counter(on("Mar 13")), respond(Decision.REJECT, on("Mar 13"))):
        assert due(opened(), answer) == {"buyer_response": D2, "negotiation": D4}


def test_t4_the_seller_rejects_with_a_reason_kept_beside_the_log() -> None:
    command = respond(Decision.REJECT, on("Mar 13"), reason="It was sent.")
    (responded,) = given(decider, opened()).when(command).then_types(SellerResponded).events
    assert (responded.reason_ref, responded.rules) == (command.reason_ref, ("T4",))
    assert command.personal == (Personal(str(command.reason_ref), SELLER.id, "reason", "It was sent."),)


def test_s42_a_counter_offer_needs_a_solution() -> None:
    given(decider, opened()).when(counter(on("Mar 13"), solution=None)).then_rejects(ValidationFailed)


def test_s45_g9_a_counter_offer_is_more_than_nothing_and_at_most_the_cap() -> None:
    given(decider, opened()).when(counter(on("Mar 13"), "50.01")).then_rejects(AmountExceedsCap)
    refusal = given(decider, opened()).when(counter(on("Mar 13"), "0.00")).then_rejects(ValidationFailed)
    assert refusal.errors[0]["pointer"] == "/solution/amount/amount"
    modest = opened(amount="10.00")
    given(decider, modest).when(counter(on("Mar 13"), "50.00")).then_types(SellerResponded, SolutionProposed)


def test_s45_the_parties_may_agree_on_more_than_was_asked_for_up_to_the_cap() -> None:
    modest = after(opened(amount="10.00"), counter(on("Mar 13"), "40.00"))
    assert given(decider, modest).when(accept(on("Mar 14"))).events[1].solution.amount == usd("40.00")


# The buyer accepts


def test_s42_t6_the_buyer_accepts_and_the_sellers_terms_are_reached() -> None:
    accepted, reached, money = given(decider, countered()).when(accept(on("Mar 14"))).events
    offered = dispute_of(countered()).offer
    assert offered is not None
    named = derived_id("sol", ORDER, dispute_id(), "seller")
    assert accepted == SolutionAccepted(
        dispute_id=dispute_id(), solution_id=named, version=1, solution=offered, rules=("S42",)
    )
    assert (reached.reached_type, reached.solution, money.amount) == (ReachedType.NEGOTIATED, offered, usd("20.00"))
    assert due(countered(), accept(on("Mar 14"))) == {}


def test_t6_after_a_rejection_there_is_nothing_to_accept() -> None:
    given(decider, rejected).when(accept(on("Mar 14"))).then_rejects(WrongPhase)


def test_t6_an_offer_dies_with_the_next_request_and_with_a_later_rejection() -> None:
    asked_again = after(countered(), modify(on("Mar 14"), amount="40.00"))
    assert dispute_of(asked_again).offer is None
    given(decider, after(asked_again, respond(Decision.REJECT, on("Mar 15")))).when(accept(on("Mar 16"))).then_rejects(
        WrongPhase
    )


# The buyer asks anew


def test_s43_t7_the_buyer_modifies_and_the_seller_is_awaited_again() -> None:
    outcome = given(decider, countered()).when(modify(on("Mar 14"), amount="40.00", description="Still nothing."))
    (modified,) = outcome.then_types(RequestModified).events
    assert (modified.round, modified.request, modified.reason) == (
        2,
        Solution(type=SolutionType.REFUND_ONLY, amount=usd("40.00")),
        Reason.NOT_RECEIVED,
    )
    assert modified.respond_by == on("Mar 20", "00:00")
    assert outcome.states[0].state == DisputeState.AWAITING_SELLER


def test_t7_a_new_request_ends_d2_starts_d1_and_d4_rests_until_the_answer() -> None:
    modification = modify(on("Mar 14"), amount="40.00")
    assert due(countered(), modification) == {"seller_response": on("Mar 20", "00:00")}
    assert due(after(countered(), modification), respond(Decision.REJECT, on("Mar 15")))["negotiation"] == D4


def test_t7_a_d4_that_passed_while_it_rested_fires_after_an_answer_by_a_clock_that_is_behind() -> None:
    """Two machines' clocks: D4 is over where timers are asked, and not yet where the seller answers."""
    asked = after(countered(), modify(on("Mar 18"), amount="40.00"))
    answer = respond(Decision.REJECT, D4 - timedelta(seconds=1))
    assert due(asked, answer)["negotiation"] == D4
    outcome = given(decider, after(asked, answer)).when(expire("negotiation", D4))
    assert (outcome.states[0].state, outcome.events[-1].reason) == (
        DisputeState.ESCALATED,
        EscalationReason.NEGOTIATION_TIMEOUT,
    )


def test_s42_the_sellers_next_offer_is_the_next_version_of_its_solution() -> None:
    first = countered()[dispute_stream()][-1]
    again = after(countered(), modify(on("Mar 14"), amount="40.00"), counter(on("Mar 15")))
    second = again[dispute_stream()][-1]
    assert isinstance(first, SolutionProposed) and isinstance(second, SolutionProposed)
    assert (first.solution_id, first.version, second.version) == (second.solution_id, 1, 2)


def test_t7_d4_runs_from_the_first_answer_only() -> None:
    again = after(countered(), modify(on("Mar 14"), amount="40.00"))
    assert due(again, counter(on("Mar 15"))) == {"buyer_response": on("Mar 21", "00:00"), "negotiation": D4}
    assert dispute_of(after(again, counter(on("Mar 15")))).negotiate_until == D4


def test_s43_what_is_not_named_stays_as_it_was() -> None:
    late = after(opened(reason=Reason.LATE), counter(on("Mar 13")))
    (modified,) = given(decider, late).when(modify(on("Mar 14"), type=SolutionType.RETURN_AND_REFUND)).events
    assert (modified.request.type, modified.request.amount) == (SolutionType.RETURN_AND_REFUND, usd("50.00"))
    assert (
        dispute_of(after(countered(), modify(on("Mar 14"), amount="1.00"))).description_ref
        == dispute_of(opened()).description_ref
    )


def test_s43_g6_another_reason_is_held_to_the_forms_rules() -> None:
    given(decider, countered()).when(modify(on("Mar 14"), reason=Reason.LATE)).then_types(RequestModified)
    given(decider, countered()).when(modify(on("Mar 14"), reason=Reason.DAMAGED)).then_rejects(EvidenceRequired)
    given(decider, countered()).when(modify(on("Mar 14"), reason=Reason.CHANGE_OF_MIND)).then_rejects(ReasonNotCovered)
    given(decider, countered()).when(modify(on("Mar 14"), evidence=("evd_1",))).then_rejects(ValidationFailed)


def test_s45_g9_a_new_request_is_at_most_the_cap() -> None:
    given(decider, countered()).when(modify(on("Mar 14"), amount="50.01")).then_rejects(AmountExceedsCap)
    given(decider, countered()).when(modify(on("Mar 14"), amount="0.00")).then_rejects(ValidationFailed)


def test_g10_the_negotiation_has_its_rounds() -> None:
    happened = opened(happened=order(shipped="Mar 1", terms=terms(max_rounds=3)))
    for minute in (1, 2):
        happened = after(
            happened,
            counter(on("Mar 13", f"12:0{minute}")),
            modify(on("Mar 13", f"13:0{minute}"), amount=f"40.0{minute}"),
        )
    happened = after(happened, counter(on("Mar 14")))
    assert dispute_of(happened).round == 3
    refusal = given(decider, happened).when(modify(on("Mar 14", "13:00"))).then_rejects(MaxRounds)
    assert (refusal.code, refusal.members["max_rounds"]) == ("max_rounds", 3)
    href = f"/v1/disputes/{dispute_of(happened).opened.dispute_id}/escalation"
    assert refusal.members["actions"] == [{"rel": "escalate", "method": "POST", "href": href}]
    given(decider, happened).when(accept(on("Mar 14", "13:00"))).then_types(
        SolutionAccepted, SolutionReached, RefundDue
    )


# Machines whose clocks differ


@pytest.mark.parametrize(
    "behind",
    [
        pytest.param(
            timedelta(seconds=1),
            marks=pytest.mark.case(
                "EM6", given="D4 passes unseen, the seller's clock is 1 s behind", right="D4 stands, and fires"
            ),
        ),
        pytest.param(
            timedelta(milliseconds=5),
            marks=pytest.mark.case("EM6+1", given="the same, 5 ms behind", right="D4 stands, and fires"),
        ),
        pytest.param(
            timedelta(minutes=5),
            marks=pytest.mark.case("EM6+2", given="the same, 5 minutes behind", right="D4 stands, and fires"),
        ),
    ],
)
def test_d4_that_came_while_the_seller_was_to_answer_is_started_again_by_a_late_clock(
    behind: timedelta, came: Came
) -> None:
    """K16: by the worker's clock D4 is over and rests, by the app's it is still to come."""
    asked_anew = after(countered(), modify(on("Mar 18"), amount="40.00"))
    assert not any(given(decider, asked_anew).when(expire(DeadlineKind.NEGOTIATION, D4)).decided.values())
    answered = given(decider, asked_anew).when(counter(D4 - behind, "30.00"))
    stands = answered.deadlines.get((dispute_stream(), DeadlineKind.NEGOTIATION)) == D4
    fires = stands and any(answered.when(expire(DeadlineKind.NEGOTIATION, D4)).decided.values())
    came("D4 stands, and fires" if fires else "D4 is lost")
