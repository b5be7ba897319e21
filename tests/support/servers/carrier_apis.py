"""Local servers of USPS's and UPS's shapes: labels, their cancellation and their parcels' events, with faults on
demand. The names of paths and members are those of their published interfaces, as Karrio's own types have them; neither
keeps a key, and what is void cannot be void again.
"""

from __future__ import annotations

import base64
import io
import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from PIL import Image

from return_label.domain.tracking.scans import ScanKind
from shared.tracking.check_digits import mod10_1_2, mod10_3_1

PDF = b"%PDF-1.4 a label of USPS"


class Refused(Exception):
    """The carrier says no, by this code."""


@dataclass
class CarrierApi(ABC):
    """A carrier's books. `fault` is what happens to the next purchase, `fault_of_void` to the next cancellation:
    `decline`, `timeout_before`, `timeout_after`, `error_after`, or `away`.
    """

    labels: list[Any] = field(default_factory=list)
    """What was asked for, each label's request."""
    numbers: list[str] = field(default_factory=list)
    void: set[str] = field(default_factory=set)
    seen: dict[str, list[ScanKind]] = field(default_factory=dict)
    fault: str = ""
    fault_of_void: str = ""
    code: str = "declined"
    logins: int = 0
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @abstractmethod
    def app(self) -> web.Application:
        """Its server."""

    async def buy(self, wanted: Any, number: str) -> str:
        """A label of this number, or what the fault makes of it."""
        fault, self.fault = self.fault, ""
        await self._before(fault)
        if fault == "decline":
            raise Refused(self.code)
        self.labels.append(wanted)
        self.numbers.append(number)
        await self._after(fault)
        return number

    async def cancel(self, number: str) -> None:
        """Once, and nothing that was seen."""
        fault, self.fault_of_void = self.fault_of_void, ""
        await self._before(fault)
        if number not in self.numbers or number in self.void or self.seen.get(number):
            raise Refused("not_voidable")
        self.void.add(number)
        await self._after(fault)

    def next(self) -> int:
        """A running number."""
        return next(self._numbers)

    async def _before(self, fault: str) -> None:
        if fault == "timeout_before":
            await self._silent()
        if fault == "away":
            raise web.HTTPTooManyRequests

    async def _after(self, fault: str) -> None:
        if fault == "timeout_after":
            await self._silent()
        if fault == "error_after":
            raise web.HTTPInternalServerError

    async def _silent(self) -> None:
        raise web.HTTPGatewayTimeout


def with_check(digits: str) -> str:
    """The number with its check digit, as USPS has it."""
    return next(whole for last in "0123456789" if mod10_3_1(whole := digits + last))


