"""Laws of chargebacks on the side of orders and disputes: while one is open nobody is paid and nothing closes, which is
checked as each event is appended (`tests/support/legal_events.py`), and in the end everything ends, and nothing of a
line goes twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

from hypothesis import example, given, settings

from dispute.domain.decider import decider
from shared.events.codec import decode, encode
from shared.events.dispute import CloseReason, RefundNoted, RefundOutcome
from shared.events.order import Hold, PaymentReleased
from shared.events.outside.chargeback import ExternalChargebackResolved
from tests.laws.size import examples
from tests.laws.test_dispute_life import (
    ROUNDS,
    SEEDS,
    STEPS,
    end_what_is_open,
    every_dispute_ends,
    is_open,
    the_deadlines_of_the_fold_are_the_rows,
    what_stands_may_be_accepted,
)
from tests.support.builders.bank import NOT_PAID
from tests.support.builders.orders import ORDER_STREAM
from tests.support.dispute_service import Market
from tests.support.random_chargebacks import Charged


@settings(max_examples=examples(60))
@given(SEEDS, STEPS)
@example(3726, 19)  # a refund is under way when the bank has left nothing: what comes of it is noted beside the end
def test_t34_t35_i1_i3_i4_whatever_a_bank_does_nothing_goes_twice_and_everything_ends(seed: int, steps: int) -> None:
    life = Charged(Random(seed))
    for _ in range(steps):
        life.step()
        check(life)
    to_the_end(life)
    check(life)
    every_dispute_ends(life.market)
    assert not any(line.holds for line in life.market.order.lines.values())


@settings(max_examples=examples(20))
@given(SEEDS, STEPS)
def test_i6_the_stored_streams_of_a_charged_order_fold_to_the_same_states(seed: int, steps: int) -> None:
    life = Charged(Random(seed))
    for _ in range(steps):
        life.step()
    for stream, events in life.market.streams.items():
        assert decider.fold(stream, [decode(*encode(event)) for event in events]) == life.market.state(stream)


def check(life: Charged) -> None:
    """All that holds at every moment."""
    market = life.market
    the_deadlines_of_the_fold_are_the_rows(market)
    what_stands_may_be_accepted(market)
    nothing_of_a_line_goes_twice(market)
    a_hold_is_there_exactly_as_long_as_a_chargeback_is_open(market)
    what_the_bank_has_ended_is_ended_so(market)


def nothing_of_a_line_goes_twice(market: Market) -> None:
    """Counted from the events: nobody is paid what a bank has paid; what went before it is the platform's loss."""
    caps = {name: line.cap.minor for name, line in market.order.lines.items()}
    for gone, name in _payments(market):
        assert gone[name] <= caps[name]
    for line in market.order.lines.values():
        assert line.remainder.minor >= 0


def _payments(market: Market) -> Iterator[tuple[Counter[str], str]]:
    """After each payment to a seller: what has gone by then of each line that it is of."""
    gone: Counter[str] = Counter()
    for event in market.streams[ORDER_STREAM]:
        if isinstance(event, RefundNoted) and event.outcome != RefundOutcome.ISSUED:
            continue
        if isinstance(event, RefundNoted | PaymentReleased | ExternalChargebackResolved):
            gone.update({part.line_id: part.amount.minor for part in event.lines})
        if isinstance(event, PaymentReleased):
            yield from ((gone, part.line_id) for part in event.lines)


def a_hold_is_there_exactly_as_long_as_a_chargeback_is_open(market: Market) -> None:
    """Of every line, and nobody but the bank holds it so."""
    held = {Hold.CHARGEBACK in line.holds for line in market.order.lines.values()}
    assert held <= {bool(market.order.chargebacks.open)}


def what_the_bank_has_ended_is_ended_so(market: Market) -> None:
    """T35: only where nothing of its pieces is left."""
    for dispute in market.disputes:
        if dispute.closed and dispute.closed.reason == CloseReason.EXTERNAL_CHARGEBACK:
            assert dispute.chargebacks.is_lost
            assert sum(market.order.lines[line.line_id].charged_back.minor for line in dispute.opened.lines)


def to_the_end(life: Charged) -> None:
    """The bank decides, all hear of it, and then everybody answers."""
    for name in life.open:
        life.decide_chargeback(name, NOT_PAID)
    while life.waiting:
        life.tell_one()
    for _ in range(ROUNDS):
        for due in life.market.unpaid():
            life.pay(due, RefundOutcome.ISSUED)
        if not is_open(life):
            return
        end_what_is_open(life)
    raise AssertionError(f"a life without end: {life.market.rows}")
