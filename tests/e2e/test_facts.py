"""Facts over HTTP: instants that cannot be, parcels, and an order that is cancelled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.cases.plugin import Came
from tests.e2e.client import Answer, Services, eventually
from tests.e2e.deals import DAY, Deal, Dispute, now, ordered, usd, wire

TWO_LINES = [{"line_id": "1", "price": usd("30.00")}, {"line_id": "2", "price": usd("20.00")}]


def said(answer: Answer) -> str:
    faults = [f"{fault['pointer']} {fault['code']}" for fault in answer.body.get("errors") or ()]
    return " ".join([str(answer.status), answer.body.get("code", "taken"), *faults])


@pytest.mark.case(
    "B09a+5",
    given="POST delivered in 1970 on an order that was not shipped",
    right="422 validation_failed /at before_order, and still disputable",
)
async def test_a_delivery_in_1970_ends_nobodys_protection(services: Services, came: Came) -> None:
    deal = await ordered(services, facts={})
    refused = said(await deal.tell("delivered", "1970-01-01T00:00:00Z"))
    came(f"{refused}, and still {'disputable' if (await deal.open()).status == 201 else 'not disputable'}")


@pytest.mark.case("B09b+5", given="POST delivered in 20 days", right="422 validation_failed /at not_yet")
async def test_what_lies_ahead_has_not_happened(services: Services, came: Came) -> None:
    deal = await ordered(services)
    came(said(await deal.tell("delivered", await now(services) + 20 * DAY)))


@pytest.mark.case(
    "B62+5", given="PUT 60 days late without facts, then delivered 3 days ago, then a dispute", right="201"
)
async def test_an_order_that_is_told_late_waits_for_its_facts(services: Services, came: Came) -> None:
    moment = await now(services)
    placed = wire(moment - 60 * DAY)
    deal = await ordered(services, promised=-20, facts={}, placed_at=placed, payment={"paid_at": placed})
    await eventually(deal.status, lambda answer: answer.status == 200 and answer["protection_expired"])
    (await deal.tell("delivered", moment - 3 * DAY)).ok()
    came((await deal.open(reason="late")).status)


@pytest.mark.case(
    "B60+8",
    given="POST shipped with parcels [[1],[2]], delivered [1] 3 days ago; line 2 not received",
    right="201",
)
async def test_an_arrival_is_that_of_its_parcel(services: Services, came: Came) -> None:
    moment = await now(services)
    deal = await ordered(services, lines=TWO_LINES, facts={}, promised=-4)
    (await deal.tell("shipped", moment - 12 * DAY, parcels=[{"lines": ["1"]}, {"lines": ["2"]}])).ok()
    assert said(await deal.tell("delivered", moment - 3 * DAY)) == "422 validation_failed /parcels parcel_required"
    told = await deal.tell("delivered", moment - 3 * DAY, parcels=[{"lines": [{"line_id": "1"}]}])
    assert told.ok()["recorded"] is True
    first = await deal.open(lines=[{"line_id": "1", "quantity": 1}], amount=usd("30.00"))
    assert first.refused == (422, "reason_not_covered")
    came((await deal.open(lines=[{"line_id": "2", "quantity": 1}], amount=usd("20.00"))).status)


async def test_parcels_are_shown_with_their_right_numbers(services: Services) -> None:
    moment = await now(services)
    deal = await ordered(services, lines=TWO_LINES, facts={}, promised=30)
    shipped = [{"tracking_number": "LX1", "carrier": "Correos España", "lines": [{"line_id": "1", "quantity": 1}]}]
    (await deal.tell("shipped", moment - 2 * DAY, parcels=shipped)).ok()
    mistyped = {"parcels": [{"tracking_number": "LX1"}], "tracking_number": "LX2"}
    (await deal.tell("tracking_corrected", moment - DAY, **mistyped)).ok()
    assert said(await deal.tell("carrier_lost", moment, parcels=[{"tracking_number": "LX9"}])) == (
        "422 validation_failed /parcels unknown_parcel"
    )
    (await deal.tell("delivered", moment - timedelta(hours=1), parcels=[{"tracking_number": "LX2"}])).ok()
    status = await eventually(deal.status, lambda answer: answer.status == 200)
    (parcel,) = status["parcels"]
    assert (parcel["parcel_id"], parcel["tracking_number"], parcel["carrier"]) == ("LX1", "LX2", "Correos España")
    assert parcel["lines"] == [{"line_id": "1", "quantity": 1}]
    assert parcel["delivered_at"] and status["delivered_at"] is None


async def done(deal: Deal) -> Any:
    return await eventually(deal.status, lambda answer: answer.status == 200 and answer["completed"])


@pytest.mark.case(
    "B01a+5",
    given="POST cancelled by the seller on a captured, unshipped order",
    right="refunded 50.00, completed, then order_completed",
)
async def test_a_cancelled_order_is_paid_back(services: Services, came: Came) -> None:
    deal = await ordered(services, facts={})
    assert (await deal.tell("cancelled", await now(services), by="seller")).ok()["recorded"] is True
    status = await done(deal)
    (refund,) = status["refunds"]
    assert (refund["dispute_id"], refund["outcome"]) == (None, "issued")
    assert (status["payout"], status["cancelled_by"]) == ("refunded", "seller")
    refused = await deal.open()
    assert refused.status == 409
    came(f"{status['payout']} {refund['amount']['amount']}, completed, then {refused['code']}")


@pytest.mark.case(
    "B01b+4", given="POST cancelled after the shipment", right="409 already_shipped, and still disputable"
)
async def test_a_shipped_order_is_not_cancelled(services: Services, came: Came) -> None:
    deal = await ordered(services)
    refused = await deal.tell("cancelled", await now(services), by="buyer")
    assert "open-dispute" in {action["rel"] for action in refused["actions"]}
    came(f"{said(refused)}, and still {'disputable' if (await deal.open()).status == 201 else 'not disputable'}")


@pytest.mark.case(
    "R1+4",
    given="POST cancelled with an open dispute on one of two lines",
    right="closed refunded 30.00; order refunded",
)
async def test_an_open_dispute_ends_with_its_order(services: Services, came: Came) -> None:
    deal = await ordered(services, lines=TWO_LINES, facts={})
    opened = (await deal.open(lines=[{"line_id": "1", "quantity": 1}], amount=usd("12.00"))).ok(201)
    (await deal.tell("cancelled", await now(services), by="seller")).ok()
    closed = await Dispute(deal, opened["id"]).closed()
    status = await done(deal)
    assert sorted(refund["amount"]["amount"] for refund in status["refunds"]) == ["20.00", "30.00"]
    came(f"closed {closed['result']['reason']} {closed['result']['amount']['amount']}; order {status['payout']}")
