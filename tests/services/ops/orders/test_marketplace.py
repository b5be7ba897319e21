"""Marketplace orders: each mapping sentence of the format, on lines made up for it."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispute.api.bodies.orders import OrderBody
from ops.orders.playable import OrderRequests
from tests.support.orders_file import NOW, fault, item, marketplace_line, payment, read_all, requests_of, review


def instants(order: OrderRequests) -> dict[str, datetime]:
    facts = {fact["type"]: fact["at"] for fact in order.body["facts"]}
    every = {"placed": order.body["placed_at"], "paid": order.body["payment"]["paid_at"], **facts}
    return {name: datetime.fromisoformat(at) for name, at in every.items()}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("credit_card", "visa"), ("debit_card", "maestro"), ("boleto", "bank_transfer"), ("voucher", "voucher")],
)
def test_each_way_to_pay_has_its_counterpart(theirs: str, ours: str) -> None:
    assert requests_of(marketplace_line(payments=[payment(theirs, 100)])).body["payment"]["method"] == ours


def test_an_unknown_way_to_pay_makes_the_line_unreadable() -> None:
    assert fault(marketplace_line(payments=[payment("barter", 100)])) == "payment type barter is unknown"


def test_several_payments_are_the_largest_ones_method_and_their_sum() -> None:
    order = requests_of(
        marketplace_line(payments=[payment("voucher", 300), payment("credit_card", 2000), payment("voucher", 84)])
    )
    assert order.body["payment"]["method"] == "visa"
    assert order.body["payment"]["amount"] == {"amount": "23.84", "currency": "BRL"}
    assert order.captures == [
        {"order_id": "m-1", "payment_id": "m-1", "amount": {"amount": "23.84", "currency": "BRL"}}
    ]
    assert "several payments: the largest one's method, their sum" in order.notes


def test_without_a_complaint_the_last_fact_is_now_and_all_instants_move_by_one_amount() -> None:
    at = instants(requests_of(marketplace_line()))
    assert at["delivered"] == NOW
    # São Paulo kept summer time over these days: the intervals are those of the wall clock.
    assert NOW - at["shipped"] == timedelta(days=7, hours=7)
    assert NOW - at["placed"] == timedelta(days=9, hours=6)
    assert at["paid"] - at["placed"] == timedelta(hours=1)


def test_the_wall_clock_is_sao_paulos_so_an_interval_over_the_end_of_summer_time_is_an_hour_longer() -> None:
    at = instants(requests_of(marketplace_line(carrier_at="2018-02-17T12:00:00", delivered_at="2018-02-18T12:00:00")))
    assert at["delivered"] - at["shipped"] == timedelta(hours=25)


def test_the_complaint_is_now_by_its_answer_and_later_facts_are_left_out() -> None:
    order = requests_of(
        marketplace_line(
            reviews=[review(3, "2017-11-02T00:00:00"), review(1, "2017-11-04T00:00:00", "2017-11-05T12:00:00")]
        )
    )
    at = instants(order)
    assert NOW - at["shipped"] == timedelta(days=2, hours=3)
    assert "delivered" not in at
    assert "facts after the complaint: left out" in order.notes
    assert order.dispute and order.dispute["reason"] == "not_received"


def test_the_first_review_with_the_worst_score_is_the_complaint_by_its_creation_where_nobody_answered() -> None:
    order = requests_of(
        marketplace_line(
            reviews=[
                review(1, "2017-11-12T16:00:00", message="first"),
                review(1, "2017-11-15T00:00:00", message="second"),
            ]
        )
    )
    assert NOW - instants(order)["delivered"] == timedelta(days=2)
    assert order.dispute and order.dispute["description"] == "first"


@pytest.mark.parametrize(
    ("delivered", "reason"),
    [
        (None, "not_received"),
        ("2017-11-20T23:59:59", "not_as_described"),
        ("2017-11-21T00:00:00", "late"),
        ("2017-12-01T08:00:00", "late"),
    ],
)
def test_the_reason_follows_from_the_delivery_and_the_promised_day(delivered: str | None, reason: str) -> None:
    order = requests_of(marketplace_line(delivered_at=delivered, reviews=[review(1, "2017-12-02T00:00:00")]))
    assert order.dispute and order.dispute["reason"] == reason


@pytest.mark.parametrize(("complained", "passed"), [("2017-11-20T23:59:00", False), ("2017-11-21T00:00:00", True)])
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_the_promised_day_has_passed_at_the_complaint_exactly_where_it_had(
    complained: str, passed: bool, hour: int
) -> None:
    now = NOW.replace(hour=hour)
    order = requests_of(marketplace_line(delivered_at=None, reviews=[review(1, complained)]), now)
    assert (now.date().isoformat() > order.body["promised_by"]) == passed


def test_the_title_and_the_message_are_the_description() -> None:
    order = requests_of(
        marketplace_line(reviews=[review(1, "2017-11-12T00:00:00", title="Late", message="Where is it?")])
    )
    assert order.dispute and order.dispute["description"] == "Late: Where is it?"


def test_the_dispute_is_for_the_first_lines_sellers_lines_and_their_whole_cap() -> None:
    lines = [item(1, 1000, "seller-a"), item(2, 2000, "seller-b"), item(3, 1000, "seller-a")]
    order = requests_of(
        marketplace_line(items=lines, payments=[payment("boleto", 4601)], reviews=[review(1, "2017-11-12T00:00:00")])
    )
    assert order.dispute
    assert order.dispute["lines"] == [{"line_id": "1", "quantity": 1}, {"line_id": "3", "quantity": 1}]
    # 46.01 by 10:20:10 is 11.50, 23.01 and 11.50: the odd cent is the second line's.
    assert order.dispute["amount"] == {"amount": "23.00", "currency": "BRL"}
    assert order.dispute["type"] == "refund_only"
    assert [line["seller_id"] for line in order.body["lines"]] == ["seller-a", "seller-b", "seller-a"]


def test_the_caps_are_the_services_own() -> None:
    lines = [item(number, 333 * number, "seller-a") for number in range(1, 8)]
    order = requests_of(
        marketplace_line(items=lines, payments=[payment("boleto", 9999)], reviews=[review(1, "2017-11-12T00:00:00")])
    )
    assert order.dispute and order.dispute["amount"] == {"amount": "99.99", "currency": "BRL"}


def test_an_order_without_items_is_sent_for_the_service_to_refuse() -> None:
    order = requests_of(marketplace_line(items=[], reviews=[review(1, "2017-11-12T00:00:00")]))
    assert order.body["lines"] == []
    assert order.captures
    assert order.dispute is None


def test_an_order_of_nothing_is_sent_without_a_capture() -> None:
    order = requests_of(marketplace_line(payments=[payment("voucher", 0)]))
    assert not order.captures
    assert order.body["payment"]["amount"] == {"amount": "0.00", "currency": "BRL"}


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"status": "canceled"}, "cancelled, yet delivered: the delivery stands (K3)"),
        (
            {"status": "canceled", "delivered_at": None},
            "cancelled at no instant that the file tells: taken as not delivered",
        ),
        (
            {"delivered_at": "2017-11-02T00:00:00"},
            "delivered before shipped: accepted, whichever comes first opens (K7)",
        ),
        ({"approved_at": "2017-11-04T00:00:00"}, "carrier scan before approval: accepted, facts come in any order"),
        ({"approved_at": None}, "not approved yet: paid when placed"),
        ({"items": [item(1, 100, "a"), item(2, 100, "b")]}, "several sellers: the first line's is disputed (S109)"),
    ],
)
def test_what_is_odd_is_accepted_or_corrected_under_a_name(changes: dict[str, Any], note: str) -> None:
    order = requests_of(marketplace_line(**changes))
    assert list(order.notes) == [note]
    assert OrderBody.model_validate(order.body)


def test_a_complaint_before_the_purchase_is_about_something_else() -> None:
    order = requests_of(marketplace_line(reviews=[review(1, "2017-10-20T00:00:00")]))
    assert order.dispute is None
    assert instants(order)["placed"] < NOW
    assert order.notes == ("complaint before the purchase: left out",)


def test_an_approval_after_the_complaint_is_left_out() -> None:
    order = requests_of(marketplace_line(reviews=[review(1, "2017-11-01T10:30:00")]))
    assert instants(order)["paid"] == instants(order)["placed"]
    assert "not approved yet: paid when placed" in order.notes


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_a_delivery_is_late_whatever_the_hour_of_the_run(hour: int) -> None:
    for day, late in (("2017-11-19", False), ("2017-11-20", False), ("2017-11-21", True)):
        reviews = [review(1, "2017-12-02T01:00:00")]
        order = requests_of(marketplace_line(delivered_at=f"{day}T23:30:00", reviews=reviews), NOW.replace(hour=hour))
        delivered = datetime.fromisoformat(order.body["facts"][1]["at"]).date().isoformat()
        assert (delivered > order.body["promised_by"]) == late


def test_missing_sizes_and_categories_are_left_out() -> None:
    order = requests_of(
        marketplace_line(items=[item(1, 100, "a", category_en=None, category_pt=None, weight_g=None, width_cm=None)])
    )
    (line,) = order.body["lines"]
    assert (line["category"], line["weight_kg"], line["dimensions_cm"]) == ("", None, [])
    assert requests_of(marketplace_line()).body["lines"][0]["weight_kg"] == "1.250"


def test_the_same_order_played_again_is_the_same_to_the_byte() -> None:
    (line,) = read_all(json.dumps(marketplace_line(reviews=[review(1, "2017-11-12T00:00:00")])).encode())
    assert line.order
    first = line.order.requests(NOW)
    then = line.order.first_played_at(datetime.fromisoformat(first.body["placed_at"]))
    assert then and line.order.requests(then) == first
    assert line.order.requests(NOW + timedelta(days=1)).body != first.body
