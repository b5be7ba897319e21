"""Webhooks out: the provider sends word of what it was not done with at once, and of what a buyer's bank takes back,
signed, and again until it is heard.

Faults on demand: a message comes late, is lost, comes twice, after the one behind it, or bears another's signature.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import orjson

from sandbox.faults.faults import Fault, Faults
from sandbox.provider.chargebacks import ChargebackView
from sandbox.provider.payments import RefundView
from shared.events.base import wire_time
from shared.events.money import Money
from shared.http.request.webhooks import key_of, signed_headers
from shared.process.clock import SystemClock

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between two tries to deliver a message."""
STRANGER = "whsec_c29tZWJvZHkgZWxzZSBzaWducyB0aGlz"
KINDS = {"succeeded": "refund.issued", "declined": "refund.failed"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mail:
    """A message: its id is the same however often it is sent."""

    id: str
    body: bytes


@dataclass
class Webhooks:
    """Sends to one address, with one secret; a message that is reordered waits for the next."""

    session: aiohttp.ClientSession
    address: str
    secret: str
    faults: Faults
    _kept: list[Mail] = field(default_factory=list)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def tell(self, refund: RefundView) -> None:
        """Sends word of a refund, as it is now."""
        self._tell(KINDS[refund["status"]], refund["at"], refund)

    def tell_of_chargeback(self, chargeback: ChargebackView) -> None:
        """Sends word of a chargeback, as it is now."""
        decided_at = chargeback["decided_at"]
        kind = "chargeback.decided" if decided_at else "chargeback.opened"
        self._tell(kind, decided_at or chargeback["at"], chargeback)

    def _tell(self, kind: str, at: datetime, about: RefundView | ChargebackView) -> None:
        data = {name: _on_wire(value) for name, value in about.items()}
        fault = self.faults.next("webhook", about["payment_id"], about["order_id"])
        self.send({"type": kind, "at": wire_time(at), "data": data}, fault)

    def send(self, message: Mapping[str, Any], fault: Fault | None) -> None:
        """Sends a message, with what is to go wrong with it."""
        self._post(Mail(f"evt_{uuid.uuid4().hex}", orjson.dumps(message)), fault)

    async def close(self) -> None:
        """What has not been heard by now never is."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _post(self, mail: Mail, fault: Fault | None) -> None:
        match fault.fault if fault else None:
            case "drop":
                return
            case "reorder":
                self._kept.append(mail)
            case "duplicate":
                self._start(mail)
                self._start(mail)
            case "forge":
                self._start(mail, STRANGER)
            case _:
                self._start(mail, after=fault.hold if fault else 0.0)
                while self._kept:
                    self._start(self._kept.pop(), after=0.2)

    def _start(self, mail: Mail, secret: str | None = None, after: float = 0.0) -> None:
        task = asyncio.create_task(self._deliver(mail, key_of(secret or self.secret), after))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _deliver(self, mail: Mail, key: bytes, after: float) -> None:
        await asyncio.sleep(after)
        for pause in (*PAUSES, None):
            # A new signature for each try: it counts for five minutes only.
            headers = signed_headers(key, mail.id, SystemClock().now().timestamp(), mail.body)
            if await self._heard(mail.body, {"Content-Type": "application/json", **headers}):
                return
            if pause is not None:
                await asyncio.sleep(pause)
        log.info("webhook %s was heard by nobody", mail.id)

    async def _heard(self, body: bytes, headers: Mapping[str, Any]) -> bool:
        """Whether it need not be sent again; whoever calls it forged will not change their mind."""
        try:
            async with self.session.post(self.address, data=body, headers=headers) as response:
                return response.status < 300 or response.status == 401
        except (aiohttp.ClientError, TimeoutError):
            return False


def _on_wire(value: Any) -> Any:
    match value:
        case Money():
            return {"amount": value.amount, "currency": value.currency}
        case datetime():
            return wire_time(value)
    return value
