"""The sandbox's carrier behind the port."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, ValidationError

from return_label.domain.tracking.scans import ScanKind
from return_label.gateways.guard import ANSWER_LIMIT, AT_ONCE
from return_label.gateways.marks import Marks
from return_label.gateways.port import (
    Bought,
    LabelCall,
    Refused,
    Scan,
    Unanswered,
    Unavailable,
    Voided,
)

CONNECT_LIMIT = 2.0
USED = "label_used"


class SandboxCarrier:
    """The sandbox's carrier over HTTP; where a parcel goes it need not know."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def buy(self, call: LabelCall) -> Bought | Refused:
        """`POST /carrier/labels` under the label's id."""
        headers = {"Idempotency-Key": call.label_id}
        answered = await self._ask("POST", "/carrier/labels", json={"reference": call.return_id}, headers=headers)
        label = _parsed(_Label, answered)
        if label.status == "refused" or not label.tracking_number:
            return Refused(label.idempotency_key, label.code or "refused")
        return Bought(label.idempotency_key, label.tracking_number)

    async def find(self, call: LabelCall) -> Bought | None:
        """`GET /carrier/labels?idempotency_key=`."""
        found = _parsed(_Labels, await self._ask("GET", "/carrier/labels", params={"idempotency_key": call.label_id}))
        sold = next((label for label in found.data if label.tracking_number), None)
        return Bought(sold.idempotency_key, sold.tracking_number or "") if sold else None

    async def void(self, call: LabelCall, tracking_number: str) -> Voided | Refused:
        """`POST /carrier/labels/{number}/void`."""
        label = _parsed(_Label, await self._ask("POST", f"{_path(tracking_number)}/void"))
        return Voided(tracking_number) if label.status == "void" else Refused(call.label_id, USED)

    async def track(self, tracking_number: str) -> Sequence[Scan]:
        """`GET /carrier/labels/{number}/scans`."""
        scans = _parsed(_Scans, await self._ask("GET", f"{_path(tracking_number)}/scans"))
        return [Scan(each.id, each.tracking_number, each.kind, each.at) for each in scans.data]

    async def _ask(self, method: str, path: str, **request: Any) -> bytes:
        try:
            async with self._session.request(method, path, **request) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the carrier does not answer: {type(error).__name__}") from error
        if response.status >= 500:
            raise Unavailable(f"the carrier answers {response.status}")
        return body


def sandbox_carrier(
    address: str, _: Marks | None = None, limit: float = ANSWER_LIMIT
) -> AbstractAsyncContextManager[SandboxCarrier]:
    """The sandbox at this address, on connections of its own; it keeps keys and needs no marks. An answer that takes
    longer than `limit` seconds is none. ValueError where it is no address.
    """
    if not address.startswith(("http://", "https://")):
        raise ValueError("what stands behind sandbox+ is no address")
    return _opened(address, limit)


@contextlib.asynccontextmanager
async def _opened(address: str, limit: float) -> AsyncIterator[SandboxCarrier]:
    limits = aiohttp.ClientTimeout(total=limit, connect=min(limit, CONNECT_LIMIT))
    async with aiohttp.ClientSession(address, timeout=limits, connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        yield SandboxCarrier(session)


class _Label(BaseModel):
    idempotency_key: str
    status: Literal["bought", "refused", "void", "used"]
    tracking_number: str | None = None
    code: str | None = None


class _Labels(BaseModel):
    data: list[_Label]


class _Scan(BaseModel):
    id: str
    tracking_number: str
    kind: ScanKind
    at: datetime


class _Scans(BaseModel):
    data: list[_Scan]


_M = TypeVar("_M", bound=BaseModel)


def _parsed(model: type[_M], body: bytes) -> _M:
    # A status proves nothing: a 4xx of a proxy or of an expired credential says nothing about an earlier try.
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Unanswered("the carrier answers something else than a label") from error


def _path(tracking_number: str) -> str:
    return f"/carrier/labels/{quote(tracking_number, safe='')}"
