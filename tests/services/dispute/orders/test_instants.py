"""Instants of facts: what is told has happened, and not before the order did; an order told late keeps its chances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispute.domain.decider import decider
from dispute.domain.orders.facts import FactType
from dispute.domain.orders.registration import RegisterOrder
from dispute.domain.rejections import ProtectionAlreadyExpired
from shared.events.deadlines import DeadlineMoved
from shared.events.order import OrderCompleted, OrderDelivered, OrderFinished, PaymentReleased
from shared.rejections import ValidationFailed
from tests.cases.plugin import Came
from tests.support.builders.disputes import open_dispute
from tests.support.builders.orders import (
    Histories,
    after,
    expire_order,
    facts,
    on,
    order,
    order_of,
    record,
    register,
)
from tests.support.spec import Outcome, given

NOW = on("Mar 20")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PLACED = on("Feb 28")
ORDERED = order(placed_at=PLACED, paid_at=PLACED, promised_by=on("Mar 25").date())


def came_of(outcome: Outcome) -> str:
    if isinstance(refusal := outcome.rejection, ValidationFailed):
        return f"{refusal.code} {refusal.errors[0]['pointer']} {refusal.errors[0]['code']}"
    return refusal.code if refusal else "taken"


def tell(name: str, at: datetime, ahead: timedelta = 5 * MINUTE, happened: Histories = ORDERED) -> Outcome:
    status = {"status": "restricted"} if name == "account_status" else {}
    fact = record(name, at, told=NOW, **status).model_copy(update={"ahead": ahead})
    return given(decider, happened).when(fact)


@pytest.mark.case(
    "B09a",
    given="delivered in 1970, order placed 20 days ago and not shipped",
    right="validation_failed /at before_order",
)
def test_a_delivery_before_its_order_is_refused(came: Came) -> None:
    came(came_of(tell("delivered", EPOCH)))


@pytest.mark.case(
    "B09a+1", given="finished two days before the order was placed", right="validation_failed /at before_order"
)
def test_an_end_before_the_order_is_refused(came: Came) -> None:
    came(came_of(tell("finished", PLACED - 2 * DAY)))


@pytest.mark.case(
    "B09a+2", given="a registration with a shipment in 1970", right="validation_failed /facts/1/at before_order"
)
def test_the_facts_of_a_registration_pass_the_same_function(came: Came) -> None:
    lost = facts(delivered="Mar 5")[0].model_copy(update={"at": EPOCH})
    told = register(facts=(*facts(shipped="Mar 1"), lost))
    came(came_of(given(decider).when(told)))


@pytest.mark.case(
    "B09a+3", given="paid in 1970, placed in February", right="validation_failed /payment/paid_at before_order"
)
def test_a_payment_before_its_order_is_refused(came: Came) -> None:
    came(came_of(given(decider).when(register(paid_at=EPOCH))))


@pytest.mark.case("B09a+4", given="delivered 23 hours before the order by the shop's clock", right="taken")
def test_clocks_of_shop_and_carrier_may_lie_a_day_apart(came: Came) -> None:
    came(came_of(tell("delivered", PLACED - timedelta(hours=23))))


@pytest.mark.case(
    "B03",
    given="delivered 20261120, read as seconds: 23 August 1970",
    right="validation_failed /at before_order",
)
def test_a_compact_date_that_became_seconds_is_no_delivery(came: Came) -> None:
    came(came_of(tell("delivered", datetime.fromtimestamp(20261120, UTC))))


@pytest.mark.case("B09b", given="delivered in 20 days", right="validation_failed /at not_yet")
def test_an_estimate_is_no_fact(came: Came) -> None:
    came(came_of(tell("delivered", NOW + 20 * DAY)))


@pytest.mark.case("B09b+1", given="a scanner's clock four minutes ahead", right="taken")
def test_a_scanner_may_be_some_minutes_ahead(came: Came) -> None:
    came(came_of(tell("delivered", NOW + 4 * MINUTE)))


@pytest.mark.case("B09b+2", given="a scan an hour ahead, by the widest setting", right="validation_failed /at not_yet")
def test_no_setting_lets_a_scan_lie_ahead(came: Came) -> None:
    came(came_of(tell("delivered", NOW + timedelta(hours=1), ahead=DAY)))


@pytest.mark.case("B09b+3", given="finished in an hour, by a setting of a day", right="taken")
def test_the_word_of_people_lies_ahead_as_far_as_the_setting_says(came: Came) -> None:
    came(came_of(tell("finished", NOW + timedelta(hours=1), ahead=DAY)))


@pytest.mark.case("B09b+4", given="an order placed tomorrow", right="validation_failed /placed_at not_yet")
def test_an_order_of_tomorrow_is_refused(came: Came) -> None:
    tomorrow = register(placed_at=NOW + DAY).model_copy(update={"at": NOW})
    came(came_of(given(decider).when(tomorrow)))


@pytest.mark.parametrize("name", FactType)
def test_every_fact_passes_the_function(name: FactType) -> None:
    for at, code in ((EPOCH, "before_order"), (NOW + 2 * DAY, "not_yet")):
        assert came_of(tell(name, at, ahead=DAY)) == f"validation_failed /at {code}"


# An order that is told late (S24)


def late(**more: Any) -> RegisterOrder:
    """Told on 20 March: placed on 20 January, promised for the end of February."""
    placed = on("Jan 20")
    told = register(**{"placed_at": placed, "paid_at": placed, "promised_by": on("Feb 28").date()} | more)
    return told.model_copy(update={"at": NOW})


def told_late(**more: Any) -> Histories:
    """Registered, and its protection expired in the same second: R is an hour from now."""
    registered = after({}, late(**more))
    due_at = order_of(registered).protection_ends_at
    assert due_at
    return after(registered, expire_order("protection_end", due_at, at=NOW))


def dispute_of(happened: Histories, **changed: Any) -> str:
    opened = given(decider, happened).when(open_dispute(NOW + MINUTE, reason="late", **changed))
    return opened.rejection.code if opened.rejection else "opened"


@pytest.mark.case(
    "B62",
    given="told 60 days late and expired at once, then delivered 3 days ago, then disputed",
    right="opened",
)
def test_s24_a_receipt_that_is_told_before_the_release_still_counts(came: Came) -> None:
    delivered = given(decider, told_late()).when(record("delivered", NOW - 3 * DAY, told=NOW))
    delivered.then_types(OrderDelivered, DeadlineMoved)
    assert delivered.states[0].protection_ends_at == on("Apr 2", "00:00")
    came(dispute_of({name: list(events) for name, events in delivered.after.items()}))


@pytest.mark.case("B62+1", given="told late, then finished 3 days ago, then disputed", right="opened")
def test_s24_so_does_the_shops_word_that_it_is_finished(came: Came) -> None:
    finished = given(decider, told_late()).when(record("finished", NOW - 3 * DAY, told=NOW))
    finished.then_types(OrderFinished, DeadlineMoved)
    came(dispute_of({name: list(events) for name, events in finished.after.items()}))


@pytest.mark.case("B62+2", given="told late, then delivered 18 days ago", right="protection_expired")
def test_s22_a_receipt_whose_own_time_is_over_opens_nothing(came: Came) -> None:
    came(dispute_of(after(told_late(), record("delivered", NOW - 18 * DAY, told=NOW))))


@pytest.mark.case("B62+3", given="told late, without any fact", right="paid an hour after it was told, not before")
def test_s24_r_is_an_hour_from_when_the_end_became_known(came: Came) -> None:
    happened = told_late()
    release_at = NOW + timedelta(hours=1)
    assert order_of(happened).release_at == release_at
    given(decider, happened).when(expire_order("release", release_at, at=release_at - MINUTE)).then_nothing()
    given(decider, happened).when(expire_order("release", release_at)).then_types(PaymentReleased, OrderCompleted)
    came("paid an hour after it was told, not before")


@pytest.mark.case("B62+4", given="shipped 80 days ago and told so now, then delivered yesterday", right="opened")
def test_s24_a_fallback_that_has_passed_waits_too(came: Came) -> None:
    shipped = facts(shipped="Jan 1")[0].model_copy(update={"at": NOW - 80 * DAY})
    placed = NOW - 81 * DAY
    happened = told_late(promised_by=None, placed_at=placed, paid_at=placed, facts=(shipped,))
    came(dispute_of(after(happened, record("delivered", NOW - DAY, told=NOW))))


def test_s24_a_timer_that_asks_some_seconds_late_releases_at_the_hour() -> None:
    finished = order(finished="Mar 1", placed_at=PLACED, paid_at=PLACED)
    asked = expire_order("protection_end", on("Mar 17", "00:00"), at=on("Mar 17", "00:00") + timedelta(seconds=9))
    assert order_of(after(finished, asked)).release_at == on("Mar 17", "01:00")


def test_k3_after_the_release_no_receipt_moves_the_end() -> None:
    released = after(told_late(), expire_order("release", NOW + timedelta(hours=1)))
    told = given(decider, released).when(record("delivered", NOW - 3 * DAY, told=NOW + timedelta(hours=2)))
    told.then_types(OrderDelivered)


def test_k3_after_a_receipt_the_end_stands_once_it_has_passed() -> None:
    received = after(
        order(delivered="Mar 1", placed_at=PLACED, paid_at=PLACED),
        expire_order("protection_end", on("Mar 17", "00:00")),
    )
    given(decider, received).when(record("finished", on("Mar 16"), told=NOW)).then_types(OrderFinished)
    given(decider, received).when(open_dispute(NOW, reason="late")).then_rejects(ProtectionAlreadyExpired)


def test_p_a_receipt_between_p_and_r_puts_off_both() -> None:
    delivered = given(decider, told_late()).when(record("delivered", NOW - 3 * DAY, told=NOW))
    state = delivered.states[0]
    assert (state.due("protection_end"), state.due("release")) == (on("Apr 2", "00:00"), None)
    again = delivered.when(expire_order("protection_end", on("Apr 2", "00:00")))
    assert again.states[0].release_at == on("Apr 2", "01:00")
