"""The shop's word on an order: registration, facts, and the protection that they make (S22, S23, K2, K3, K7, G9)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.orders.protection import opens_at
from dispute.domain.rejections import OrderDiffers
from shared.events.base import Personal
from shared.events.dispute import DisputeEvent
from shared.events.money import total
from shared.events.order import (
    AccountStatusChanged,
    Anchor,
    DeadlineMoved,
    DeliveryCorrected,
    OrderCancelled,
    OrderCarrierLost,
    OrderDelivered,
    OrderFinished,
    OrderPaid,
    OrderRegistered,
    OrderShipped,
    Parcel,
)
from tests.support.builders.commands import (
    ORDER,
    ORDER_STREAM,
    SELLER,
    expire_order,
    facts,
    on,
    order_line,
    record,
    register,
    terms,
    usd,
)
from tests.support.builders.histories import Histories, after, opened, order, order_of
from tests.support.spec import Outcome, given

MAR_10 = on("Mar 10").date()
P = (ORDER_STREAM, "protection_end")


def end(happened: Histories) -> datetime | None:
    return order_of(happened).protection_ends_at


def told(happened: Histories, name: str, at: datetime, **more: Any) -> Outcome:
    return given(decider, happened).when(record(name, at, **more))


# Registration


def test_an_order_is_registered_and_paid_in_one_append() -> None:
    registered, paid = given(decider).when(register()).then_types(OrderRegistered, OrderPaid).events
    assert (registered.lines[0].cap, registered.terms.programme) == (usd("50.00"), "aliexpress_basic")
    assert (paid.amount, paid.lines[0].amount, paid.paid_at) == (usd("50.00"), usd("50.00"), on("Feb 27"))


def test_the_facts_of_the_registration_follow_in_the_same_append() -> None:
    told_with = register(facts=facts(shipped="Mar 1", delivered="Mar 5"))
    given(decider).when(told_with).then_types(OrderRegistered, OrderPaid, OrderShipped, OrderDelivered, DeadlineMoved)


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


# The end of the protection


def test_s22_k3_finished_on_march_20_ends_with_april_4() -> None:
    assert end(order(shipped="Mar 1", finished="Mar 20")) == on("Apr 5", "00:00")


def test_k3_a_delivery_finishes_the_order_at_that_instant() -> None:
    assert end(order(shipped="Mar 1", delivered="Mar 5")) == on("Mar 21", "00:00")


def test_k3_undelivered_the_end_is_provisional_the_promised_day_and_15() -> None:
    assert end(order(shipped="Mar 1", promised_by=MAR_10)) == on("Mar 26", "00:00")


def test_k3_without_a_promise_it_is_the_shipment_and_75_days() -> None:
    assert end(order(shipped="Mar 1")) == on("May 16", "00:00")


def test_k3_while_nothing_is_known_there_is_no_end() -> None:
    outcome = given(decider).when(register())
    assert (outcome.states[0].protection_ends_at, outcome.deadlines) == (None, {})


def test_p_the_first_end_is_recorded_in_the_fact_that_gives_it() -> None:
    outcome = told(order(), "shipped", on("Mar 1"))
    (shipped,) = outcome.then_types(OrderShipped).events
    assert (shipped.protection_ends_at, outcome.deadlines) == (on("May 16", "00:00"), {P: on("May 16", "00:00")})


def test_s23_k3_p_a_delivery_moves_the_provisional_end() -> None:
    outcome = told(order(promised_by=MAR_10), "delivered", on("Mar 20"))
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
    outcome = told(order(delivered="Mar 20"), "finished", on("Mar 5"))
    outcome.then_types(OrderFinished)
    assert outcome.states[0].protection_ends_at == on("Apr 5", "00:00")


def test_s23_k3_a_corrected_delivery_moves_the_end_later_and_never_earlier() -> None:
    delivered = order(delivered="Mar 5")
    told(delivered, "delivery_corrected", on("Mar 20")).then_types(DeliveryCorrected, DeadlineMoved)
    earlier = told(delivered, "delivery_corrected", on("Mar 2"))
    earlier.then_types(DeliveryCorrected)
    assert earlier.states[0].protection_ends_at == on("Mar 21", "00:00")


def test_k3_after_the_protection_expired_nothing_moves_it() -> None:
    expired = after(order(delivered="Mar 5"), expire_order("protection_end", on("Mar 21", "00:00")))
    outcome = told(expired, "finished", on("Mar 22"))
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
    assert opens_at(order_of(order())) is None
    assert opens_at(order_of(order(shipped="Mar 1"))) == on("Mar 12", "00:00")
    assert opens_at(order_of(order(shipped="Mar 1", promised_by=MAR_10))) == on("Mar 11", "00:00")
    assert opens_at(order_of(order(shipped="Mar 1", promised_by=MAR_10, delivered="Mar 5"))) == on("Mar 5")
    assert opens_at(order_of(after(order(shipped="Mar 1"), record("carrier_lost", on("Mar 3"))))) == on("Mar 3")


def test_k7_a_corrected_delivery_corrects_when_it_opens() -> None:
    corrected = told(order(shipped="Mar 1", delivered="Mar 5"), "delivery_corrected", on("Mar 9"))
    assert opens_at(corrected.states[0]) == on("Mar 9")


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
    told(order(), name, on("Mar 5")).when(record(name, on("Mar 4"))).then_nothing()


def test_a_late_account_status_does_not_undo_a_newer_one() -> None:
    good = after(
        order(),
        record("account_status", on("Mar 5"), status="restricted"),
        record("account_status", on("Mar 6"), status="good"),
    )
    told(good, "account_status", on("Mar 5"), status="restricted").then_nothing()
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
    parcels = (Parcel(lines=("l1",)),)
    assert told(order(), "shipped", on("Mar 1"), parcels=parcels).events[0].parcels == parcels
    assert told(order(), "cancelled", on("Mar 1"), by="buyer").events == [
        OrderCancelled(order_id=ORDER, by="buyer", cancelled_at=on("Mar 1"))
    ]
