"""A return whose label is bought and whose parcel is followed by its carrier's scans: three services, the sandbox's
carrier, and nobody who says where the goods are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from shared.process.addresses import Ports
from tests.e2e.client import LIMIT, Answer, Services, eventually
from tests.e2e.deals import ordered
from tests.support.servers.stack import line_of, running, stack_environment

pytestmark = [pytest.mark.e2e, pytest.mark.proof]


@pytest.fixture(scope="module")
async def carried() -> AsyncIterator[Services]:
    """A system of its own, with a carrier."""
    with stack_environment() as environment:
        base = int(environment["PORT_BASE"])
        carrier = f"sandbox+http://127.0.0.1:{Ports(base).app('sandbox')}"
        async with running(environment | {"DEMO": "0", "MAKEWHOLE_CARRIER": carrier}, "run") as process:
            assert (await line_of(process)).startswith("makewhole is ready: http://127.0.0.1:")
            async with aiohttp.ClientSession(timeout=LIMIT) as session:
                yield Services(session, base)


async def armed(services: Services, **fault: object) -> None:
    (await services.send("sandbox", "POST", "/faults", json=fault)).ok(201)


async def scanned(services: Services, number: str, kind: str) -> None:
    (await services.send("sandbox", "POST", f"/carrier/labels/{number}/scans", json={"kind": kind})).ok(201)


async def test_t22_t23_t25_a_return_goes_from_its_request_to_its_settled_refund_by_its_carriers_scans(
    carried: Services,
) -> None:
    """The carrier sells the label and its answer is lost; its scans come twice, and in another order."""
    await armed(carried, on="label", fault="timeout_after", seconds=0)
    dispute = await (await ordered(carried)).opened(type="return_and_refund")
    return_id = (await dispute.respond({"decision": "accept"}))["return_id"]
    path = f"/v1/returns/{return_id}"

    async def be(state: str) -> Answer:
        return await eventually(
            lambda: dispute.deal.buyer.get(path, "return_label"),
            lambda shown: shown.status == 200 and shown["state"] == state,
        )

    label = (await be("label_issued"))["label"]
    number = label["tracking_number"]
    assert (label["carrier"], label["prepaid"]) == ("sandbox", True)
    known = (await carried.send("sandbox", "GET", f"/carrier/labels/{number}/scans")).ok()
    assert known["data"] == []
    await armed(carried, on="scan", fault="reorder")
    await armed(carried, on="scan", fault="duplicate")
    await scanned(carried, number, "accepted")
    await scanned(carried, number, "in_transit")
    assert (await be("shipped"))["shipment"]["tracking_number"] == number
    await scanned(carried, number, "delivered")
    await be("received")
    warehouse = dispute.deal.services.party("warehouse-1", "warehouse")
    seen = (await warehouse.get(path, "return_label")).ok()
    passed = await warehouse.post(
        f"{path}/inspection", {"result": "pass"}, key="pass", seen=seen.etag, service="return_label"
    )
    passed.ok()
    closed = await dispute.closed()
    assert (closed["result"]["reason"], closed["fulfilment"]) == ("refunded", "refund_issued")
    (refund_id,) = [refund["id"] for refund in closed["refunds"]]

    async def refund() -> Answer:
        return (await dispute.deal.buyer.get(f"/v1/refunds/{refund_id}", "refund")).ok()

    issued = await eventually(refund, lambda shown: shown["state"] == "issued")
    await carried.move_clock(now=issued["expected_credit"]["until_at"])
    settled = await eventually(refund, lambda shown: shown["state"] == "settled")
    assert settled["amount"] == closed["result"]["amount"]
    kinds = [line["kind"] for line in await carried.ledger(dispute.deal.order_id)]
    assert kinds == ["capture", "refund"]


async def test_s76_a_label_that_is_given_back_is_taken_back_by_its_carrier_and_what_is_not_is_settled_by_support(
    carried: Services,
) -> None:
    """The carrier takes the first label back, though its answer is lost; with the second one a parcel travels that
    nobody has told of yet.
    """
    dispute = await (await ordered(carried)).opened(type="return_and_refund")
    path = f"/v1/returns/{(await dispute.respond({'decision': 'accept'}))['return_id']}"
    support = carried.party("sue", "support")

    async def shown(holds: Callable[[Answer], bool]) -> Answer:
        return await eventually(
            lambda: support.get(path, "return_label"), lambda back: back.status == 200 and holds(back)
        )

    def ends_as(*states: str) -> Callable[[Answer], bool]:
        return lambda back: [each["state"] for each in back["label_cancellations"]] == list(states)

    first = (await shown(lambda back: bool(back["label"])))["label"]
    await armed(carried, on="label_void", fault="timeout_after", seconds=0)
    (await dispute.deal.buyer.post(f"{path}/void", service="return_label")).ok()
    await shown(ends_as("cancelled"))
    books = await carried.send("sandbox", "GET", f"/carrier/labels?idempotency_key={first['id']}")
    assert [label["status"] for label in books.ok()["data"]] == ["void"]
    (await dispute.deal.buyer.post(f"{path}/label", key="again", service="return_label")).ok(201)
    second = (await shown(lambda back: back["label"]["state"] == "issued"))["label"]
    await armed(carried, on="scan", fault="drop")
    await scanned(carried, second["tracking_number"], "accepted")
    (await dispute.deal.buyer.post(f"{path}/void", service="return_label")).ok()
    left = await shown(ends_as("cancelled", "not_cancelled"))
    assert left["label_cancellations"][1]["code"] == "carrier_refused"
    listed = "/v1/returns?not_cancelled=true"
    await eventually(lambda: support.get(listed, "return_label"), lambda found: len(found["data"]) == 1)
    settled = {"label_id": second["id"], "settled": True}
    (await support.post(f"{path}/label/cancellation", settled, service="return_label")).ok()
    await shown(ends_as("cancelled", "cancelled"))
    await eventually(lambda: support.get(listed, "return_label"), lambda found: not found["data"])
