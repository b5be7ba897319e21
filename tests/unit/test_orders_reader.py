"""An orders file becomes what is sent: each mapping sentence of the format, on lines made up for it."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispute.bodies import OpenDisputeBody, OrderBody
from ops.orders.file import Line, OrdersFile, read
from ops.orders.played import Played
from ops.orders.player import Sums

NOW = datetime(2031, 5, 20, 13, 30, 45, 123456, tzinfo=UTC)
"""Far from real time: a clock that was moved."""


def market_line(**changes: Any) -> dict[str, Any]:
    """An order in the marketplace's columns: delivered in time, nobody complains."""
    return {
        "order_id": "m-1",
        "country": "BR",
        "status": "delivered",
        "purchased_at": "2017-11-01T10:00:00",
        "approved_at": "2017-11-01T11:00:00",
        "carrier_at": "2017-11-03T09:00:00",
        "delivered_at": "2017-11-10T16:00:00",
        "estimated_delivery_at": "2017-11-20T00:00:00",
        "customer_unique_id": "buyer-1",
        "customer_zip_prefix": "01310",
        "customer_state": "SP",
        "payments": [payment("credit_card", 3384)],
        "items": [item(1, 2199, "seller-a")],
        "reviews": [review(5, "2017-11-11T00:00:00", "2017-11-12T08:00:00")],
        **changes,
    }


def payment(kind: str, cents: int) -> dict[str, Any]:
    return {"sequential": 1, "type": kind, "installments": 1, "value_cents": cents}


def item(number: int, cents: int, seller: str, **changes: Any) -> dict[str, Any]:
    sizes = {"weight_g": 1250, "length_cm": 30, "height_cm": 10, "width_cm": 20}
    named = {"item_no": number, "product_id": f"sku-{number}", "category_en": "toys", "category_pt": "brinquedos"}
    return {**named, "price_cents": cents, "freight_cents": 100, "seller_id": seller, **sizes, **changes}


def review(score: int, created: str, answered: str | None = None, title: str | None = None, message: str | None = None) -> dict[str, Any]:
    return {"score": score, "title": title, "message": message, "created_at": created, "answered_at": answered}


def own_line(**changes: Any) -> dict[str, Any]:
    """An order in our own format."""
    return {
        "order_id": "own-1",
        "buyer_id": "ann",
        "seller_id": "shop",
        "payment": {"method": "visa", "amount": "25.00", "currency": "USD", "paid_at": "2031-05-01T10:00:00Z"},
        "lines": [{"line_id": "1", "price": "10.00", "quantity": 2}],
        "ship_to": {"country": "DE"},
        "placed_at": "2031-05-01T09:00:00Z",
        **changes,
    }


def played(line: dict[str, Any], now: datetime = NOW) -> Played:
    order = read(1, json.dumps(line).encode()).order
    assert order
    return order.played(now)


def fault(line: Any) -> str:
    return read(7, line if isinstance(line, bytes) else json.dumps(line).encode()).fault


def instants(order: Played) -> dict[str, datetime]:
    facts = {fact["type"]: fact["at"] for fact in order.body["facts"]}
    every = {"placed": order.body["placed_at"], "paid": order.body["payment"]["paid_at"], **facts}
    return {name: datetime.fromisoformat(at) for name, at in every.items()}


@pytest.mark.parametrize(
    ("theirs", "ours"), [("credit_card", "visa"), ("debit_card", "maestro"), ("boleto", "bank_transfer"), ("voucher", "voucher")]
)
def test_each_way_to_pay_has_its_counterpart(theirs: str, ours: str) -> None:
    assert played(market_line(payments=[payment(theirs, 100)])).body["payment"]["method"] == ours


def test_an_unknown_way_to_pay_makes_the_line_unreadable() -> None:
    assert fault(market_line(payments=[payment("barter", 100)])) == "payment type barter is unknown"


def test_several_payments_are_the_largest_ones_method_and_their_sum() -> None:
    order = played(market_line(payments=[payment("voucher", 300), payment("credit_card", 2000), payment("voucher", 84)]))
    assert order.body["payment"]["method"] == "visa"
    assert order.body["payment"]["amount"] == {"amount": "23.84", "currency": "BRL"}
    assert order.capture == {"order_id": "m-1", "payment_id": "m-1", "amount": {"amount": "23.84", "currency": "BRL"}}
    assert "several payments: the largest one's method, their sum" in order.notes


