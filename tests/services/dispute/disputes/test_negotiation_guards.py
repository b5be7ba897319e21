"""Whose dispute it is, whose turn, and until when (G8)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from shared.events.base import wire_time
from shared.events.dispute import (
    Decision,
    RefundDue,
    SellerResponded,
    SolutionAccepted,
    SolutionReached,
)
from shared.rejections import DeadlinePassed, Forbidden, NotFound, WrongPhase
from tests.support.builders.disputes import (
    accept,
    agreed,
    cancel,
    counter,
    countered,
    dispute_of,
    expire,
    modify,
    opened,
    respond,
)
from tests.support.builders.orders import (
    BUYER,
    CASE_TEAM,
    OTHER_BUYER,
    OTHER_SELLER,
    SELLER,
    Histories,
    after,
    on,
    order,
)
from tests.support.spec import given

D1, D2, D4 = on("Mar 18", "00:00"), on("Mar 19", "00:00"), on("Mar 21", "00:00")
"""Of a dispute opened on 12 March and answered on 13 March."""


def commands_at(at: str, **actor: Any) -> list[tuple[Histories, Any]]:
    """Each command of a party, with a history in which it may come."""
    return [
        (opened(), respond(Decision.ACCEPT, on(at), **actor)),
        (countered(), accept(on(at), **actor)),
        (countered(), modify(on(at), **actor)),
        (countered(), cancel(on(at), **actor)),
    ]


@pytest.mark.parametrize("stranger", [OTHER_BUYER, OTHER_SELLER])
def test_g8_a_stranger_finds_no_dispute(stranger: Any) -> None:
    for happened, command in commands_at("Mar 14", actor=stranger):
        given(decider, happened).when(command).then_rejects(NotFound)


def test_g8_a_dispute_that_was_never_opened_is_not_found() -> None:
    for _, command in commands_at("Mar 14"):
        given(decider, order(shipped="Mar 1")).when(command).then_rejects(NotFound)


def test_g8_each_command_is_one_partys() -> None:
    respond_, *of_buyer = commands_at("Mar 14", actor=SELLER)
    for happened, command in of_buyer:
        given(decider, happened).when(command).then_rejects(Forbidden)
    for party in (BUYER, CASE_TEAM):
        given(decider, opened()).when(respond(Decision.ACCEPT, on("Mar 14"), party)).then_rejects(Forbidden)
    given(decider, respond_[0]).when(respond_[1]).then_types(SellerResponded, SolutionReached, RefundDue)


def test_g8_only_the_one_awaited_may_move() -> None:
    refusal = given(decider, countered()).when(respond(Decision.ACCEPT, on("Mar 14"))).then_rejects(WrongPhase)
    assert (refusal.code, refusal.members["state"]) == ("wrong_phase", "awaiting_buyer")
    given(decider, opened()).when(accept(on("Mar 14"))).then_rejects(WrongPhase)
    given(decider, opened()).when(modify(on("Mar 14"))).then_rejects(WrongPhase)
    for command in (respond(Decision.REJECT, on("Mar 14")), accept(on("Mar 14")), modify(on("Mar 14"))):
        given(decider, agreed()).when(command).then_rejects(WrongPhase)


def test_g8_an_offer_cannot_be_accepted_once_the_case_team_has_the_dispute() -> None:
    escalated = after(countered(), expire("buyer_response", D2))
    assert dispute_of(escalated).offer is None
    given(decider, escalated).when(accept(on("Mar 18"))).then_rejects(WrongPhase)


def test_s39_g8_an_answer_at_the_due_instant_is_too_late_even_before_the_timer_fired() -> None:
    given(decider, opened()).when(respond(Decision.REJECT, on("Mar 17", "23:59"))).then_types(SellerResponded)
    refusal = given(decider, opened()).when(respond(Decision.REJECT, D1)).then_rejects(DeadlinePassed)
    assert (refusal.code, refusal.members) == ("deadline_passed", {"due_at": wire_time(D1)})


def test_d2_g8_the_buyer_too_is_held_to_the_time() -> None:
    given(decider, countered()).when(accept(on("Mar 18", "23:59"))).then_types(
        SolutionAccepted, SolutionReached, RefundDue
    )
    for command in (accept(D2), modify(D2)):
        given(decider, countered()).when(command).then_rejects(DeadlinePassed)


def test_d4_g8_the_negotiations_end_binds_the_buyer_too() -> None:
    last = after(countered(), modify(on("Mar 18"), amount="40.00"), counter(on("Mar 19")))
    for command in (accept(D4), modify(D4)):
        refusal = given(decider, last).when(command).then_rejects(DeadlinePassed)
        assert refusal.members == {"due_at": wire_time(D4)}
