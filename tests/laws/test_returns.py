"""Laws of returns without a dispute: beside disputes, gifts and a cancellation a piece's money goes once (I1 to I4)."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.events.dispute import RefundDue, ReturnDue
from tests.laws.size import LONG, examples
from tests.laws.test_dispute_life import (
    ROUNDS,
    SEEDS,
    check,
    end_what_is_open,
    every_dispute_ends,
    is_open,
    nothing_is_lost,
)
from tests.support.dispute_service import Market
from tests.support.random_returns import Returning


@settings(max_examples=examples(50, LONG))
@given(SEEDS, st.integers(1, 60))
def test_i1_i2_i3_i4_a_piece_that_goes_back_is_paid_once_and_its_return_ends(seed: int, steps: int) -> None:
    life = Returning(Random(seed))
    for _ in range(steps):
        life.step()
        check(life.market)
        what_goes_back_is_no_more_than_was_ordered(life.market)
    run_to_the_end(life)
    check(life.market)
    every_dispute_ends(life.market)
    nothing_is_lost(life.market)
    no_return_is_paid_twice(life.market)


def run_to_the_end(life: Returning) -> None:
    """As a life ends; what an inspection has begun the buyer lets go, or the team leaves."""
    for _ in range(ROUNDS):
        if not is_open(life):
            return
        life.settle_contested()
        end_what_is_open(life)
    raise AssertionError(f"a life without end: {life.market.rows}")


def what_goes_back_is_no_more_than_was_ordered(market: Market) -> None:
    """S109: the pieces that go on in returns and disputes together are at most those of the line."""
    for line in market.order.lines.values():
        assert sum(claim.quantity for claim in line.open_claims.values()) <= line.quantity


def no_return_is_paid_twice(market: Market) -> None:
    """S82: one demand a return, but for what was refused and is asked for again."""
    alone = {due.return_id for due in market.events(ReturnDue) if not due.dispute_id}
    asked = Counter(due.return_id for due in market.events(RefundDue) if due.return_id in alone and not due.replaces)
    assert max(asked.values(), default=1) == 1
