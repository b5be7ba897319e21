"""Laws of money: nothing is lost or made in a split, and the wire form says all (G9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dispute.domain.disputes.settlement import split
from dispute.domain.orders.line import Line
from dispute.domain.orders.payments.caps import refundable
from dispute.domain.orders.registration import register_order
from dispute.domain.orders.state import Order
from shared.events.dispute import DisputedLine
from shared.events.money import Money, total
from shared.events.order import OrderLine, OrderRegistered
from tests.support.builders.orders import order_line, register

WIRE = TypeAdapter(Money)
AMOUNTS = st.integers(0, 10**12)
MONEY = st.builds(Money, st.integers(0, 10**15 - 1), st.sampled_from(["USD", "JPY", "KWD"]), st.integers(0, 4)).filter(
    lambda money: money.minor < 10 ** (12 + money.exponent)
)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)
CAPS = st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any)


@given(MONEY)
def test_the_decimal_string_and_the_wire_form_come_back_as_they_were(money: Money) -> None:
    assert Money.parse(money.amount, money.currency) == money
    assert WIRE.validate_json(WIRE.dump_json(money)) == money


@given(AMOUNTS, WEIGHTS)
def test_g9_the_parts_of_a_split_sum_to_the_whole_and_are_within_one_of_their_share(
    whole: int, weights: list[int]
) -> None:
    parts = [part.minor for part in Money(whole, "USD").split(weights)]
    assert sum(parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(whole * weight, sum(weights))) < 1
        assert part >= 0
        assert weight or not part


@given(AMOUNTS, WEIGHTS)
def test_g9_of_equal_weights_the_earlier_never_gets_less(whole: int, weights: list[int]) -> None:
    parts = Money(whole, "USD").split(weights)
    for i, weight in enumerate(weights):
        assert all(parts[j] <= parts[i] for j in range(i + 1, len(weights)) if weights[j] == weight)


@given(CAPS, st.data())
def test_g9_every_part_of_a_refund_is_at_most_its_lines_cap(caps: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(caps)))
    lines = [DisputedLine(line_id=str(i), quantity=1, cap=Money(cap, "USD")) for i, cap in enumerate(caps)]
    parts = split(Money(amount, "USD"), lines)
    assert total([part.amount for part in parts]) == Money(amount, "USD")
    assert all(part.amount <= line.cap for part, line in zip(parts, lines, strict=True))


PRICES = st.lists(st.tuples(st.integers(0, 10**5), st.integers(1, 9)), min_size=1, max_size=6)


def caps_of(prices: list[tuple[int, int]], paid: int) -> list[int]:
    return [line.cap.minor for line in registered(prices, paid)]


def line_of(cap: int, quantity: int) -> Line:
    """An order's only line."""
    (line,) = registered([(100, quantity)], cap)
    return Line.of(line)


def registered(prices: list[tuple[int, int]], paid: int) -> Sequence[OrderLine]:
    lines = [order_line(f"l{i}", Money(price, "USD").amount, quantity) for i, (price, quantity) in enumerate(prices)]
    first = register_order(register(*lines, payment={"amount": Money(paid, "USD")}), Order())[0]
    assert isinstance(first, OrderRegistered)
    return first.lines


@given(PRICES, AMOUNTS)
def test_g9_the_caps_of_an_orders_lines_sum_to_what_was_paid(prices: list[tuple[int, int]], paid: int) -> None:
    caps = caps_of(prices, paid)
    assert sum(caps) == paid
    assert min(caps) >= 0


@given(PRICES, st.integers(0, 10**6))
def test_g9_a_cap_is_the_lines_goods_and_its_share_of_what_was_paid_beside_goods(
    prices: list[tuple[int, int]], freight: int
) -> None:
    goods = [price * quantity for price, quantity in prices]
    assume(sum(goods))
    shares = Money(freight, "USD").split(goods)
    assert caps_of(prices, sum(goods) + freight) == [
        line + share.minor for line, share in zip(goods, shares, strict=True)
    ]


@given(AMOUNTS, st.integers(1, 20))
def test_g9_the_cap_of_part_of_a_quantity_grows_with_it_up_to_the_whole(cap: int, quantity: int) -> None:
    whole = Money(cap, "USD")
    line = line_of(cap, quantity)
    parts = [refundable(line, part) for part in range(1, quantity + 1)]
    assert parts == sorted(parts, key=lambda money: money.minor)
    assert parts[-1] == whole


@given(AMOUNTS, AMOUNTS, st.integers(1, 20), st.integers(1, 20))
def test_g9_what_was_refunded_lowers_the_cap_of_any_part(cap: int, refunded: int, quantity: int, part: int) -> None:
    assume(refunded <= cap and part <= quantity)
    line = replace(line_of(cap, quantity), refunded=Money(refunded, "USD"))
    assert refundable(line, part) <= line.remainder
