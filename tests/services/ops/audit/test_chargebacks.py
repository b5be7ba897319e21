"""Chargebacks beside the provider's books: what banks took back is in both, and what crossed a refund is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ops.audit.facts import gathering
from ops.audit.ledger import ledger_check
from refund.domain.decider import decider
from shared.events.base import Event
from tests.support.audit import entry_of, found
from tests.support.audit_services import movement
from tests.support.builders import chargebacks as b
from tests.support.builders import refunds as p
from tests.support.spec import given

CAPTURED = movement("capture", "100.00", order_id="o1", payment_id="o1")
REFUND = movement("refund", "25.00", "rfd_9a31", order_id="o1", payment_id="o1")
TAKEN = movement("chargeback", "100.00", order_id="o1", payment_id="o1")
RETURNED = movement("chargeback_reversed", "100.00", order_id="o1", payment_id="o1")
CROSSED = given(decider, *p.APPROVED, b.frozen()).when(p.issue()).after["payment-o1"]
WON = given(decider, *CROSSED).when(b.decides(b.NOT_PAID)).after["payment-o1"]


def faults(events: Sequence[Event], *movements: Any) -> dict[str, int]:
    with gathering() as facts:
        for version, event in enumerate(events, 1):
            facts.add("refund", entry_of(event, version, "payment-o1", version), True)
        for each in movements:
            facts.move(each)
        facts.finish()
        return dict(found(ledger_check(facts, asked=True, at_rest=True)))


@pytest.mark.parametrize(
    ("events", "movements", "expected"),
    [
        (CROSSED, [TAKEN], {}),
        (WON, [TAKEN, RETURNED], {}),
        (WON, [TAKEN], {"charged_back": 1}),
        (CROSSED, [], {"charged_back": 1}),
        (CROSSED[:-1], [TAKEN], {"over_cap": 1}),
        (CROSSED[:3], [TAKEN], {"charged_back": 1, "over_cap": 1, "unasked": 1}),
    ],
)
def test_s103_the_books_and_the_provider_tell_the_same_of_chargebacks_and_a_crossing_is_known(
    events: Sequence[Event], movements: list[Any], expected: dict[str, int]
) -> None:
    assert faults(events, CAPTURED, REFUND, *movements) == expected
