"""The audit of what events bring about, corrupted piece by piece: the ledger, the deadlines, the sagas, the read
models.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.audit.check import Check
from ops.audit.deadlines import DeadlineCheck
from ops.audit.ledger import LedgerCheck
from ops.audit.read_models import Model, ModelCheck, Row
from ops.audit.sagas import SagaCheck
from shared.decider import Clear, Decider, Start, Stream
from shared.events.base import Event, Metadata, Recorded, derived_uuid
from shared.events.dispute import RefundDue, RefundNoted, RefundOutcome, RefundSource
from shared.events.order import OrderCancelled, OrderCarrierLost, OrderShipped
from tests.support.builders.refunds import issued, requested, usd

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def recorded(position: int, stream: str, version: int, event: Event, key: str = "o1") -> Recorded[Event]:
    command = derived_uuid("audit", position)
    return Recorded(stream, version, position, event, Metadata(AT, command, "hash", "shop", "c", None, None, key))


def found(check: Check) -> dict[str, int]:
    """The faults that are not zero."""
    return {name: count for name, count in check.faults.items() if count}


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


def wishes(event: Event) -> Sequence[Start | Clear]:
    match event:
        case OrderCarrierLost():
            return (Start("search", event.lost_at),)
        case OrderCancelled():
            return (Clear("search"),)
    return ()


def searched_at(state: Event | None, kind: str) -> datetime | None:
    """A search is wanted while the last thing known is the loss."""
    return state.lost_at if kind == "search" and isinstance(state, OrderCarrierLost) else None


SEARCHING = Decider(
    {"order": Stream(None, lambda _, event: event, wishes, ("search",), searched_at)},
    lambda *_: [],
)
LOST, CANCELLED = (
    OrderCarrierLost(order_id="o1", lost_at=AT),
    OrderCancelled(order_id="o1", by="seller", cancelled_at=AT),
)
SHIPPED = OrderShipped(order_id="o1", shipped_at=AT, parcels=(), protection_ends_at=None)
SEARCH = ("order-o1", "search")


def deadline_check(
    rows: dict[tuple[str, str], datetime], *events: Event, now: datetime = AT - timedelta(hours=1)
) -> Check:
    check = DeadlineCheck("dispute", rows, now, SEARCHING)
    for version, event in enumerate(events, 1):
        check.add(recorded(version, "order-o1", version, event))
    return check.result()


def test_deadlines_are_what_the_events_started_and_did_not_clear() -> None:
    assert found(deadline_check({SEARCH: AT}, LOST)) == {}
    assert found(deadline_check({}, LOST, CANCELLED)) == {}


def test_a_deadline_that_was_due_and_is_gone_was_consumed_where_nobody_wants_it_any_more() -> None:
    check = deadline_check({}, LOST, SHIPPED, now=AT)
    assert (found(check), check.seen["consumed"]) == ({}, 1)


def test_a_deadline_that_is_wanted_and_gone_is_missing_however_long_it_is_due() -> None:
    assert found(deadline_check({}, LOST, now=AT + timedelta(days=90))) == {"missing": 1}


@pytest.mark.parametrize(
    ("rows", "events", "now", "fault"),
    [
        ({}, [LOST], AT - timedelta(seconds=1), "missing"),
        ({SEARCH: AT}, [LOST, CANCELLED], AT, "extra"),
        ({SEARCH: AT + timedelta(days=1)}, [LOST], AT, "different"),
        ({SEARCH: AT}, [LOST], AT + timedelta(seconds=61), "late"),
    ],
)
def test_deadlines_that_the_log_does_not_call_for_are_caught(
    rows: dict[tuple[str, str], datetime], events: list[Event], now: datetime, fault: str
) -> None:
    assert found(deadline_check(rows, *events, now=now)) == {fault: 1}


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


COUNTING: Model[int] = Model(
    "counts",
    "counts",
    "",
    "",
    lambda each: each.metadata.key,
    0,
    lambda state, _: state + 1,
    lambda key, state: {"count": state} if state else None,
)


def model_check(rows: dict[str, Row], included: int = 3) -> Check:
    """The log holds o1 at 1 and 3, o2 at 2."""
    check = ModelCheck(COUNTING, rows, included)
    for position, key in ((1, "o1"), (2, "o2"), (3, "o1")):
        check.add(recorded(position, f"order-{key}", 1, LOST, key))
    return check.result()


O1, O2 = Row(3, {"count": 2}), Row(2, {"count": 1})


@pytest.mark.parametrize(
    ("rows", "included", "faults"),
    [
        ({"o1": O1, "o2": O2}, 3, {}),
        ({"o1": Row(1, {"count": 1}), "o2": O2}, 2, {}),  # it does not yet include the third event, and need not
        ({"o1": O1}, 1, {}),
        ({"o1": Row(3, {"count": 1}), "o2": O2}, 3, {"wrong": 1}),
        ({"o1": Row(1, {"count": 1}), "o2": O2}, 3, {"behind": 1}),
        ({"o1": Row(2, {"count": 1}), "o2": O2}, 2, {"wrong": 1}),
        ({"o1": Row(9, {"count": 2}), "o2": O2}, 3, {"wrong": 1}),
        ({"o1": O1}, 3, {"missing": 1}),
        ({"o1": O1, "o2": O2, "o3": O2}, 3, {"extra": 1}),
    ],
)
def test_a_row_is_the_fold_up_to_the_position_that_it_names(
    rows: dict[str, Row], included: int, faults: dict[str, int]
) -> None:
    assert found(model_check(rows, included)) == faults
