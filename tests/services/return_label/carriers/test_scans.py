"""A carrier's scans, by its webhooks and by asking it: each counts once, in whatever order and however often it is told
(T23, T25, T25a).
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from return_label.api import returns, scans
from return_label.app import FORETELLING
from return_label.domain.decider import decider
from return_label.domain.returns.labels.purchase import RecordLabelBought
from return_label.domain.returns.state import Return, ReturnState
from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.following import Following
from return_label.gateways.port import LabelCall
from return_label.gateways.sandbox import sandbox_carrier
from return_label.webhooks.plugins import receiver_of
from shared.events.ids import derived_id, derived_uuid
from shared.http.request.webhooks import AGE, key_of, signed_headers
from shared.process.environment import SANDBOX_WEBHOOKS
from tests.support.builders import returns as r
from tests.support.servers.sandbox import Answered, sandbox
from tests.support.servers.service import ServedService, serving
from tests.support.servers.stack import eventually
from tests.support.toys.worst_carrier import WorstCarrier

Migrated = Callable[[str], Awaitable[str]]
HEARD = "/v1/webhooks/carrier"
KEY = key_of(SANDBOX_WEBHOOKS.partition("+")[2])
OTHER = derived_id("ret", "o1", 2)
NUMBER = "LA000000779AQ"


@pytest.fixture
async def service(migrated: Migrated) -> AsyncIterator[ServedService]:
    """A return whose label was bought of the carrier."""
    heard = {"carrier_webhooks": receiver_of(SANDBOX_WEBHOOKS)}
    dsn = await migrated("return_label")
    async with serving("return_label", returns.router, decider, dsn, FORETELLING, scans.router, **heard) as service:
        service.clock.at = r.FRIDAY
        await bought(service)
        yield service


async def ordered(service: ServedService, return_id: str, order_id: str) -> None:
    own = {"return_id": return_id, "command_id": derived_uuid("request", return_id)}
    await service.decide(r.request(carrier="sandbox", order_id=order_id).model_copy(update=own))


async def bought(
    service: ServedService, return_id: str = r.RETURN_ID, number: str = NUMBER, order_id: str = "o1"
) -> None:
    await ordered(service, return_id, order_id)
    order = (await state(service, return_id)).ordered
    assert order
    answer = {"tracking_number": number, "carrier": "sandbox"}
    await service.decide(RecordLabelBought.of(order, r.BUYER.id, r.FRIDAY, **answer))


async def state(service: ServedService, return_id: str = r.RETURN_ID) -> Return:
    (history,) = await service.store.load(f"return-{return_id}")
    folded: Return = decider.fold("return-", [recorded.event for recorded in history])
    return folded


async def types(service: ServedService, stream: str = f"return-{r.RETURN_ID}") -> list[str]:
    (history,) = await service.store.load(stream)
    return [type(recorded.event).__name__ for recorded in history]


def scan(kind: str, scan_id: str = "scan_1", number: str = NUMBER, reference: str = r.RETURN_ID) -> dict[str, Any]:
    data = {"id": scan_id, "reference": reference, "tracking_number": number, "kind": kind}
    return {"type": "parcel.scanned", "data": data}


async def send(service: ServedService, message: Any, late: float = 0, key: bytes = KEY) -> Answered:
    body = json.dumps(message).encode()
    headers = {"Content-Type": "application/json", **signed_headers(key, "evt_1", time.time() - late, body)}
    return await service.served.ask("POST", HEARD, data=body, headers=headers)


async def results(service: ServedService, *messages: dict[str, Any]) -> list[str]:
    return [(await send(service, message)).body["result"] for message in messages]


async def test_t23_t25_a_parcel_is_followed_from_its_first_scan_to_its_receipt(service: ServedService) -> None:
    told = await results(service, scan("accepted"), scan("in_transit", "scan_2"), scan("delivered", "scan_3"))
    assert told == ["taken", "ignored", "taken"]
    assert (await types(service))[3:] == ["ReturnLabelIssued", "ReturnShipped", "ReturnReceived"]
    assert (await types(service, f"label_quota-{r.BUYER.id}"))[-1] == "LabelQuotaUsed"


async def test_t25a_a_parcel_that_the_carrier_has_lost_was_sent_prepaid(service: ServedService) -> None:
    assert await results(service, scan("lost")) == ["taken"]
    lost = (await state(service)).lost
    assert lost and lost.prepaid


@pytest.mark.parametrize("kinds", [("delivered", "in_transit", "accepted"), ("in_transit", "delivered", "accepted")])
async def test_scans_in_another_order_come_to_the_same(service: ServedService, kinds: tuple[str, ...]) -> None:
    for n, kind in enumerate(kinds):
        await send(service, scan(kind, f"scan_{n}"))
    assert (await types(service))[-2:] == ["ReturnShipped", "ReturnReceived"]


async def test_a_scan_that_is_told_again_is_a_repeat_and_changes_nothing(service: ServedService) -> None:
    assert await results(service, *[scan("delivered")] * 3) == ["taken", "repeated", "repeated"]


@pytest.mark.parametrize("after", ["delivered", "lost"])
async def test_what_comes_too_late_changes_nothing(service: ServedService, after: str) -> None:
    late = "lost" if after == "delivered" else "delivered"
    assert await results(service, scan(after), scan(late, "scan_2")) == ["taken", "ignored"]


async def test_a_parcel_that_goes_back_to_its_sender_has_not_arrived(service: ServedService) -> None:
    await send(service, scan("returned_to_sender"))
    assert (await state(service)).state is ReturnState.SHIPPED


@pytest.mark.parametrize(
    "message",
    [
        scan("delivered", number="LA000000028AQ"),
        scan("delivered", reference="ret_9a31"),
        {"type": "invoice.sent", "data": {}},
    ],
)
async def test_what_is_about_no_parcel_of_ours_is_ignored(service: ServedService, message: dict[str, Any]) -> None:
    before = await types(service)
    assert await results(service, message) == ["ignored"]
    assert await types(service) == before


@pytest.mark.parametrize(
    ("message", "options", "status"),
    [
        (scan("delivered"), {"key": b"somebody else's key"}, 401),
        (scan("delivered"), {"late": AGE + 1}, 401),
        (scan("delivered"), {"late": -2 * AGE}, 401),
        (scan("stolen"), {}, 400),
        ([], {}, 400),
    ],
)
async def test_what_the_carrier_has_not_sent_now_is_refused(
    service: ServedService, message: Any, options: dict[str, Any], status: int
) -> None:
    before = await types(service)
    assert (await send(service, message, **options)).status == status
    assert await types(service) == before


async def test_k24_a_parcel_with_the_goods_of_two_returns_arrives_for_both(service: ServedService) -> None:
    await bought(service, OTHER)
    assert await results(service, scan("delivered")) == ["taken"]
    assert {(await state(service, each)).state for each in (r.RETURN_ID, OTHER)} == {ReturnState.RECEIVED}


async def test_a_scan_before_the_label_is_known_is_to_be_told_again(service: ServedService) -> None:
    await ordered(service, OTHER, "o2")
    answer = await send(service, scan("accepted", reference=OTHER))
    assert (answer.status, answer.body["code"]) == (503, "busy")


async def test_without_a_secret_no_carrier_is_heard(service: ServedService) -> None:
    service.served.app.state.carrier_webhooks = receiver_of("")
    assert (await send(service, scan("delivered"))).status == 404


@pytest.mark.parametrize("fault", ["duplicate", "reorder", "delay", "none"])
async def test_the_sandboxs_carrier_tells_of_its_parcels(
    service: ServedService, migrated: Migrated, fault: str
) -> None:
    async with (
        sandbox(await migrated("sandbox"), hears=service.served.address) as running,
        sandbox_carrier(running.address) as carrier,
    ):
        number = await sold(service, carrier)
        if fault != "none":
            more = {"seconds": 0.1} if fault == "delay" else {}
            assert (await running.post("/faults", {"on": "scan", "fault": fault, **more})).status == 201
        for kind in ("accepted", "delivered"):
            assert (await running.post(f"/carrier/labels/{number}/scans", {"kind": kind})).status == 201

        async def has_come() -> bool:
            return (await state(service, OTHER)).state is ReturnState.RECEIVED

        await eventually(has_come)


@pytest.mark.parametrize("fault", ["drop", "forge"])
async def test_a_scan_that_is_lost_or_forged_is_found_by_asking_the_carrier(
    service: ServedService, migrated: Migrated, fault: str
) -> None:
    async with (
        sandbox(await migrated("sandbox"), hears=service.served.address) as running,
        sandbox_carrier(running.address) as carrier,
    ):
        number = await sold(service, carrier)
        await running.post("/faults", {"on": "scan", "fault": fault, "times": 2})
        for kind in ("accepted", "delivered"):
            await running.post(f"/carrier/labels/{number}/scans", {"kind": kind})
        following = Following("sandbox", carrier, service.store, service.pool, service.clock)
        assert not await following.turn()
        assert (await state(service, OTHER)).state is ReturnState.RECEIVED
        assert (await state(service)).state is ReturnState.LABEL_ISSUED
        before = await types(service, f"return-{OTHER}")
        assert await results(service, scan("delivered", "scan_2", number, OTHER)) == ["repeated"]
        assert await types(service, f"return-{OTHER}") == before


async def test_a_carrier_that_is_away_is_asked_in_the_next_round(service: ServedService) -> None:
    async with sandbox_carrier("http://127.0.0.1:9") as nobody:
        following = Following("sandbox", nobody, service.store, service.pool, service.clock)
        assert not await following.turn()
    worst = WorstCarrier()
    worst.scan(NUMBER, ScanKind.LOST)
    await Following("sandbox", worst, service.store, service.pool, service.clock).turn()
    assert (await state(service)).state is ReturnState.LOST


async def sold(service: ServedService, carrier: Any) -> str:
    """Another order's return, with a label that the carrier has sold."""
    answer = await carrier.buy(LabelCall("lbl_2", OTHER, "o2"))
    number = str(answer.tracking_number)
    await bought(service, OTHER, number, "o2")
    return number
