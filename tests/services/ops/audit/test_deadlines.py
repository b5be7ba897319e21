"""Deadlines = log: rows that the events do not call for are caught."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from ops.audit.check import Check
from ops.audit.deadlines import DeadlineCheck
from shared.decider import Clear, Decider, Start, Stream
from shared.events.base import Event
from shared.events.order import OrderCancelled, OrderCarrierLost, OrderShipped
from tests.support.audit import AT, found, recorded


def search_deadlines(event: Event) -> Sequence[Start | Clear]:
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
    {"order": Stream(None, lambda _, event: event, search_deadlines, ("search",), searched_at)},
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
