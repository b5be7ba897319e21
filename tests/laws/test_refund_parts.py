"""Allocation (G9, ADR 44): for any captures and any refund the parts sum exactly, and none exceeds what its payment has
left, in total and of a line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from refund.domain.decider import decider
from refund.domain.payments.allocation import allocated
from refund.domain.payments.state import Payment
from shared.events.base import Event
from shared.events.refund import RefundRefused, RefundRequested
from tests.laws.size import examples
from tests.support.builders import refunds as p

LINES = st.sampled_from(["a", "b", "c"])
CAPTURES = st.lists(st.dictionaries(LINES, st.integers(1, 10_000), min_size=1), min_size=1, max_size=4)
ASKED = st.lists(st.dictionaries(LINES, st.integers(1, 4000), min_size=1), min_size=1, max_size=5)


@settings(max_examples=examples(200))
@given(CAPTURES, ASKED)
def test_g9_the_parts_of_any_refund_sum_exactly_and_none_exceeds_its_payment_or_its_line(
    captures: Sequence[Mapping[str, int]], asked: Sequence[Mapping[str, int]]
) -> None:
    left = {f"pay{n}": Counter(caps) for n, caps in enumerate(captures)}
    paid: list[dict[str, Any]] = [{"payment_id": name, **caps} for name, caps in left.items()]
    events: list[Event] = [p.captured(**capture) for capture in paid]
    for n, lines in enumerate(asked):
        payment: Payment = decider.fold("payment-o1", events)
        (first, *more) = decider.decide(p.request(f"rfd_{n}", payment_id="pay0", parts=dict(lines)), payment)
        if isinstance(first, RefundRefused):
            assert any(minor > sum(of[line] for of in left.values()) for line, minor in lines.items())
            continue
        assert isinstance(first, RefundRequested)
        whole: Counter[str] = Counter()
        for part in allocated(payment, first.refund_id, first.lines):
            gives = Counter({line.line_id: line.amount.minor for line in part.lines})
            assert gives.total() == part.amount.minor > 0
            assert all(minor <= left[part.payment_id][line] for line, minor in gives.items())
            left[part.payment_id] -= gives
            whole += gives
        assert whole == Counter(lines)
        events += [first, *(event for event in more if isinstance(event, Event))]
