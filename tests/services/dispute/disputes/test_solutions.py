"""The list of a dispute's solutions: each side's versions over all rounds, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dispute.domain.disputes.solutions import Standing
from dispute.views.disputes.dispute import dispute_view
from shared.events.base import Actor
from shared.events.dispute import Decision, ReturnOutcome, SolutionAccepted, SolutionProposed, SolutionType
from tests.support.builders import mediation
from tests.support.builders.disputes import (
    accept,
    agreed,
    cancel,
    counter,
    countered,
    dispute_of,
    dispute_stream,
    modify,
    note_return,
    offer,
    opened,
    respond,
    return_due,
)
from tests.support.builders.orders import BUYER, SELLER, Histories, after, on

pytestmark = pytest.mark.unit

Told = tuple[str, int, str, str]


def told(happened: Histories) -> Sequence[Told]:
    """Whose, which version, how much, and what became of it."""
    listed = dispute_of(happened).solutions
    return [(each.by, each.version, each.solution.amount.amount, str(each.state)) for each in listed]


def test_s42_the_request_and_the_offer_stand_side_by_side() -> None:
    assert told(countered()) == [("buyer", 1, "50.00", "standing"), ("seller", 1, "20.00", "standing")]


def test_s43_the_next_round_replaces_the_request_and_declines_the_offer() -> None:
    happened = after(countered(), modify(on("Mar 14"), amount="45.00"))
    assert told(happened) == [
        ("buyer", 1, "50.00", "replaced"),
        ("seller", 1, "20.00", "declined"),
        ("buyer", 2, "45.00", "standing"),
    ]
    again = after(happened, counter(on("Mar 15"), "30.00"))
    assert told(again)[-1] == ("seller", 2, "30.00", "standing")


def test_t4_a_refusal_leaves_the_request_standing() -> None:
    assert told(after(opened(), respond(Decision.REJECT, on("Mar 13")))) == [("buyer", 1, "50.00", "standing")]


@pytest.mark.parametrize(
    ("happened", "right"),
    [
        (agreed(), [("buyer", 1, "50.00", "accepted")]),
        (
            after(countered(), accept(on("Mar 14"))),
            [("buyer", 1, "50.00", "declined"), ("seller", 1, "20.00", "accepted")],
        ),
        (after(opened(), cancel(on("Mar 14"))), [("buyer", 1, "50.00", "declined")]),
    ],
    ids=["the request is granted", "the offer is accepted", "the buyer withdraws"],
)
def test_s40_s42_s46_an_end_says_which_solution_was_accepted(happened: Histories, right: Sequence[Told]) -> None:
    assert told(happened) == right


def test_s42_an_acceptance_names_the_version_that_it_accepts() -> None:
    happened = after(countered(), accept(on("Mar 14")))
    events = happened[dispute_stream()]
    (put,) = [event for event in events if isinstance(event, SolutionProposed)]
    (taken,) = [event for event in events if isinstance(event, SolutionAccepted)]
    assert (taken.solution_id, taken.version) == (put.solution_id, put.version) == (put.solution_id, 1)
    assert put.proposed_at == on("Mar 13")


def test_t43_an_escalation_ends_the_offer_and_a_new_one_is_the_next_version() -> None:
    happened = mediation.escalated()
    assert told(happened) == [("buyer", 1, "50.00", "standing"), ("seller", 1, "20.00", "declined")]
    twice = after(happened, counter(on("Mar 15"), "25.00"), counter(on("Mar 15", "13:00"), "35.00"))
    assert told(twice)[-2:] == [("seller", 2, "25.00", "replaced"), ("seller", 3, "35.00", "standing")]


def test_t15_t18_what_the_case_team_rules_is_the_platforms_and_an_appeal_replaces_it() -> None:
    happened = mediation.paid(mediation.decided("30.00"))
    assert told(happened) == [
        ("buyer", 1, "50.00", "declined"),
        ("seller", 1, "20.00", "declined"),
        ("platform", 1, "30.00", "standing"),
    ]
    appealed = after(happened, mediation.appeal(on("Mar 20")))
    amended = after(appealed, mediation.decide_appeal(on("Mar 27"), "40.00"))
    assert told(amended)[-2:] == [("platform", 1, "30.00", "replaced"), ("platform", 2, "40.00", "standing")]
    nothing = after(appealed, mediation.decide_appeal(on("Mar 27"), "0.00"))
    assert told(nothing)[-1] == ("platform", 1, "30.00", "declined")


def test_t27_what_was_agreed_and_went_wrong_may_be_granted_again() -> None:
    back = agreed(SolutionType.RETURN_AND_REFUND)
    failed = after(back, note_return(return_due(back), ReturnOutcome.FAILED, on("Mar 20")))
    assert told(failed) == [("buyer", 1, "50.00", "standing")]


@pytest.mark.parametrize(("looks", "sees"), [(SELLER, True), (BUYER, False)], ids=["the seller", "the buyer"])
def test_k22_s42_the_list_shows_every_version_and_the_address_to_whom_it_concerns(looks: Actor, sees: bool) -> None:
    offered = offer("40.00", SolutionType.RETURN_AND_REFUND, address="Street 1")
    happened = after(opened(reason="late"), counter(on("Mar 13"), solution=offered))
    shown = dispute_view(dispute_of(happened), 3, looks, on("Mar 14"))
    first, second = shown["solutions"]
    assert (first["id"][:4], first["version"], first["state"]) == ("sol_", 1, Standing.STANDING)
    assert (second["by"], second["type"], second["at"]) == ("seller", "return_and_refund", on("Mar 13"))
    assert first["id"] != second["id"]
    assert bool(second["address"]) is sees
