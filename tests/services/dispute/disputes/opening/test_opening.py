"""A dispute begins: what it records, what it starts and what it holds (T1, T38)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.state import DisputeState
from shared.events.base import Personal
from shared.events.dispute import DisputedLine, DisputeOpened, Reason, Solution, SolutionType
from shared.events.order import HeldPieces, Hold, PaymentHeld
from shared.rejections import AmountExceedsCap, ValidationFailed
from tests.support.builders.disputes import cancel, dispute_id, dispute_of, dispute_stream, open_dispute, opened
from tests.support.builders.orders import (
    BASIC,
    BUYER,
    ORDER,
    SELLER,
    Histories,
    after,
    on,
    order,
    order_line,
    order_of,
    record,
    register,
    terms,
    usd,
)
from tests.support.spec import given

SHIPPED = order(shipped="Mar 1")
TWO_LINES = order(order_line("l1", "30.00", quantity=3), order_line("l2", "10.00"), shipped="Mar 1")


HELD = HeldPieces(line_id="l1", quantity=1, cap=usd("50.00"))


def lines(**quantities: int) -> tuple[RequestedLine, ...]:
    return tuple(RequestedLine(line_id=name, quantity=quantity) for name, quantity in quantities.items())


def opening(happened: Histories = SHIPPED, **changed: Any) -> DisputeOpened:
    event = given(decider, happened).when(open_dispute(on("Mar 12"), **changed)).events[0]
    assert isinstance(event, DisputeOpened)
    return event


def test_t1_the_dispute_and_the_hold_are_decided_together() -> None:
    asked = open_dispute(on("Mar 12"), contacted_seller=True)
    given(decider, SHIPPED).when(asked).then(
        DisputeOpened(
            dispute_id=asked.dispute_id,
            order_id=ORDER,
            payment_id="pay-1",
            buyer_id=BUYER.id,
            seller_id=SELLER.id,
            lines=(DisputedLine(line_id="l1", quantity=1, cap=usd("50.00")),),
            reason=Reason.NOT_RECEIVED,
            request=Solution(type=SolutionType.REFUND_ONLY, amount=usd("50.00")),
            description_ref=asked.description_ref,
            evidence=(),
            contacted_seller=True,
            terms=BASIC,
            reopened_from=None,
            protection_ends_at=on("May 16", "00:00"),
            return_address_ref=None,
            opened_at=on("Mar 12"),
            respond_by=on("Mar 18", "00:00"),
            rules=("S1", "S21", "S22", "S39"),
        ),
        PaymentHeld(order_id=ORDER, hold=Hold.DISPUTE, dispute_id=asked.dispute_id, lines=(HELD,), held_at=asked.at),
    )


def test_t1_the_seller_is_awaited_and_the_line_held() -> None:
    happened = opened()
    dispute = dispute_of(happened)
    assert (dispute.state, dispute.fulfilment, dispute.round, dispute.offer) == (
        DisputeState.AWAITING_SELLER,
        Fulfilment.NONE,
        1,
        None,
    )
    assert order_of(happened).lines["l1"].held_by == dispute_id()


def test_s39_d1_the_seller_has_until_the_start_of_the_sixth_day() -> None:
    outcome = given(decider, SHIPPED).when(open_dispute(on("Mar 12", "23:59")))
    assert outcome.events[0].respond_by == on("Mar 18", "00:00")
    assert outcome.deadlines[dispute_stream(), "seller_response"] == on("Mar 18", "00:00")


def test_s39_d1_days_are_those_of_the_programme_and_its_time_zone() -> None:
    shanghai = order(shipped="Mar 1", terms=terms(seller_response_days=2, timezone="Asia/Shanghai"))
    assert opening(shanghai).respond_by == on("Mar 14", "16:00")


def test_s18_contacting_the_seller_first_is_advice_and_recorded() -> None:
    assert opening(contacted_seller=False).contacted_seller is False


def test_the_text_is_kept_beside_the_log_under_the_buyer() -> None:
    asked = open_dispute(on("Mar 12"), description="Nothing came.")
    assert asked.personal == (Personal(asked.description_ref, BUYER.id, "description", "Nothing came."),)
    assert "Nothing came." not in opening(description="Nothing came.").model_dump_json()


def test_the_same_command_names_the_same_dispute() -> None:
    assert open_dispute(on("Mar 12")).dispute_id == open_dispute(on("Mar 13")).dispute_id
    assert open_dispute(on("Mar 12")).dispute_id != open_dispute(on("Mar 12"), n=2).dispute_id


def test_s48_t38_a_cancelled_dispute_is_opened_again_under_a_new_id() -> None:
    again = opening(after(opened(), cancel(on("Mar 13"))), n=2)
    assert (again.reopened_from, again.dispute_id) == (dispute_id(1), dispute_id(2))


def test_s48_a_line_that_was_never_disputed_reopens_nothing() -> None:
    two = opened(happened=TWO_LINES, lines=lines(l1=1), amount="30.00")
    assert opening(after(two, cancel(on("Mar 13"))), n=2, lines=lines(l2=1), amount="10.00").reopened_from is None


def test_s109_only_the_named_lines_are_held() -> None:
    happened = opened(happened=TWO_LINES, lines=lines(l2=1), amount="10.00")
    assert {name: line.held_by for name, line in order_of(happened).lines.items()} == {"l1": None, "l2": dispute_id()}


def test_s109_a_dispute_may_name_several_lines_and_part_of_a_quantity() -> None:
    disputed = opening(TWO_LINES, lines=lines(l1=2, l2=1)).lines
    assert [(line.line_id, line.quantity, line.cap) for line in disputed] == [
        ("l1", 2, usd("60.00")),
        ("l2", 1, usd("10.00")),
    ]


@pytest.mark.parametrize(
    ("wanted", "pointer", "code"),
    [
        (lines(l3=1), "/lines/0/line_id", "unknown_line"),
        ((*lines(l2=1), *lines(l2=1)), "/lines/1/line_id", "repeated"),
        (lines(l2=1, l1=4), "/lines/1/quantity", "above_ordered"),
    ],
)
def test_s109_g7_lines_are_known_named_once_and_not_above_what_was_ordered(
    wanted: tuple[RequestedLine, ...], pointer: str, code: str
) -> None:
    refusal = given(decider, TWO_LINES).when(open_dispute(on("Mar 12"), lines=wanted)).then_rejects(ValidationFailed)
    assert refusal.cited == ("S109",)
    assert [(error["pointer"], error["code"]) for error in refusal.errors] == [(pointer, code)]


def test_s109_the_lines_of_a_dispute_share_one_seller() -> None:
    mixed = order(order_line("l1"), order_line("l2", seller_id="seller-2"), shipped="Mar 1")
    refusal = (
        given(decider, mixed).when(open_dispute(on("Mar 12"), lines=lines(l1=1, l2=1))).then_rejects(ValidationFailed)
    )
    assert refusal.errors[0]["code"] == "several_sellers"
    assert opening(mixed, lines=lines(l2=1)).seller_id == "seller-2"


# G9: the amount


def test_s45_g9_the_amount_is_at_most_the_cap() -> None:
    refusal = given(decider, SHIPPED).when(open_dispute(on("Mar 12"), amount="50.01")).then_rejects(AmountExceedsCap)
    assert (refusal.code, refusal.cited) == ("amount_exceeds_cap", ("S45",))
    assert refusal.members == {"cap": {"amount": "50.00", "currency": "USD"}}


def test_s45_g9_a_part_may_be_asked_for() -> None:
    assert opening(amount="0.01").request.amount == usd("0.01")


def test_s45_g9_the_amount_is_more_than_nothing() -> None:
    refusal = given(decider, SHIPPED).when(open_dispute(on("Mar 12"), amount="0.00")).then_rejects(ValidationFailed)
    assert (refusal.errors[0]["pointer"], refusal.errors[0]["code"]) == ("/amount/amount", "not_positive")


def test_s45_g9_the_amount_is_in_the_orders_currency() -> None:
    euros = open_dispute(on("Mar 12")).model_copy(update={"amount": usd("50.00").parse("50.00", "EUR")})
    refusal = given(decider, SHIPPED).when(euros).then_rejects(ValidationFailed)
    assert (refusal.errors[0]["pointer"], refusal.errors[0]["code"]) == ("/amount/currency", "wrong_currency")


def test_g9_the_cap_holds_the_lines_share_of_freight() -> None:
    with_freight = order(
        order_line("l1", "30.00"), order_line("l2", "10.00"), shipped="Mar 1", payment={"amount": usd("50.00")}
    )
    assert [line.cap for line in order_of(with_freight).lines.values()] == [usd("37.50"), usd("12.50")]
    assert opening(with_freight, amount="37.50").lines[0].cap == usd("37.50")


def test_g9_part_of_a_quantity_has_its_part_of_the_cap() -> None:
    assert opening(TWO_LINES, lines=lines(l1=1), amount="30.00").lines[0].cap == usd("30.00")
    given(decider, TWO_LINES).when(open_dispute(on("Mar 12"), lines=lines(l1=1), amount="30.01")).then_rejects(
        AmountExceedsCap
    )


def test_the_order_may_be_told_after_its_facts() -> None:
    early = after({}, record("shipped", on("Mar 1")), register())
    assert opening(early).respond_by == on("Mar 18", "00:00")
    assert order_of(early).protection_ends_at == on("May 16", "00:00")
