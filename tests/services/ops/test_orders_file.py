"""An orders file as a file: our own format, lines that are no orders, gzip, and the sum at the end."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dispute.api.bodies.disputes import OpenDisputeBody
from dispute.api.bodies.orders import OrderBody
from ops.orders.file import Line, OrdersFile
from ops.orders.player import Sums
from tests.support.orders_file import fault, item, market_line, own_line, played


def test_our_own_format_is_sent_as_it_is_written() -> None:
    facts = [{"type": "shipped", "at": "2031-05-02T00:00:00Z", "parcels": [{"lines": ["1"]}]}]
    order = played(own_line(facts=facts, promised_by="2031-05-10", programme="temu"))
    assert order.body["facts"] == facts
    assert order.body["programme"] == "temu"
    assert order.body["payment"]["amount"] == {"amount": "25.00", "currency": "USD"}
    assert order.body["lines"][0]["price"] == {"amount": "10.00", "currency": "USD"}
    assert order.capture == {
        "order_id": "own-1",
        "payment_id": "own-1",
        "amount": {"amount": "25.00", "currency": "USD"},
    }
    assert order.dispute is None
    assert OrderBody.model_validate(order.body)


def test_our_own_format_takes_money_as_the_services_write_it() -> None:
    dollars = {"amount": "25.00", "currency": "USD"}
    order = played(
        own_line(
            payment={"payment_id": "pay-7", "method": "visa", "amount": dollars},
            lines=[{"line_id": "1", "price": dollars}],
        )
    )
    assert order.body["payment"] == {"payment_id": "pay-7", "method": "visa", "amount": dollars}
    assert order.capture == {"order_id": "own-1", "payment_id": "pay-7", "amount": dollars}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [([], "not_received"), (["2031-05-10T23:00:00Z"], "not_as_described"), (["2031-05-11T00:00:00Z"], "late")],
)
def test_a_complaint_in_our_own_format_needs_no_reason(facts: list[str], reason: str) -> None:
    told = [{"type": "delivered", "at": at} for at in facts]
    order = played(own_line(complaint={}, promised_by="2031-05-10", facts=told))
    assert order.dispute and order.dispute["reason"] == reason
    assert order.dispute["amount"] == {"amount": "25.00", "currency": "USD"}
    assert "complaint" not in order.body
    assert OpenDisputeBody.model_validate(order.dispute)


def test_a_complaint_in_our_own_format_may_say_more() -> None:
    order = played(own_line(complaint={"reason": "damaged", "description": "In pieces."}))
    assert order.dispute and (order.dispute["reason"], order.dispute["description"]) == ("damaged", "In pieces.")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[1]", "no JSON object"),
        ({"order_id": "x"}, "payment is missing"),
        (own_line(lines={}), "lines is missing or of the wrong type"),
        (own_line(lines=[1]), "lines holds something that is no object"),
        (own_line(complaint="bad"), "complaint is no object"),
        (market_line(purchased_at="yesterday"), "purchased_at"),
        (market_line(purchased_at="2017-11-01T10:00:00Z"), "purchased_at"),
        (market_line(payments=[]), "payments"),
        (market_line(items=[item(1, -1, "a")]), "items.0.price_cents"),
        (market_line(country="AR"), "country AR"),
    ],
)
def test_an_unreadable_line_says_why(line: Any, reason: str) -> None:
    assert reason in fault(line)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_is_read_plain_or_gzipped_and_blank_lines_are_no_orders(tmp_path: Path, zipped: bool) -> None:
    text = b"\n".join([json.dumps(market_line()).encode(), b"", b"nonsense", json.dumps(own_line()).encode(), b""])
    path = tmp_path / "orders"
    path.write_bytes(gzip.compress(text) if zipped else text)
    with OrdersFile(path) as file:
        lines = list(file)
        assert file.position == file.size
    assert [line.number for line in lines] == [1, 3, 4]
    assert [line.order.order_id if line.order else None for line in lines] == ["m-1", None, "own-1"]


def test_a_file_that_is_cut_off_ends_with_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "orders.gz"
    path.write_bytes(gzip.compress(json.dumps(market_line()).encode() + b"\n")[:-12])
    with OrdersFile(path) as file:
        assert "ends in the middle" in list(file)[-1].fault


def test_the_sum_adds_up_and_a_services_failure_fails_the_run() -> None:
    sums = Sums(
        orders=7, disputed=2, plain=1, refused=Counter({"too_early (S21)": 3}), unreadable=[Line(4, fault="no JSON")]
    )
    assert sums.line == "orders: 7 read = 2 disputed + 1 without complaint + 3 refused + 1 unreadable"
    assert not sums.failed
    sums.refused["internal"] += 1
    sums.orders += 1
    assert sums.failed
