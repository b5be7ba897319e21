"""Carriers that Karrio speaks to, behind the port. None of them keeps a key, so a mark of ours stands for it: it is
made before the carrier is asked, and what nobody has answered for is never asked for a second time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import aiohttp
from karrio.core.models import Parcel, ShipmentRequest

from return_label.gateways.guard import ANSWER_LIMIT, AT_ONCE
from return_label.gateways.karrio import ups as ups_module
from return_label.gateways.karrio import usps as usps_module
from return_label.gateways.karrio.addresses import address
from return_label.gateways.karrio.connector import NOT_FOUND, OK, Connector, TurnedAway
from return_label.gateways.karrio.scans import scans_of
from return_label.gateways.karrio.setting import Setting, setting_of
from return_label.gateways.marks import Mark, Marks, Sold
from return_label.gateways.port import Bought, Carrier, LabelCall, Refused, Scan, Unanswered, Voided

T = TypeVar("T")

CONNECT_LIMIT = 2.0
REFERENCE = 30
"""Letters of the label's id that are printed on it: no carrier takes more."""
MEDIA_TYPES = {"PDF": "application/pdf", "ZPL": "application/zpl"}
READER = ThreadPoolExecutor(2, "karrio")
"""Requests are written and answers read beside the loop: an image that becomes a page takes its time."""


class KarrioCarrier:
    """One carrier by its connector; a return's parcel has the size that the setting says."""

    def __init__(self, connector: Connector, marks: Marks, setting: Setting) -> None:
        self._connector = connector
        self._marks = marks
        self._sizes = setting.sizes
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def buy(self, call: LabelCall) -> Bought | Refused:
        """Once a label's id, whatever is not known."""
        async with self._turns.setdefault(call.label_id, asyncio.Lock()):
            if mark := await self._marks.find(call.label_id):
                return _sold(call, mark)
            way = await call.way()
            sender, receiver = address(way.sender), address(way.receiver)
            if not sender or not receiver:
                return Refused(call.label_id, "address_not_understood")
            request = await _read(self._request, call, sender, receiver)
            headers = await self._connector.ready()
            if not await self._marks.begin(call.label_id):
                raise Unanswered("another process asks for this label")
            return await self._asked(call, headers, request)

    async def find(self, call: LabelCall) -> Bought | None:
        """By the mark: the carrier cannot be asked by our id."""
        mark = await self._marks.find(call.label_id)
        return _sold(call, mark) if mark else None

    async def void(self, call: LabelCall, tracking_number: str) -> Voided | Refused:
        """Asked again after an answer was lost, a carrier refuses as it does for a label that is void: nobody knows."""
        async with self._turns.setdefault(call.label_id, asyncio.Lock()):
            mark = await self._marks.find(call.label_id) or Mark()
            if mark.void:
                return Voided(tracking_number)
            headers = await self._connector.ready()
            await self._marks.asks_void(call.label_id, True)
            answer, given = await self._connector.cancel(headers, tracking_number)
            done, said = await _read(self._connector.mapper.parse_cancel_shipment_response, given)
            if answer.status in OK and done and done.success:
                await self._marks.voided(call.label_id)
                return Voided(tracking_number)
            if mark.void_asked or answer.status in OK:
                raise Unanswered("the carrier refuses what an earlier call may have done")
            await self._marks.asks_void(call.label_id, False)
            return Refused(call.label_id, _code(said))

    async def track(self, tracking_number: str) -> Sequence[Scan]:
        """The events that say where the parcel is."""
        answer, given = await self._connector.track(await self._connector.ready(), tracking_number)
        if answer.status == NOT_FOUND:
            return []
        if answer.status not in OK:
            raise Unanswered(f"the carrier answers {answer.status}")
        found, _ = await _read(self._connector.mapper.parse_tracking_response, given)
        return scans_of(tracking_number, [event for one in found for event in one.events])

    def _request(self, call: LabelCall, sender: Any, receiver: Any) -> Any:
        sizes = self._sizes
        parcel = Parcel(
            weight=sizes["weight_lb"],
            length=sizes["length_in"],
            width=sizes["width_in"],
            height=sizes["height_in"],
            weight_unit="LB",
            dimension_unit="IN",
            packaging_type="your_packaging",
            options=dict(self._connector.options),
        )
        wanted = ShipmentRequest(
            service=self._connector.service,
            parcels=[parcel],
            reference=call.label_id[-REFERENCE:],
            label_type="PDF",
            options=dict(self._connector.options),
            **self._connector.parties(sender, receiver),
        )
        return self._connector.mapper.create_shipment_request(wanted)

    async def _asked(self, call: LabelCall, headers: Any, request: Any) -> Bought | Refused:
        try:
            answer, given = await self._connector.create(headers, request)
        except TurnedAway:
            await self._marks.forget(call.label_id)
            raise
        shipment, said = await _read(self._connector.mapper.parse_shipment_response, given)
        if answer.status not in OK:
            await self._marks.forget(call.label_id)
            return Refused(call.label_id, _code(said))
        if not shipment or not shipment.tracking_number or not shipment.docs.label:
            raise Unanswered("the carrier answers something else than a label")
        media_type = MEDIA_TYPES.get(shipment.label_type, "application/pdf")
        label = Sold(shipment.tracking_number, media_type, shipment.docs.label, call.buyer_id)
        await self._marks.sold(call.label_id, label)
        return Bought(call.label_id, label.tracking_number, media_type)


def _sold(call: LabelCall, mark: Mark) -> Bought:
    if not mark.tracking_number:
        raise Unanswered("a call for this label was made, and its carrier cannot be asked what became of it")
    return Bought(call.label_id, mark.tracking_number, mark.document)


def _code(said: Sequence[Any]) -> str:
    return next((str(each.code) for each in said if each.code), "refused")


async def _read(work: Callable[..., T], *given: Any) -> T:
    """Karrio's part, whose failure is no answer."""
    try:
        return await asyncio.get_running_loop().run_in_executor(READER, work, *given)
    except Exception as error:
        raise Unanswered(f"Karrio cannot read or write it: {type(error).__name__}") from error


def usps_carrier(address: str, marks: Marks | None) -> AbstractAsyncContextManager[Carrier]:
    """The plug-in of USPS. ValueError where the address lacks something."""
    return _opened(setting_of(address, "karrio-usps", usps_module.NEEDS), marks, usps_module.usps)


def ups_carrier(address: str, marks: Marks | None) -> AbstractAsyncContextManager[Carrier]:
    """The plug-in of UPS. ValueError where the address lacks something."""
    return _opened(setting_of(address, "karrio-ups", ups_module.NEEDS), marks, ups_module.ups)


@contextlib.asynccontextmanager
async def _opened(
    setting: Setting, marks: Marks | None, connector: Callable[[Setting, aiohttp.ClientSession], Connector]
) -> AsyncIterator[Carrier]:
    assert marks
    limits = aiohttp.ClientTimeout(total=ANSWER_LIMIT, connect=CONNECT_LIMIT)
    pool = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(setting.base, timeout=limits, connector=pool) as session:
        yield KarrioCarrier(connector(setting, session), marks, setting)
