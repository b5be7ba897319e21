"""Protection of an order: its end as the facts move it (S22, S23, K3), and from when on it may be disputed (K7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispute.domain.decider import decider
from dispute.domain.orders.protection import opens_at
from shared.events.deadlines import DeadlineMoved
from shared.events.order import (
    Anchor,
    DeliveryCorrected,
    OrderDelivered,
    OrderFinished,
    OrderShipped,
)
from tests.support.builders.orders import (
    ORDER_STREAM,
    Histories,
    after,
    expire_order,
    on,
    order,
    order_of,
    record,
    register,
    terms,
)
from tests.support.spec import Outcome, given

MAR_10 = on("Mar 10").date()
P = (ORDER_STREAM, "protection_end")


def end(happened: Histories) -> datetime | None:
    return order_of(happened).protection_ends_at


def with_fact(happened: Histories, name: str, at: datetime, **more: Any) -> Outcome:
    return given(decider, happened).when(record(name, at, **more))


# The end of the protection


def test_s22_k3_finished_on_march_20_ends_with_april_4() -> None:
    assert end(order(shipped="Mar 1", finished="Mar 20")) == on("Apr 5", "00:00")


def test_k3_a_delivery_finishes_the_order_at_that_instant() -> None:
    assert end(order(shipped="Mar 1", delivered="Mar 5")) == on("Mar 21", "00:00")


def test_k3_undelivered_the_end_is_provisional_the_promised_day_and_15() -> None:
    assert end(order(shipped="Mar 1", promised_by=MAR_10)) == on("Mar 26", "00:00")


def test_k3_without_a_promise_it_is_the_shipment_and_75_days() -> None:
    assert end(order(shipped="Mar 1")) == on("May 16", "00:00")


def test_k3_neither_shipped_nor_promised_it_is_the_payment_and_75_days() -> None:
    assert end(order()) == on("May 14", "00:00")


def test_k3_while_nothing_is_known_there_is_no_end() -> None:
    outcome = given(decider).when(register(paid_at=None))
    assert (outcome.states[0].protection_ends_at, outcome.deadlines) == (None, {})


def test_p_the_first_end_is_recorded_in_the_fact_that_gives_it() -> None:
    outcome = with_fact(order(paid_at=None), "shipped", on("Mar 1"))
    (shipped,) = outcome.then_types(OrderShipped).events
    assert (shipped.protection_ends_at, outcome.deadlines) == (on("May 16", "00:00"), {P: on("May 16", "00:00")})


def test_s23_k3_p_a_delivery_moves_the_provisional_end() -> None:
    outcome = with_fact(order(promised_by=MAR_10), "delivered", on("Mar 20"))
    delivered, moved = outcome.then_types(OrderDelivered, DeadlineMoved).events
    assert delivered.protection_ends_at is None
    assert moved == DeadlineMoved(
        kind="protection_end",
        previous_due_at=on("Mar 26", "00:00"),
        due_at=on("Apr 5", "00:00"),
        rules=("S22", "S23"),
    )
    assert outcome.deadlines == {P: on("Apr 5", "00:00")}


def test_k3_an_early_delivery_may_shorten_the_provisional_end() -> None:
    assert end(order(promised_by=MAR_10, delivered="Mar 3")) == on("Mar 19", "00:00")


def test_k3_a_later_finished_fact_moves_the_end_later() -> None:
    assert end(order(delivered="Mar 5", finished="Mar 20")) == on("Apr 5", "00:00")


def test_k3_an_earlier_finished_fact_never_moves_it_earlier() -> None:
    outcome = with_fact(order(delivered="Mar 20"), "finished", on("Mar 5"))
    outcome.then_types(OrderFinished)
    assert outcome.states[0].protection_ends_at == on("Apr 5", "00:00")


def test_s23_k3_a_corrected_delivery_moves_the_end_later_and_never_earlier() -> None:
    delivered = order(delivered="Mar 5")
    with_fact(delivered, "delivery_corrected", on("Mar 20")).then_types(DeliveryCorrected, DeadlineMoved)
    earlier = with_fact(delivered, "delivery_corrected", on("Mar 2"))
    earlier.then_types(DeliveryCorrected)
    assert earlier.states[0].protection_ends_at == on("Mar 21", "00:00")


def test_k3_after_the_protection_expired_nothing_moves_it() -> None:
    expired = after(order(delivered="Mar 5"), expire_order("protection_end", on("Mar 21", "00:00")))
    outcome = with_fact(expired, "finished", on("Mar 22"))
    outcome.then_types(OrderFinished)
    assert outcome.deadlines == {(ORDER_STREAM, "release"): on("Mar 21", "01:00")}


def test_k3_a_purchase_programme_counts_from_the_payment() -> None:
    bought = terms(anchor=Anchor.PAID, protection_days=90)
    assert end(order(terms=bought)) == on("May 29", "00:00")
    assert end(order(terms=bought, shipped="Mar 1", delivered="Mar 20")) == on("May 29", "00:00")
    assert end(order(terms=bought, paid_at=None, shipped="Mar 1")) is None


def test_s23_the_end_counts_in_the_policy_time_zone() -> None:
    shanghai = terms(timezone="Asia/Shanghai")
    assert end(after({}, register(terms=shanghai), record("finished", on("Mar 20", "18:00")))) == on("Apr 5", "16:00")


# When a dispute may be opened


def test_k7_the_earliest_of_all_that_is_known_opens() -> None:
    assert opens_at(order_of(order(paid_at=None))) is None
    assert opens_at(order_of(order())) == on("Mar 29", "00:00")
    assert opens_at(order_of(order(shipped="Mar 1"))) == on("Mar 12", "00:00")
    assert opens_at(order_of(order(shipped="Mar 1", promised_by=MAR_10))) == on("Mar 11", "00:00")
    assert opens_at(order_of(order(shipped="Mar 1", promised_by=MAR_10, delivered="Mar 5"))) == on("Mar 5")
    assert opens_at(order_of(after(order(shipped="Mar 1"), record("carrier_lost", on("Mar 3"))))) == on("Mar 3")


def test_k7_a_corrected_delivery_corrects_when_it_opens() -> None:
    corrected = with_fact(order(shipped="Mar 1", delivered="Mar 5"), "delivery_corrected", on("Mar 9"))
    assert opens_at(corrected.states[0]) == on("Mar 9")
