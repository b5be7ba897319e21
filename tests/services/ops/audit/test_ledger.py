"""Ledger = events: a refund that went once passes, and money that went otherwise is caught."""

from typing import Any

import pytest

from ops.audit.check import Check
from ops.audit.ledger import LedgerCheck
from shared.events.base import Event
from tests.support.audit import found, recorded
from tests.support.builders.refunds import issued, requested


def movement(
    kind: str, amount: str, refund_id: str | None = None, payment: str = "o1", currency: str = "USD"
) -> dict[str, Any]:
    return {
        "kind": kind,
        "payment_id": payment,
        "refund_id": refund_id,
        "amount": {"amount": amount, "currency": currency},
    }


CAPTURE, REFUND = movement("capture", "100.00"), movement("refund", "25.00", "rfd_9a31")


def ledger_check(movements: list[dict[str, Any]], *events: Event, head: int = 99) -> Check:
    check = LedgerCheck(movements, head)
    for position, event in enumerate(events, 1):
        check.add(recorded(position, "payment-o1", position, event))
    return check.result()


def test_a_refund_that_went_once_is_sound() -> None:
    check = ledger_check([CAPTURE, REFUND], requested(), issued())
    assert found(check) == {}
    assert check.line.split()[:3] == ["ledger", "refunds=1", "effects=1"]


@pytest.mark.parametrize(
    ("movements", "events", "faults"),
    [
        ([CAPTURE], [issued()], {"missing": 1}),
        ([CAPTURE, REFUND, REFUND], [issued()], {"twice": 1}),
        ([CAPTURE, REFUND], [issued(), issued()], {"twice": 1}),
        ([CAPTURE, REFUND], [], {"unasked": 1}),
        ([CAPTURE, movement("refund", "24.00", "rfd_9a31")], [issued()], {"different": 1}),
        ([movement("capture", "20.00"), REFUND], [issued()], {"over_cap": 1}),
        ([REFUND], [issued()], {"over_cap": 1}),
        ([CAPTURE, REFUND, movement("chargeback", "80.00")], [issued()], {"over_cap": 1}),
        (
            [CAPTURE, movement("refund", "25.00", "rfd_9a31", currency="EUR")],
            [issued()],
            {"different": 1, "over_cap": 1},
        ),
    ],
)
def test_money_that_went_otherwise_than_the_events_say_is_caught(
    movements: list[dict[str, Any]], events: list[Event], faults: dict[str, int]
) -> None:
    assert found(ledger_check(movements, *events)) == faults


def test_a_refund_that_was_issued_after_the_ledger_was_read_is_not_missing() -> None:
    assert found(ledger_check([CAPTURE], issued(), head=0)) == {}
