"""Settlement: an agreement asks for the money (T29, S57), or first for the goods (T22, K14, K22, K26)."""

from __future__ import annotations

from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.disputes.form import RequestedLine
from dispute.domain.disputes.progress import Fulfilment
from dispute.domain.disputes.settlement import split
from dispute.domain.disputes.state import DisputeState
from shared.events.dispute import (
    Decision,
    DisputedLine,
    Payer,
    Reason,
    RefundDue,
    RefundSource,
    ReturnDue,
    ReturnLine,
    SolutionType,
)
from shared.events.ids import derived_id
from shared.events.money import Money
from shared.events.order import LineAmount, MethodWindow
from tests.cases.plugin import Came
from tests.support.builders.disputes import (
    accept,
    agreed,
    counter,
    countered,
    dispute_id,
    dispute_of,
    expire,
    modify,
    offer,
    opened,
    refund_due,
    respond,
    return_due,
)
from tests.support.builders.orders import BUYER, ORDER, OTHER_SELLER, SELLER, after, on, order, order_line, usd
from tests.support.spec import given

# The money


def test_s57_t29_the_agreement_asks_for_the_money_in_the_same_append() -> None:
    command = respond(Decision.ACCEPT, on("Mar 13"))
    due = given(decider, opened(amount="30.00")).when(command).events[-1]
    assert due == RefundDue(
        refund_id=derived_id("rfd", ORDER, command.command_id),
        order_id=ORDER,
        payment_id="pay-1",
        dispute_id=dispute_id(),
        buyer_id=BUYER.id,
        seller_id=SELLER.id,
        lines=(LineAmount(line_id="l1", amount=usd("30.00")),),
        amount=usd("30.00"),
        source=RefundSource.AGREEMENT,
        bank_window_bd=(3, 15),
        window_by_method=(MethodWindow(method="wallet", bank_window_bd=(3, 10)),),
        timezone="UTC",
        rules=("S57", "S40"),
    )


def test_s57_the_sellers_silence_is_an_agreement_too() -> None:
    due = given(decider, opened()).when(expire("seller_response", on("Mar 18", "00:00"))).events[-1]
    assert (due.source, due.rules) == (RefundSource.AGREEMENT, ("S57", "S41"))


def test_s57_t29_the_money_is_pending_then() -> None:
    assert (dispute_of(agreed()).state, dispute_of(agreed()).fulfilment) == (
        DisputeState.AGREED,
        Fulfilment.REFUND_PENDING,
    )


def test_g9_the_amount_is_split_over_the_lines_and_empty_parts_are_left_out() -> None:
    happened = order(order_line("l1", "30.00"), order_line("l2", "20.00"), order_line("gift", "0.00"), shipped="Mar 1")
    named = tuple(RequestedLine(line_id=name, quantity=1) for name in ("l1", "l2", "gift"))
    due = refund_due(
        after(opened(happened=happened, lines=named, amount="25.00"), respond(Decision.ACCEPT, on("Mar 13")))
    )
    assert due.lines == (LineAmount(line_id="l1", amount=usd("15.00")), LineAmount(line_id="l2", amount=usd("10.00")))


# The goods


def test_t22_k22_k26_the_agreement_asks_for_the_goods_first() -> None:
    happened = opened(
        happened=order(order_line(quantity=3), shipped="Mar 1", return_address="Pier 1"),
        type=SolutionType.RETURN_AND_REFUND,
    )
    command = respond(Decision.ACCEPT, on("Mar 13"))
    due = given(decider, happened).when(command).events[-1]
    assert due == ReturnDue(
        return_id=derived_id("ret", ORDER, command.command_id),
        dispute_id=dispute_id(),
        order_id=ORDER,
        buyer_id=BUYER.id,
        seller_id=SELLER.id,
        lines=(ReturnLine(line_id="l1", quantity=1),),
        reason=Reason.LATE,
        freight_payer=Payer.SELLER,
        address_ref=dispute_of(happened).opened.return_address_ref,
        warehouse=None,
        ship_days=10,
        transit_alarm_days=30,
        inspect_bd=2,
        timezone="UTC",
        rules=("K26", "K22", "S40"),
    )
    assert due.address_ref is not None


ADDRESSES = [
    pytest.param({}, marks=pytest.mark.case("B79a+1", given="the order has no return address", right="the warehouse")),
    pytest.param(
        {"return_address": "Pier 1"},
        marks=pytest.mark.case("B79a+2", given="the order has a return address", right="the seller"),
    ),
    pytest.param(
        {"return_address": "Pier 1", "seller_id": OTHER_SELLER.id},
        marks=pytest.mark.case("B79a+3", given="it has that of another seller", right="the warehouse"),
    ),
]


@pytest.mark.parametrize("given_", ADDRESSES)
def test_k22_a_return_always_has_an_address_and_it_is_no_other_sellers(given_: dict[str, Any], came: Came) -> None:
    ordered = order(order_line(), shipped="Mar 1", **given_)
    due = return_due(
        after(opened(happened=ordered, type=SolutionType.RETURN_AND_REFUND), respond(Decision.ACCEPT, on("Mar 13")))
    )
    assert (due.address_ref is None) == (due.warehouse is not None)
    came("the warehouse" if due.warehouse else "the seller")


def test_k26_k22_what_was_agreed_on_freight_and_address_comes_first() -> None:
    terms = offer("20.00", SolutionType.RETURN_AND_REFUND, freight_payer=Payer.BUYER, address="Pier 2")
    command = counter(on("Mar 13"), solution=terms)
    due = return_due(after(opened(reason=Reason.LATE), command, accept(on("Mar 14"))))
    assert (due.freight_payer, due.address_ref) == (Payer.BUYER, command.address_ref)


def test_s43_t22_the_reason_is_that_of_the_last_request() -> None:
    asked_anew = modify(on("Mar 14"), reason=Reason.LATE, type=SolutionType.RETURN_AND_REFUND)
    assert return_due(after(countered(), asked_anew, respond(Decision.ACCEPT, on("Mar 15")))).reason == Reason.LATE


# G9: the parts


def disputed(*caps: int) -> list[DisputedLine]:
    return [DisputedLine(line_id=f"l{i}", quantity=1, cap=Money(cap, "USD")) for i, cap in enumerate(caps)]


def test_g9_an_amount_is_split_in_proportion_to_the_caps_by_largest_remainder() -> None:
    assert [part.amount.minor for part in split(usd("0.10"), disputed(100, 100, 100))] == [4, 3, 3]
    assert [part.amount.minor for part in split(usd("50.00"), disputed(3000, 1000, 1000))] == [3000, 1000, 1000]


def test_g9_a_line_without_a_cap_has_no_part() -> None:
    assert [part.amount.minor for part in split(usd("0.01"), disputed(0, 5))] == [0, 1]
