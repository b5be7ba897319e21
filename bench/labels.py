"""Label benchmark: returns whose labels are bought of a local server in USPS's shapes, recorded and drawn, a second;
against Karrio's own SDK, which creates and buys labels at the same server in the same rounds, and draws none.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import karrio.sdk as karrio
from aiohttp import web
from karrio.core.models import Address, Parcel, ShipmentRequest
from karrio.mappers.usps.settings import Settings

from bench.report import Row
from return_label.domain.decider import decider
from return_label.domain.returns.labels.purchase import RecordLabelBought
from return_label.domain.returns.state import Return
from return_label.gateways.guard import AT_ONCE, Guarded
from return_label.gateways.karrio.carrier import usps_carrier
from return_label.gateways.marks import StoredMarks
from return_label.gateways.port import Bought, Carrier, LabelCall, Way
from return_label.views.labels.drawing import pdf
from return_label.views.labels.layout import Label
from shared.events.envelope import Cause
from shared.events.ids import derived_id, derived_uuid
from shared.eventstore.command_handling import handle
from shared.eventstore.connections import open_pool
from shared.eventstore.store import PostgresEventStore, open_store
from tests.support.builders import returns as r
from tests.support.servers.backing import Databases, free_ports
from tests.support.servers.carrier_apis import UspsApi

ANN = "Ann Lee\n12 Main Street\nSpringfield, IL 62701"
DOCK = "Returns\n1 Harbor Way\nBoston MA 02110"
ACCOUNT = {"client_id": "id", "client_secret": "hush", "account_number": "1", "CRID": "1234", "MID": "5678"}
NAME = "Karrio's SDK: create and buy alone, at the same local server"


async def rows(server: str, seconds: float, rounds: int) -> Sequence[Row]:
    """Labels a second, sixteen at once on both sides."""
    ours, theirs = [], []
    dsn = await Databases(server).migrated("return_label")
    async with (
        carrier_server() as address,
        open_store(dsn, deadlines=decider.deadlines) as store,
        open_pool(dsn) as pool,
        usps_carrier(f"{address.replace('//', '//id:hush@')}?account=1&crid=1234&mid=5678", StoredMarks(pool)) as usps,
    ):
        labels, gateway = Labels(store, Guarded(usps)), gateway_at(address)
        await labels.one(0)
        await asyncio.to_thread(created, gateway, 0)
        for _ in range(rounds):
            theirs.append(await per_second(lambda n: in_thread(created, gateway, n), seconds))
            ours.append(await per_second(labels.one, seconds))
    note = "two appends and a mark each, and a PDF of A6; Karrio's server of an earlier day: 2.4-4.1 /s"
    return [Row("labels bought and drawn", "/s", ours, theirs, NAME, note=note)]


class Labels:
    """A buyer's returns, one after the other, each with its label."""

    def __init__(self, store: PostgresEventStore, carrier: Carrier) -> None:
        self._store = store
        self._carrier = carrier
        self._made = 0

    async def one(self, _: int) -> None:
        """From the request to the page."""
        self._made += 1
        order_id = f"o{self._made}"
        return_id, buyer_id = derived_id("ret", order_id), f"b{self._made}"
        about: dict[str, Any] = {"return_id": return_id, "buyer_id": buyer_id, "order_id": order_id}
        asked = r.request(**about, carrier="karrio-usps", command_id=derived_uuid("bench", return_id))
        outcome = await handle(self._store, decider, asked, Cause.of(asked))
        return_: Return = outcome.states[0]
        order = return_.ordered
        assert order
        answer = await self._carrier.buy(LabelCall(order.label_id, return_id, order_id, buyer_id, way))
        assert isinstance(answer, Bought)
        number = answer.tracking_number
        bought = RecordLabelBought.of(order, buyer_id, r.FRIDAY, tracking_number=number, carrier="karrio-usps")
        await handle(self._store, decider, bought, Cause.of(bought))
        page = Label(number=number, receiver=DOCK, sender=ANN, return_id=return_id, send_by="2026-03-16", sample=False)
        assert await in_thread(pdf, page, pool=PRINTER)


PRINTER = ThreadPoolExecutor(1)
BUYERS = ThreadPoolExecutor(AT_ONCE)


async def way() -> Way:
    """Where all of them come from and go to."""
    return Way(ANN, DOCK)


async def in_thread(work: Callable[..., Any], *given: Any, pool: ThreadPoolExecutor = BUYERS) -> Any:
    """Beside the loop."""
    return await asyncio.get_running_loop().run_in_executor(pool, work, *given)


def gateway_at(address: str) -> Any:
    """Karrio's connection to USPS, at another address."""
    gateway = karrio.gateway["usps"].create(ACCOUNT)
    gateway.settings.__class__ = type("Local", (Settings,), {"server_url": address})
    return gateway


def created(gateway: Any, number: int) -> None:
    """One label of Karrio's."""
    wanted = ShipmentRequest(
        service="usps_ground_advantage",
        shipper=party("Ann Lee", "12 Main Street", "Springfield", "IL", "62701"),
        recipient=party("Returns", "1 Harbor Way", "Boston", "MA", "02110"),
        parcels=[Parcel(weight=2.0, length=12.0, width=10.0, height=4.0, weight_unit="LB", dimension_unit="IN")],
        reference=f"bench-{number}",
        label_type="PDF",
    )
    shipment, said = karrio.Shipment.create(wanted).from_(gateway).parse()
    assert shipment and shipment.docs.label, said


def party(name: str, street: str, town: str, state: str, code: str) -> Address:
    """One of the two."""
    where = {"address_line1": street, "city": town, "state_code": state, "postal_code": code, "country_code": "US"}
    return Address(person_name=name, **where)


async def per_second(one: Callable[[int], Awaitable[Any]], seconds: float) -> float:
    """How many are made a second, sixteen at once."""
    made, began = 0, time.perf_counter()

    async def maker() -> None:
        nonlocal made
        while time.perf_counter() - began < seconds:
            await one(made)
            made += 1

    await asyncio.gather(*(maker() for _ in range(AT_ONCE)))
    return made / (time.perf_counter() - began)


@asynccontextmanager
async def carrier_server() -> Any:
    """USPS's shapes in a process of their own."""
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.labels", str(port))
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                await asyncio.sleep(0.1)
        yield address
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    web.run_app(UspsApi().app(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
