"""Orders file: plain or gzip, line by line, and a line that is no order says why."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dispute.api.bodies.orders import OrderBody
from ops.orders.file import OrdersFile
from tests.support.orders_file import NOW, fault, item, marketplace_line, native_line, requests_of, review


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b"\xfe\xfd", "no JSON"),
        (b"[1]", "no JSON object"),
        ({"order_id": "x"}, "payment is missing"),
        (native_line(lines={}), "lines is missing or of the wrong type"),
        (native_line(lines=[1]), "lines holds something that is no object"),
        (native_line(complaint="bad"), "complaint is no object"),
        (marketplace_line(purchased_at="yesterday"), "purchased_at"),
        (marketplace_line(purchased_at="2017-11-01T10:00:00Z"), "purchased_at"),
        (marketplace_line(payments=[]), "payments"),
        (marketplace_line(items=[item(1, -1, "a")]), "items.0.price_cents"),
        (marketplace_line(country="AR"), "country AR"),
    ],
)
def test_an_unreadable_line_says_why(line: Any, reason: str) -> None:
    assert reason in fault(line)


@pytest.mark.parametrize("gzipped", [False, True])
def test_a_file_is_read_plain_or_ggzipped_and_blank_lines_are_no_orders(tmp_path: Path, gzipped: bool) -> None:
    text = b"\n".join(
        [json.dumps(marketplace_line()).encode(), b"", b"nonsense", json.dumps(native_line()).encode(), b""]
    )
    path = tmp_path / "orders"
    path.write_bytes(gzip.compress(text) if gzipped else text)
    with OrdersFile(path) as file:
        lines = list(file)
        assert file.position == file.size
    assert [line.number for line in lines] == [1, 3, 4]
    assert [line.order.order_id if line.order else None for line in lines] == ["m-1", None, "own-1"]


def test_a_file_that_is_cut_off_ends_with_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "orders.gz"
    path.write_bytes(gzip.compress(json.dumps(marketplace_line()).encode() + b"\n")[:-12])
    with OrdersFile(path) as file:
        assert "ends in the middle" in list(file)[-1].fault


BAD_REVIEW = {"reviews": [review(1, "2017-11-30T00:00:00", message="Nothing came.")], "delivered_at": None}


@pytest.mark.parametrize(
    ("line", "lines", "complains"),
    [
        (marketplace_line(), 1, False),
        (marketplace_line(items=[]), 0, False),
        (marketplace_line(items=[item(1, 1250, "a"), item(2, 99, "b")]), 2, False),
        (marketplace_line(status="shipped", **BAD_REVIEW), 1, True),
        (native_line(), 1, False),
    ],
)
def test_an_order_that_is_read_is_one_that_the_service_can_judge(
    line: dict[str, Any], lines: int, complains: bool
) -> None:
    order = requests_of(line)
    assert len(order.body["lines"]) == lines
    assert (order.dispute is not None) == complains
    if lines:
        OrderBody.model_validate(order.body)


def test_every_real_order_is_one_that_the_service_can_judge(shared_data: Path) -> None:
    """All 6,414 lines are readable, and every one with items is registered by the decider itself."""
    outcomes: Counter[str] = Counter()
    with OrdersFile(shared_data / "orders" / "orders_open.jsonl.gz") as file:
        for line in file:
            assert line.order, line.fault
            order = line.order.requests(NOW)
            outcomes["complaints"] += order.dispute is not None
            outcomes["registered" if order.body["lines"] else "no items"] += 1
            if order.body["lines"]:
                OrderBody.model_validate(order.body)
    assert outcomes == {"registered": 6033, "no items": 381, "complaints": 1275}