def test_without_a_complaint_the_last_fact_is_now_and_all_instants_move_by_one_amount() -> None:
    at = instants(played(market_line()))
    assert at["delivered"] == NOW
    # São Paulo kept summer time over these days: the intervals are those of the wall clock.
    assert NOW - at["shipped"] == timedelta(days=7, hours=7)
    assert NOW - at["placed"] == timedelta(days=9, hours=6)
    assert at["paid"] - at["placed"] == timedelta(hours=1)


def test_the_wall_clock_is_sao_paulos_so_an_interval_over_the_end_of_summer_time_is_an_hour_longer() -> None:
    at = instants(played(market_line(carrier_at="2018-02-17T12:00:00", delivered_at="2018-02-18T12:00:00")))
    assert at["delivered"] - at["shipped"] == timedelta(hours=25)


def test_the_complaint_is_now_by_its_answer_and_later_facts_are_left_out() -> None:
    order = played(market_line(reviews=[review(3, "2017-11-02T00:00:00"), review(1, "2017-11-04T00:00:00", "2017-11-05T12:00:00")]))
    at = instants(order)
    assert NOW - at["shipped"] == timedelta(days=2, hours=3)
    assert "delivered" not in at
    assert "facts after the complaint: left out" in order.notes
    assert order.dispute and order.dispute["reason"] == "not_received"


def test_the_first_review_with_the_worst_score_is_the_complaint_by_its_creation_where_nobody_answered() -> None:
    order = played(market_line(reviews=[review(1, "2017-11-12T16:00:00", message="first"), review(1, "2017-11-15T00:00:00", message="second")]))
    assert NOW - instants(order)["delivered"] == timedelta(days=2)
    assert order.dispute and order.dispute["description"] == "first"


@pytest.mark.parametrize(
    ("delivered", "reason"),
    [(None, "not_received"), ("2017-11-20T23:59:59", "not_as_described"), ("2017-11-21T00:00:00", "late"), ("2017-12-01T08:00:00", "late")],
)
def test_the_reason_follows_from_the_delivery_and_the_promised_day(delivered: str | None, reason: str) -> None:
    order = played(market_line(delivered_at=delivered, reviews=[review(1, "2017-12-02T00:00:00")]))
    assert order.dispute and order.dispute["reason"] == reason


@pytest.mark.parametrize(("complained", "passed"), [("2017-11-20T23:59:00", False), ("2017-11-21T00:00:00", True)])
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_the_promised_day_has_passed_at_the_complaint_exactly_where_it_had(complained: str, passed: bool, hour: int) -> None:
    now = NOW.replace(hour=hour)
    order = played(market_line(delivered_at=None, reviews=[review(1, complained)]), now)
    assert (now.date().isoformat() > order.body["promised_by"]) == passed


def test_the_title_and_the_message_are_the_description() -> None:
    order = played(market_line(reviews=[review(1, "2017-11-12T00:00:00", title="Late", message="Where is it?")]))
    assert order.dispute and order.dispute["description"] == "Late: Where is it?"


def test_the_dispute_is_for_the_first_lines_sellers_lines_and_their_whole_cap() -> None:
    lines = [item(1, 1000, "seller-a"), item(2, 2000, "seller-b"), item(3, 1000, "seller-a")]
    order = played(market_line(items=lines, payments=[payment("boleto", 4601)], reviews=[review(1, "2017-11-12T00:00:00")]))
    assert order.dispute
    assert order.dispute["lines"] == [{"line_id": "1", "quantity": 1}, {"line_id": "3", "quantity": 1}]
    # 46.01 by 10:20:10 is 11.50, 23.01 and 11.50: the odd cent is the second line's.
    assert order.dispute["amount"] == {"amount": "23.00", "currency": "BRL"}
    assert order.dispute["type"] == "refund_only"
    assert [line["seller_id"] for line in order.body["lines"]] == ["seller-a", "seller-b", "seller-a"]


def test_the_caps_are_the_services_own() -> None:
    lines = [item(number, 333 * number, "seller-a") for number in range(1, 8)]
    order = played(market_line(items=lines, payments=[payment("boleto", 9999)], reviews=[review(1, "2017-11-12T00:00:00")]))
    assert order.dispute and order.dispute["amount"] == {"amount": "99.99", "currency": "BRL"}


def test_an_order_without_items_is_sent_for_the_service_to_refuse() -> None:
    order = played(market_line(items=[], reviews=[review(1, "2017-11-12T00:00:00")]))
    assert order.body["lines"] == []
    assert order.capture is not None
    assert order.dispute is None


