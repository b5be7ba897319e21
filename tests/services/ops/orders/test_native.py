"""Native orders: sent as they are written, with the reason of a complaint found in the facts."""

import pytest

from dispute.api.bodies.disputes import OpenDisputeBody
from dispute.api.bodies.orders import OrderBody
from tests.support.orders_file import native_line, requests_of


def test_our_own_format_is_sent_as_it_is_written() -> None:
    facts = [{"type": "shipped", "at": "2031-05-02T00:00:00Z", "parcels": [{"lines": ["1"]}]}]
    order = requests_of(native_line(facts=facts, promised_by="2031-05-10", programme="temu"))
    assert order.body["facts"] == facts
    assert order.body["programme"] == "temu"
    assert order.body["payment"]["amount"] == {"amount": "25.00", "currency": "USD"}
    assert order.body["lines"][0]["price"] == {"amount": "10.00", "currency": "USD"}
    assert order.captures == [
        {
            "order_id": "own-1",
            "payment_id": "own-1",
            "amount": {"amount": "25.00", "currency": "USD"},
        }
    ]
    assert order.dispute is None
    assert OrderBody.model_validate(order.body)


def test_our_own_format_takes_money_as_the_services_write_it() -> None:
    dollars = {"amount": "25.00", "currency": "USD"}
    order = requests_of(
        native_line(
            payment={"payment_id": "pay-7", "method": "visa", "amount": dollars},
            lines=[{"line_id": "1", "price": dollars}],
        )
    )
    assert order.body["payment"] == {"payment_id": "pay-7", "method": "visa", "amount": dollars}
    assert order.captures == [{"order_id": "own-1", "payment_id": "pay-7", "amount": dollars}]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [([], "not_received"), (["2031-05-10T23:00:00Z"], "not_as_described"), (["2031-05-11T00:00:00Z"], "late")],
)
def test_a_complaint_in_our_own_format_needs_no_reason(facts: list[str], reason: str) -> None:
    told = [{"type": "delivered", "at": at} for at in facts]
    order = requests_of(native_line(complaint={}, promised_by="2031-05-10", facts=told))
    assert order.dispute and order.dispute["reason"] == reason
    assert order.dispute["amount"] == {"amount": "25.00", "currency": "USD"}
    assert "complaint" not in order.body
    assert OpenDisputeBody.model_validate(order.dispute)


def test_a_complaint_in_our_own_format_may_say_more() -> None:
    order = requests_of(native_line(complaint={"reason": "damaged", "description": "In pieces."}))
    assert order.dispute and (order.dispute["reason"], order.dispute["description"]) == ("damaged", "In pieces.")
