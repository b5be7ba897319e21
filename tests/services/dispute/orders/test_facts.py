"""Facts of an order: its registration with the cap of each line (G9), and what the shop tells of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.orders.naming import NamedParcel
from dispute.domain.rejections import OrderDiffers
from shared.events.base import Personal
from shared.events.dispute import DisputeEvent, DisputeOpened
from shared.events.money import total
from shared.events.order import (
    AccountStatusChanged,
    DeliveryCorrected,
    OrderCancelled,
    OrderCarrierLost,
    OrderDelivered,
    OrderFinished,
    OrderPaid,
    OrderRegistered,
    OrderShipped,
    Parcel,
    Pieces,
)
from tests.cases.plugin import Came
from tests.support.builders.disputes import dispute_stream, open_dispute, opened
from tests.support.builders.orders import (
    ORDER,
    ORDER_STREAM,
    SELLER,
    Histories,
    after,
    facts,
    on,
    order,
    order_line,
    order_of,
    record,
    register,
    usd,
)
from tests.support.spec import Outcome, given


def with_fact(happened: Histories, name: str, at: datetime, **more: Any) -> Outcome:
    return given(decider, happened).when(record(name, at, **more))


# Registration


def test_an_order_is_registered_and_paid_in_one_append() -> None:
    registered, paid = given(decider).when(register()).then_types(OrderRegistered, OrderPaid).events
    assert (registered.lines[0].cap, registered.terms.programme) == (usd("50.00"), "aliexpress_basic")
    (payment,) = paid.payments
    assert (payment.amount, payment.lines[0].amount, paid.paid_at) == (usd("50.00"), usd("50.00"), on("Feb 27"))


def test_the_facts_of_the_registration_follow_in_the_same_append() -> None:
    told_with = register(facts=facts(shipped="Mar 1", delivered="Mar 5"))
    *_, delivered = (
        given(decider).when(told_with).then_types(OrderRegistered, OrderPaid, OrderShipped, OrderDelivered).events
    )
    assert delivered.protection_ends_at == on("Mar 21", "00:00")


def test_an_unpaid_order_is_registered_only() -> None:
    given(decider).when(register(paid_at=None)).then_types(OrderRegistered)


def test_s97_what_the_listing_said_of_warranty_is_kept_with_the_line() -> None:
    told = register(order_line("l1", listing_warranty="2 years"), order_line("l2"))
    registered = given(decider).when(told).events[0]
    assert [line.listing_warranty for line in registered.lines] == ["2 years", None]


def test_the_same_body_again_is_nothing_new() -> None:
    given(decider, order(shipped="Mar 1")).when(register(facts=facts(shipped="Mar 1"))).then_nothing()
    given(decider, opened()).when(register(facts=facts(shipped="Mar 2"))).then_nothing()


def test_another_body_is_refused() -> None:
    refusal = given(decider, order()).when(register(body_digest="another")).then_rejects(OrderDiffers)
    assert refusal.code == "order_differs"


def test_the_return_address_is_kept_beside_the_log() -> None:
    command = register(return_address="Pier 1")
    registered = given(decider).when(command).events[0]
    assert command.personal == (Personal(registered.return_address_ref, SELLER.id, "return_address", "Pier 1"),)
    assert "Pier 1" not in registered.model_dump_json()


@pytest.mark.parametrize("paid", ["70.00", "60.00", "59.99", "0.01"])
def test_g9_the_caps_sum_to_what_was_paid(paid: str) -> None:
    lines = (order_line("l1", "10.00", quantity=3), order_line("l2", "20.01"), order_line("l3", "9.99"))
    caps = [line.cap for line in given(decider).when(register(*lines, payment={"amount": usd(paid)})).events[0].lines]
    assert total(caps) == usd(paid)


def test_g9_each_line_bears_its_share_of_freight_and_discount() -> None:
    lines = (order_line("l1", "15.00", quantity=2), order_line("l2", "10.00"))
    for paid, caps in (("44.00", ["33.00", "11.00"]), ("36.00", ["27.00", "9.00"])):
        registered = given(decider).when(register(*lines, payment={"amount": usd(paid)})).events[0]
        assert [line.cap for line in registered.lines] == [usd(cap) for cap in caps]


def test_g9_gifts_share_a_freight_by_their_number() -> None:
    lines = (order_line("l1", "0.00", quantity=3), order_line("l2", "0.00"))
    registered = given(decider).when(register(*lines, payment={"amount": usd("4.00")})).events[0]
    assert [line.cap for line in registered.lines] == [usd("3.00"), usd("1.00")]


# Facts


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("shipped", OrderShipped),
        ("delivered", OrderDelivered),
        ("finished", OrderFinished),
        ("delivery_corrected", DeliveryCorrected),
        ("cancelled", OrderCancelled),
        ("carrier_lost", OrderCarrierLost),
        ("account_status", AccountStatusChanged),
    ],
)
def test_a_fact_told_twice_is_one_fact(name: str, event: type[DisputeEvent]) -> None:
    fact = record(name, on("Mar 5"), status="restricted") if name == "account_status" else record(name, on("Mar 5"))
    once = given(decider, order()).when(fact)
    assert type(once.events[0]) is event
    once.when(fact).then_nothing()


@pytest.mark.parametrize("name", ["shipped", "delivered", "finished", "cancelled", "carrier_lost"])
def test_the_first_instant_of_a_fact_stands(name: str) -> None:
    with_fact(order(), name, on("Mar 5")).when(record(name, on("Mar 4"))).then_nothing()


def test_a_late_account_status_does_not_undo_a_newer_one() -> None:
    good = after(
        order(),
        record("account_status", on("Mar 5"), status="restricted"),
        record("account_status", on("Mar 6"), status="good"),
    )
    with_fact(good, "account_status", on("Mar 5"), status="restricted").then_nothing()
    assert order_of(good).account_status == "good"


def test_facts_may_come_before_their_order() -> None:
    early = (
        record("shipped", on("Mar 1")),
        record("account_status", on("Mar 2"), status="restricted"),
        record("carrier_lost", on("Mar 3")),
    )
    first, last = order_of(after({}, *early, register())), order_of(after(order(), *early))
    assert first == last
    assert (first.account_status, first.protection_ends_at) == ("restricted", on("May 16", "00:00"))


def test_a_shipment_keeps_its_parcels_and_a_cancellation_its_author() -> None:
    lines = (Pieces(line_id="l1", quantity=1),)
    told = (NamedParcel(tracking_number="LX1", carrier="cainiao", lines=lines),)
    assert with_fact(order(), "shipped", on("Mar 1"), parcels=told).events[0].parcels == (
        Parcel(parcel_id="LX1", tracking_number="LX1", carrier="cainiao", lines=lines),
    )
    assert with_fact(order(), "cancelled", on("Mar 1"), by="buyer").events[0] == OrderCancelled(
        order_id=ORDER, by="buyer", cancelled_at=on("Mar 1")
    )


# Many facts


@pytest.mark.case("B74", given="a dispute on an order of which 1,500 facts were told", right="opened after 1503 events")
def test_a_dispute_is_opened_however_much_was_told_of_its_order(came: Came) -> None:
    shipped = order(shipped="Mar 1")[ORDER_STREAM]
    times = [on("Mar 2") + timedelta(minutes=n) for n in range(1500)]
    told = [AccountStatusChanged(order_id=ORDER, status="good", since=at) for at in times]
    outcome = given(decider, {ORDER_STREAM: [*shipped, *told]}).when(open_dispute(on("Mar 12")))
    assert isinstance(outcome.by_stream[dispute_stream()][0], DisputeOpened)
    came(f"opened after {len(outcome.before[ORDER_STREAM])} events")
