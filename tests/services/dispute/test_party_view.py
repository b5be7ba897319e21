"""What each party is told of a dispute's state: whether it is to act, waits, may appeal, or is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dispute.views.as_of import dispute_row_of
from dispute.views.disputes.dispute import dispute_row, dispute_view
from shared.events.base import Actor
from shared.events.dispute import SolutionType
from shared.events.mediation import Outcome
from tests.support.builders.disputes import (
    agreed,
    counter,
    countered,
    dispute_of,
    expire,
    history_of,
    opened,
    replacing,
    ship,
)
from tests.support.builders.mediation import (
    D3,
    D6,
    appeal,
    appealed,
    ask_for,
    decide,
    decide_appeal,
    decided,
    escalate,
    escalated,
    paid,
    state,
    under_review,
)
from tests.support.builders.orders import BUYER, CASE_TEAM, SELLER, Histories, after, on, order

ACT, WAIT, REVIEW, APPEALABLE, DONE = (
    "action_required",
    "waiting_for_other",
    "under_platform_review",
    "appealable",
    "finished",
)


def asked() -> Histories:
    return after(under_review(), ask_for(on("Mar 19"), "buyer"))


def asked_again() -> Histories:
    """The buyer was asked and has answered; then the seller is asked."""
    answered = after(asked(), state(on("Mar 20"), BUYER))
    return after(answered, ask_for(on("Mar 20", "13:00"), "seller"))


def to_be_sent_back() -> Histories:
    return agreed(SolutionType.RETURN_AND_REFUND)


def sent_back_by_decision() -> Histories:
    late = opened(happened=order(shipped="Mar 1", delivered="Mar 10"), reason="late")
    reviewed = after(late, counter(on("Mar 13")), escalate(on("Mar 14")), expire("evidence", D3))
    return after(reviewed, decide(on("Mar 18"), type=SolutionType.RETURN_AND_REFUND))


def seen(happened: Histories, actor: Actor) -> str:
    """In the dispute, and in its row of a list, which are made from different things."""
    dispute, history = dispute_of(happened), history_of(happened)
    row = dispute_row(dispute_row_of(dispute, history), actor)
    view = dispute_view(dispute, len(history), actor, on("Mar 21"))
    assert (row["party_view"], row["result"], row["refunded"]) == (view["party_view"], view["result"], view["refunded"])
    return str(view["party_view"])


@pytest.mark.parametrize(
    ("happened", "buyer", "seller", "team"),
    [
        (opened, WAIT, ACT, WAIT),
        (countered, ACT, WAIT, WAIT),
        (escalated, REVIEW, REVIEW, REVIEW),
        (under_review, REVIEW, REVIEW, REVIEW),
        (asked, ACT, REVIEW, REVIEW),
        (asked_again, REVIEW, ACT, REVIEW),
        (agreed, WAIT, WAIT, WAIT),
        (to_be_sent_back, ACT, WAIT, WAIT),
        (decided, APPEALABLE, APPEALABLE, WAIT),
        (sent_back_by_decision, ACT, APPEALABLE, WAIT),
        (appealed, REVIEW, REVIEW, REVIEW),
        (lambda: after(decided(), expire("appeal", D6)), WAIT, WAIT, WAIT),
        (lambda: after(paid(decided()), expire("appeal", D6)), DONE, DONE, DONE),
    ],
)
def test_s53_each_party_is_told_whether_it_is_to_act(
    happened: Callable[[], Histories], buyer: str, seller: str, team: str
) -> None:
    found = happened()
    assert [seen(found, actor) for actor in (BUYER, SELLER, CASE_TEAM)] == [buyer, seller, team]


def ruled_to_be_sent_again() -> Histories:
    again: dict[str, Any] = {"outcome": Outcome.BUYER_FAVOUR, "type": SolutionType.REPLACEMENT, "lines": ()}
    return after(under_review(), decide(on("Mar 18"), **again))


@pytest.mark.parametrize(
    ("happened", "before", "sent"),
    [(replacing, [WAIT, ACT], [ACT, WAIT]), (ruled_to_be_sent_again, [APPEALABLE, ACT], [ACT, APPEALABLE])],
)
def test_t40_what_was_sent_in_the_place_of_the_goods_is_the_buyers_to_confirm(
    happened: Callable[[], Histories], before: list[str], sent: list[str]
) -> None:
    due, gone = happened(), after(happened(), ship(on("Mar 19")))
    assert [seen(due, actor) for actor in (BUYER, SELLER)] == before
    assert [seen(gone, actor) for actor in (BUYER, SELLER)] == sent


def test_t18_what_an_appeal_has_decided_is_appealable_no_more() -> None:
    again = after(appealed(), appeal(on("Mar 20"), BUYER), decide_appeal(on("Mar 27"), "45.00"))
    assert [seen(again, actor) for actor in (BUYER, SELLER)] == [WAIT, WAIT]