class UspsApi(CarrierApi):
    """USPS's Labels 3.0."""

    words: Mapping[ScanKind, str] = {
        ScanKind.ACCEPTED: "Origin Acceptance",
        ScanKind.IN_TRANSIT: "In Transit to Next Facility",
        ScanKind.DELIVERED: "Delivered, Front Desk",
        ScanKind.RETURNED_TO_SENDER: "Delivered, To Original Sender",
    }

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/oauth2/v3/token", self._log_in)
        app.router.add_post("/payments/v3/payment-authorization", self._authorise)
        app.router.add_post("/labels/v3/label", self._label)
        app.router.add_delete("/labels/v3/label/{number}", self._cancel)
        app.router.add_get("/tracking/v3/tracking/{number}", self._track)
        return app

    async def _log_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (form["client_id"], form["client_secret"]) != ("id", "hush"):
            return web.json_response({"error": "invalid_client"}, status=401)
        self.logins += 1
        return web.json_response({"access_token": "in", "token_type": "Bearer", "expires_in": 3600})

    async def _authorise(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer in"
        roles = [(role["roleName"], role["CRID"]) for role in (await request.json())["roles"]]
        assert roles == [("LABEL_OWNER", "1234"), ("PAYER", "1234")]
        return web.json_response({"paymentAuthorizationToken": "pay"})

    async def _label(self, request: web.Request) -> web.Response:
        assert request.headers["X-Payment-Authorization-Token"] == "pay"
        try:
            number = await self.buy(await request.json(), with_check(f"92{self.next():019}"))
        except Refused as error:
            return usps_error(str(error))
        about = f'{{"trackingNumber": "{number}", "postage": 7, "SKU": "DUXP0XXXXC00440"}}'
        parts = (
            f'Content-Type: application/json\r\nContent-Disposition: form-data; name="labelMetadata"\r\n\r\n{about}',
            "Content-Type: application/pdf\r\n"
            'Content-Disposition: form-data; filename="labelImage.pdf"; name="labelImage"\r\n\r\n'
            + base64.b64encode(PDF).decode(),
        )
        body = "".join(f"--part01\r\n{part}\r\n" for part in parts) + "--part01--"
        return web.Response(text=body, content_type="multipart/form-data")

    async def _cancel(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        try:
            await self.cancel(number)
        except Refused as error:
            return usps_error(str(error))
        return web.json_response({"trackingNumber": number, "status": "CANCELED"})

    async def _track(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        printed = [event("Shipping Label Created, USPS Awaiting Item", "GX", 0)] if number in self.numbers else []
        events = [event(self.words[kind], "01", n) for n, kind in enumerate(self.seen.get(number, ()), 1)]
        if not events and not printed:
            return usps_error("not_found", 404)
        found = {"trackingNumber": number, "status": "In Transit", "statusCategory": "In Transit"}
        return web.json_response({**found, "trackingEvents": [*printed, *events][::-1]})


def usps_error(code: str, status: int = 400) -> web.Response:
    told = [{"code": code, "title": "no", "status": str(status), "detail": "no"}]
    return web.json_response({"apiVersion": "3", "error": {"code": str(status), "errors": told}}, status=status)


def event(word: str, code: str, minute: int) -> dict[str, Any]:
    return {"eventType": word, "eventCode": code, "eventTimestamp": f"2026-03-06T10:{minute:02}:00Z"}


class UpsApi(CarrierApi):
    """UPS's Shipping v2409 and Tracking v1."""

    words: Mapping[ScanKind, tuple[str, str, str]] = {
        ScanKind.ACCEPTED: ("P", "Origin Scan", "OR"),
        ScanKind.IN_TRANSIT: ("I", "Departed from Facility", "DP"),
        ScanKind.DELIVERED: ("D", "DELIVERED", "FS"),
        ScanKind.RETURNED_TO_SENDER: ("D", "RETURNED TO SHIPPER", "FS"),
    }

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/security/v1/oauth/token", self._log_in)
        app.router.add_post("/api/shipments/v2409/ship", self._label)
        app.router.add_delete("/api/shipments/v2409/void/cancel/{number}", self._cancel)
        app.router.add_get("/api/track/v1/details/{number}", self._track)
        return app

    async def _log_in(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != f"Basic {base64.b64encode(b'id:hush').decode()}":
            return web.json_response({"response": {"errors": [{"code": "10401", "message": "no"}]}}, status=401)
        self.logins += 1
        return web.json_response({"access_token": "in", "issued_at": "1772791200000", "expires_in": "14399"})

    async def _label(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer in"
        start = f"999AA10{self.next():08}"
        number = next(f"1Z{start}{last}" for last in "0123456789" if mod10_1_2(f"{start}{last}"))
        try:
            await self.buy(await request.json(), number)
        except Refused as error:
            return ups_error(str(error))
        drawn = {"ImageFormat": {"Code": "PNG"}, "GraphicImage": png()}
        result = {
            "ShipmentIdentificationNumber": number,
            "PackageResults": [{"TrackingNumber": number, "ShippingLabel": drawn}],
        }
        said = {"Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}}, "ShipmentResults": result}
        return web.json_response({"ShipmentResponse": said})

    async def _cancel(self, request: web.Request) -> web.Response:
        try:
            await self.cancel(request.match_info["number"])
        except Refused as error:
            return ups_error(str(error))
        done = {"Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}}}
        return web.json_response({"VoidShipmentResponse": done})

    async def _track(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if number not in self.numbers:
            warnings = [{"code": "TW0001", "message": "Tracking Information Not Found"}]
            return web.json_response({"trackResponse": {"shipment": [{"inquiryNumber": number, "warnings": warnings}]}})
        seen = [("M", "Shipper created a label", "MP"), *(self.words[kind] for kind in self.seen.get(number, ()))]
        activity = [
            {
                "date": "20260306",
                "time": f"10{minute:02}00",
                "status": {"type": kind, "description": word, "code": code},
                "location": {"address": {"city": "SPRINGFIELD", "country": "US"}},
            }
            for minute, (kind, word, code) in enumerate(seen)
        ]
        package: dict[str, Any] = {
            "trackingNumber": number,
            "activity": activity[::-1],
            "deliveryDate": [],
            "packageAddress": [],
        }
        package |= {"deliveryInformation": {}, "service": {"code": "03"}, "weight": {"weight": "2.00"}}
        return web.json_response({"trackResponse": {"shipment": [{"inquiryNumber": number, "package": [package]}]}})


def ups_error(code: str) -> web.Response:
    return web.json_response({"response": {"errors": [{"code": code, "message": "no"}]}}, status=400)


def png() -> str:
    """A picture of the size of a label."""
    drawn = io.BytesIO()
    Image.new("1", (1400, 800), 1).save(drawn, "PNG")
    return base64.b64encode(drawn.getvalue()).decode()
