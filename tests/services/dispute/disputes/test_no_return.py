"""No return: from a suspended area nothing goes back, and people find another end (T22a)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.mediation.ruling import RuledLine
from shared.events.dispute import Decision, RefundDue, ReturnOutcome, SolutionReached, SolutionType
from shared.events.mediation import DecisionIssued, Outcome
from shared.events.order import ShipTo
from shared.rejections import ValidationFailed
from tests.support.builders.disputes import dispute_of, expire, note_return, open_dispute, respond, return_due
from tests.support.builders.mediation import decide
from tests.support.builders.orders import PROGRAMMES, Histories, after, on, order, usd
from tests.support.spec import given

GOES_BACK: dict[str, Any] = {
    "type": SolutionType.RETURN_AND_REFUND,
    "suspensions": PROGRAMMES.suspensions(on("Mar 12")),
}


def granted(**place: str) -> Histories:
    """The seller takes goods back that the order brought there."""
    sent = order(ship_to=ShipTo(**place), shipped="Mar 1")
    return after(sent, open_dispute(on("Mar 12"), **GOES_BACK), respond(Decision.ACCEPT, on("Mar 13")))


@pytest.mark.parametrize(
    ("place", "rules"),
    [
        ({"country": "UA", "region": "Donetsk"}, ("S72",)),
        ({"country": "UA", "region": "Lviv"}, ()),
        ({"country": "US", "postal_code": "96815"}, ("S73",)),
        ({"country": "US", "postal_code": "10001"}, ()),
        ({"country": "DE", "postal_code": "96215"}, ()),
    ],
)
def test_t22a_s72_s73_the_return_is_asked_for_with_what_suspends_it(place: dict[str, str], rules: Any) -> None:
    assert return_due(granted(**place)).suspended == rules


@pytest.mark.parametrize(("country", "points"), [("US", ("usps",)), ("DE", ())])
def test_s87_s98_it_is_handed_in_at_usps_from_the_us_and_elsewhere_there_is_no_list(
    country: str, points: tuple[str, ...]
) -> None:
    assert return_due(granted(country=country, postal_code="10001")).points == points


def test_t22a_the_case_team_gives_the_money_without_the_goods_and_asks_for_no_goods_again() -> None:
    far = granted(country="US", postal_code="96815")
    denied = note_return(return_due(far), ReturnOutcome.DENIED, on("Mar 13"), "return_service_suspended")
    reviewed = after(far, denied, expire("evidence", on("Mar 17", "00:00")))
    assert dispute_of(reviewed).case.reviewer is None
    whole: dict[str, Any] = {"outcome": Outcome.BUYER_FAVOUR, "lines": (RuledLine(line_id="l1", amount=usd("50.00")),)}
    again = decide(on("Mar 17"), **whole, type=SolutionType.RETURN_AND_REFUND)
    given(decider, reviewed).when(again).then_rejects(ValidationFailed)
    paid = given(decider, reviewed).when(decide(on("Mar 17"), **whole))
    assert paid.then_types(DecisionIssued, SolutionReached, RefundDue).events[-1].amount == usd("50.00")


def test_s72_of_a_programme_that_is_not_in_force_the_default_says_from_where_nothing_goes_back() -> None:
    somewhere = PROGRAMMES.suspensions(on("Mar 12"))
    far, near = ShipTo(country="US", postal_code="96815"), ShipTo(country="US", postal_code="10001")
    assert (somewhere.rules("nobody_knows", far), somewhere.rules("nobody_knows", near)) == (("S73",), ())
    assert somewhere.rules("aliexpress_basic", None) == ()
