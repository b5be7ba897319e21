"""Laws of an order's facts: they come in any order, more than once, also before the order, and lead to the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispute.domain.deadlines import DeadlineKind
from dispute.domain.decider import decider
from dispute.domain.orders.facts import FactType, RecordFact
from dispute.domain.orders.naming import NamedParcel
from dispute.domain.orders.protection import opens_at
from dispute.domain.orders.registration import RegisterOrder
from dispute.domain.orders.state import Order
from shared.events.order import Anchor, Pieces
from tests.support.builders.orders import ORDER_STREAM, on, order_line, record, register, terms

HOURS = st.integers(0, 24 * 40)
SENT = st.integers(0, 24)
"""The hours of a shipment: whatever follows it may come first by the two clocks, but by no more than a day."""
ONCE = [FactType.SHIPPED, FactType.DELIVERED, FactType.FINISHED, FactType.CARRIER_LOST]
TERMS = st.builds(
    terms, anchor=st.sampled_from(Anchor), timezone=st.sampled_from(["UTC", "America/Sao_Paulo", "Asia/Shanghai"])
)
ORDERS = st.builds(
    lambda bound, promised: register(terms=bound, promised_by=promised),
    TERMS,
    st.sampled_from([None, on("Mar 10").date()]),
)


PROMISED = st.sampled_from([None, on("Mar 10").date()])


@st.composite
def tellings(draw: st.DrawFn) -> Sequence[RecordFact | RegisterOrder]:
    """An order, at most one fact of a kind and any number of account statuses, each told one to three times in any
    order.
    """
    told: list[RecordFact | RegisterOrder] = [draw(ORDERS)]
    kinds = draw(st.sets(st.sampled_from(ONCE)))
    told += [record(kind, _at(draw(SENT if kind == FactType.SHIPPED else HOURS))) for kind in kinds]
    hours = draw(st.lists(HOURS, max_size=4, unique=True))
    told += [
        record(FactType.ACCOUNT_STATUS, _at(hour), status=draw(st.sampled_from(["good", "restricted"])))
        for hour in hours
    ]
    return [fact for fact in told for _ in range(draw(st.integers(1, 3)))]


@st.composite
def tellings_of_parcels(draw: st.DrawFn) -> Sequence[RecordFact | RegisterOrder]:
    """An order of two lines in two parcels, each of which may be delivered or lost, told in any order."""
    lines = (order_line("l1"), order_line("l2", quantity=3))
    told: list[RecordFact | RegisterOrder] = [register(*lines, promised_by=draw(PROMISED))]
    told.append(record(FactType.SHIPPED, _at(draw(SENT)), parcels=(parcel("A", l1=1, l2=1), parcel("B", l2=2))))
    steps = st.sampled_from([FactType.DELIVERED, FactType.CARRIER_LOST])
    for step, name in draw(st.sets(st.tuples(steps, st.sampled_from("AB")))):
        told.append(record(step, _at(draw(HOURS)), parcels=(parcel(name),)))
    told += [record(FactType.FINISHED, _at(draw(HOURS)))] if draw(st.booleans()) else []
    return [fact for fact in told for _ in range(draw(st.integers(1, 2)))]


def parcel(name: str, **pieces: int) -> NamedParcel:
    lines = tuple(Pieces(line_id=line_id, quantity=quantity) for line_id, quantity in pieces.items())
    return NamedParcel(tracking_number=name, lines=lines)


def _at(hours: int) -> datetime:
    return on("Mar 1") + timedelta(hours=hours)


def after(commands: Sequence[Any]) -> list[Order]:
    """The order's state after each of the commands."""

    def tell(order: Order, command: Any) -> Order:
        decided: Any = decider.decide(command, order)
        state: Order = decider.fold(ORDER_STREAM, decided, order)
        return state

    return list(accumulate(commands, tell, initial=Order()))


@given(st.data(), tellings())
def test_facts_in_any_order_and_repeated_lead_to_the_same_order(data: st.DataObject, told: Sequence[Any]) -> None:
    first, second = after(told)[-1], after(data.draw(st.permutations(told)))[-1]
    assert first == second
    assert opens_at(first) == opens_at(second)


@given(st.data(), tellings_of_parcels())
def test_facts_of_parcels_in_any_order_and_repeated_lead_to_the_same_pieces(
    data: st.DataObject, told: Sequence[Any]
) -> None:
    first, second = after(told)[-1], after(data.draw(st.permutations(told)))[-1]
    assert first == second
    assert sum(group.quantity for group in first.piece_groups) == 4
    assert (first.piece_groups, opens_at(first)) == (second.piece_groups, opens_at(second))


@given(tellings())
def test_k3_once_an_order_is_finished_its_protection_never_ends_earlier(told: Sequence[Any]) -> None:
    states = after(told)
    for before, then in zip(states, states[1:], strict=False):
        if before.received_at and before.protection_ends_at and then.protection_ends_at:
            assert then.protection_ends_at >= before.protection_ends_at


@given(tellings())
def test_p_a_registered_orders_deadline_is_the_end_of_its_protection(told: Sequence[Any]) -> None:
    order = after(told)[-1]
    assert order.due(DeadlineKind.PROTECTION_END) == order.protection_ends_at