def test_an_order_of_nothing_is_sent_without_a_capture() -> None:
    order = played(market_line(payments=[payment("voucher", 0)]))
    assert order.capture is None
    assert order.body["payment"]["amount"] == {"amount": "0.00", "currency": "BRL"}


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"status": "canceled"}, "cancelled, yet delivered: the delivery stands (K3)"),
        ({"status": "canceled", "delivered_at": None}, "cancelled at no instant that the file tells: taken as not delivered"),
        ({"delivered_at": "2017-11-02T00:00:00"}, "delivered before shipped: accepted, whichever comes first opens (K7)"),
        ({"approved_at": "2017-11-04T00:00:00"}, "carrier scan before approval: accepted, facts come in any order"),
        ({"approved_at": None}, "never approved: paid when placed"),
        ({"items": [item(1, 100, "a"), item(2, 100, "b")]}, "several sellers: the first line's is disputed (S109)"),
    ],
)
def test_what_is_odd_is_accepted_or_corrected_under_a_name(changes: dict[str, Any], note: str) -> None:
    order = played(market_line(**changes))
    assert list(order.notes) == [note]
    assert OrderBody.model_validate(order.body)


def test_a_complaint_before_the_purchase_leaves_every_fact_out() -> None:
    order = played(market_line(reviews=[review(1, "2017-10-20T00:00:00")]))
    assert order.body["facts"] == []
    assert instants(order)["placed"] > NOW
    assert "complaint before the purchase" in order.notes


def test_missing_sizes_and_categories_are_left_out() -> None:
    order = played(market_line(items=[item(1, 100, "a", category_en=None, category_pt=None, weight_g=None, width_cm=None)]))
    (line,) = order.body["lines"]
    assert (line["category"], line["weight_kg"], line["dimensions_cm"]) == ("", None, [])
    assert played(market_line()).body["lines"][0]["weight_kg"] == "1.250"


def test_the_same_order_played_again_is_the_same_to_the_byte() -> None:
    line = read(1, json.dumps(market_line(reviews=[review(1, "2017-11-12T00:00:00")])).encode())
    assert line.order
    first = line.order.played(NOW)
    then = line.order.played_when(datetime.fromisoformat(first.body["placed_at"]))
    assert then and line.order.played(then) == first
    assert line.order.played(NOW + timedelta(days=1)).body != first.body


def test_our_own_format_is_sent_as_it_is_written() -> None:
    facts = [{"type": "shipped", "at": "2031-05-02T00:00:00Z", "parcels": [{"lines": ["1"]}]}]
    order = played(own_line(facts=facts, promised_by="2031-05-10", programme="temu"))
    assert order.body["facts"] == facts
    assert order.body["programme"] == "temu"
    assert order.body["payment"]["amount"] == {"amount": "25.00", "currency": "USD"}
    assert order.body["lines"][0]["price"] == {"amount": "10.00", "currency": "USD"}
    assert order.capture == {"order_id": "own-1", "payment_id": "own-1", "amount": {"amount": "25.00", "currency": "USD"}}
    assert order.dispute is None
    assert OrderBody.model_validate(order.body)


def test_our_own_format_takes_money_as_the_services_write_it() -> None:
    dollars = {"amount": "25.00", "currency": "USD"}
    order = played(own_line(payment={"payment_id": "pay-7", "method": "visa", "amount": dollars}, lines=[{"line_id": "1", "price": dollars}]))
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
    sums = Sums(orders=7, disputed=2, plain=1, refused=Counter({"too_early (S21)": 3}), unreadable=[Line(4, fault="no JSON")])
    assert sums.line == "orders: 7 read = 2 disputed + 1 without complaint + 3 refused + 1 unreadable"
    assert not sums.failed
    sums.refused["internal"] += 1
    sums.orders += 1
    assert sums.failed


def test_every_real_order_is_one_that_the_service_can_judge(shared_data: Path) -> None:
    """All 6,414 lines are readable, and every one with items is registered by the decider itself."""
    outcomes: Counter[str] = Counter()
    with OrdersFile(shared_data / "orders" / "orders_open.jsonl.gz") as file:
        for line in file:
            assert line.order, line.fault
            order = line.order.played(NOW)
            outcomes["complaints"] += order.dispute is not None
            outcomes["registered" if order.body["lines"] else "no items"] += 1
            if order.body["lines"]:
                OrderBody.model_validate(order.body)
    assert outcomes == {"registered": 6033, "no items": 381, "complaints": 1276}
