"""Sagas: what is asked is answered, and what is issued is noted, once each."""

from typing import Any

import pytest

from ops.audit.sagas import SagaCheck
from shared.events.base import Event
from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome, RefundSource
from tests.support.audit import found, recorded
from tests.support.builders.refunds import issued, requested, usd


def due(**changes: Any) -> RefundDue:
    amounts = {
        "lines": (),
        "amount": usd(2500),
        "source": RefundSource.AGREEMENT,
        "bank_window_bd": (3, 15),
        "timezone": "UTC",
    }
    parties = {"dispute_id": "dsp_9a31", "buyer_id": "bea", "seller_id": "sam"}
    return RefundDue(
        refund_id="rfd_9a31", order_id="o1", payment_id="o1", rules=("S40",), **amounts | parties | changes
    )


def noted(outcome: RefundOutcome = RefundOutcome.ISSUED) -> RefundNoted:
    named: dict[str, Any] = {
        "refund_id": "rfd_9a31",
        "order_id": "o1",
        "dispute_id": "dsp_9a31",
        "source_event": "payment-o1/3",
    }
    return RefundNoted(**named, outcome=outcome, amount=usd(2500), lines=(), reason=None, rules=("S57",))


@pytest.mark.parametrize(
    ("events", "faults"),
    [
        ([due(), requested(), issued(), noted()], {}),
        ([requested(), issued(), noted(), due()], {}),
        ([due()], {"unanswered": 1}),
        ([requested()], {"unasked": 1}),
        ([due(), requested(), issued()], {"unnoted": 1}),
        ([due(), requested(), issued(), noted(RefundOutcome.FAILED)], {"unnoted": 1}),
        ([due(), requested(), issued(), noted(), noted()], {"noted_twice": 1}),
    ],
)
def test_what_was_asked_is_answered_and_what_was_issued_is_noted(events: list[Event], faults: dict[str, int]) -> None:
    check = SagaCheck()
    for version, event in enumerate(events, 1):
        check.add(recorded(version, "dispute-dsp_9a31", version, event))
    assert found(check.result()) == faults


def test_a_note_on_the_order_beside_the_disputes_is_the_same_note() -> None:
    check = SagaCheck()
    for stream, event in (
        ("dispute-d", due()),
        ("payment-o1", requested()),
        ("payment-o1", issued()),
        ("dispute-d", noted()),
        ("order-o1", noted()),
    ):
        check.add(recorded(1, stream, 1, event))
    assert found(check.result()) == {}
