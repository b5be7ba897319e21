"""How often lines of one order may be disputed again in a day (G18, S48): each opening holds the seller's money."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.rejections import TooManyOpenings
from dispute.views.orders.order import order_actions
from shared.actions import rendered
from tests.cases.plugin import Came
from tests.support.builders.disputes import cancel, open_dispute
from tests.support.builders.orders import BUYER, Histories, after, on, order, order_line, order_of, terms
from tests.support.spec import given

NOON = on("Mar 12", "12:00")
SHIPPED = order(shipped="Mar 1")


def opened_and_cancelled(happened: Histories, times: int, first: int = 1, **changed: Any) -> Histories:
    """The buyer opens and cancels, a minute apart."""
    for n in range(first, first + times):
        asked = open_dispute(NOON + timedelta(minutes=n), n=n, **changed)
        happened = after(happened, asked)
        happened = after(happened, cancel(asked.at, n=n).model_copy(update={"dispute_id": asked.dispute_id}))
    return happened


@pytest.mark.case(
    "H5+6", given="one order opened and cancelled 150 times a day", right="6 opened, then too_many_openings"
)
def test_g18_s48_one_buyer_does_not_open_and_cancel_without_end(came: Came) -> None:
    happened, opened = SHIPPED, 0
    with pytest.raises(TooManyOpenings) as refused:
        for opened in range(150):
            happened = opened_and_cancelled(happened, 1, opened + 1)
    came(f"{opened} opened, then {refused.value.code}")


@pytest.mark.case(
    "EM9", given="a line opened and withdrawn for ever", right="too_many_openings S48 G18 until March 13 00:00"
)
def test_g18_the_refusal_names_its_rules_and_when_it_ends(came: Came) -> None:
    asked = open_dispute(on("Mar 12", "23:59"), n=9)
    refusal = given(decider, opened_and_cancelled(SHIPPED, 6)).when(asked).then_rejects(TooManyOpenings)
    assert refusal.members["most"] == 5
    came(f"{refusal.code} {' '.join(refusal.cited)} until {refusal.members['resets_at']:%B %d %H:%M}")


def test_g18_the_next_day_begins_anew_and_counts_again() -> None:
    next_day = after(opened_and_cancelled(SHIPPED, 6), open_dispute(on("Mar 13", "00:00"), n=9))
    assert order_of(next_day).reopenings.again == 1


def test_g18_a_day_is_one_of_the_terms_zone() -> None:
    """Noon in UTC is ten in the evening there, so the day ends two hours later."""
    happened = opened_and_cancelled(order(shipped="Mar 1", terms=terms(timezone="Etc/GMT-10")), 6)
    given(decider, happened).when(open_dispute(on("Mar 12", "13:59"), n=9)).then_rejects(TooManyOpenings)
    assert given(decider, happened).when(open_dispute(on("Mar 12", "14:00"), n=9)).events


def test_g18_the_first_dispute_on_a_line_is_not_counted() -> None:
    two = order(order_line("l1"), order_line("l2"), shipped="Mar 1")
    happened = opened_and_cancelled(two, 6)
    second = (RequestedLine(line_id="l2", quantity=1),)
    assert given(decider, happened).when(open_dispute(on("Mar 12", "13:00"), n=9, lines=second)).events
    both = (RequestedLine(line_id="l1", quantity=1), *second)
    given(decider, happened).when(open_dispute(on("Mar 12", "13:00"), n=9, lines=both)).then_rejects(TooManyOpenings)


def test_g18_s102_the_number_is_the_programmes() -> None:
    never_again = order(shipped="Mar 1", terms=terms(opens_again_per_day=0))
    happened = opened_and_cancelled(never_again, 1)
    given(decider, happened).when(open_dispute(on("Mar 12", "13:00"), n=9)).then_rejects(TooManyOpenings)


def test_g18_the_list_of_actions_says_from_when_it_is_possible_again() -> None:
    state = order_of(opened_and_cancelled(SHIPPED, 6))
    [action] = rendered(order_actions(state, BUYER, on("Mar 12", "13:00")))["unavailable_actions"]
    assert (action["code"], action["allowed_at"]) == ("too_many_openings", on("Mar 13", "00:00"))
