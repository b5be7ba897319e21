"""The sandbox's payment provider behind the port."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Literal, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from refund.gateways.guard import ANSWER_LIMIT, AT_ONCE
from refund.gateways.port import Answer, Declined, Issued, Pending, RefundCall, Said, Unanswered, Unavailable

CONNECT_LIMIT = 2.0


class SandboxGateway:
    """The sandbox's provider over HTTP."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def refund(self, call: RefundCall) -> Answer | Pending:
        """`POST /psp/refunds` under the call's key."""
        body = {
            "refund_id": call.refund_id,
            "payment_id": call.payment_id,
            "order_id": call.order_id,
            "amount": {"amount": call.amount.amount, "currency": call.amount.currency},
            "destination": call.destination.value,
            **({"account_token": call.account} if call.account else {}),
        }
        answered = await self._ask("POST", json=body, headers={"Idempotency-Key": call.idempotency_key})
        return _answer(_parsed(_Refund, answered), call.idempotency_key)

    async def find(self, call: RefundCall) -> Answer | Pending | None:
        """`GET /psp/refunds`, by the key, and by the refund's id where the key is forgotten."""
        of_key = await self._found(idempotency_key=call.idempotency_key)
        known = of_key or await self._found(refund_id=call.refund_id)
        going = [refund for refund in known if refund.status != "declined" and refund.bank != "returned"]
        mine = [refund for refund in known if refund.idempotency_key == call.idempotency_key]
        return next(map(_said, going or mine), None)

    async def _found(self, **query: str) -> list[_Refund]:
        return _parsed(_Found, await self._ask("GET", params=query)).data

    async def _ask(self, method: str, **request: Any) -> bytes:
        try:
            async with self._session.request(method, "/psp/refunds", **request) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the provider does not answer: {type(error).__name__}") from error
        if response.status >= 500:
            raise Unavailable(f"the provider answers {response.status}")
        return body


@contextlib.asynccontextmanager
async def sandbox_gateway(address: str, limit: float = ANSWER_LIMIT) -> AsyncIterator[SandboxGateway]:
    """The sandbox at this address, on connections of its own; an answer that takes longer than `limit` seconds is
    none.
    """
    limits = aiohttp.ClientTimeout(total=limit, connect=min(limit, CONNECT_LIMIT))
    async with aiohttp.ClientSession(address, timeout=limits, connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        yield SandboxGateway(session)


class _Amount(BaseModel):
    amount: str
    currency: str


class _Refund(BaseModel):
    idempotency_key: str
    refund_id: str
    payment_id: str
    amount: _Amount
    destination: str
    status: Literal["succeeded", "declined", "pending"]
    code: str | None = None
    bank: Literal["under_way", "settled", "returned"] | None = None


class _Found(BaseModel):
    data: list[_Refund]


_M = TypeVar("_M", bound=BaseModel)


def _parsed(model: type[_M], body: bytes) -> _M:
    # A status proves nothing: a 4xx of a proxy, of an expired credential or of a key used twice says nothing about an
    # earlier try.
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Unanswered("the provider answers something else than a refund") from error


def _answer(refund: _Refund, idempotency_key: str) -> Answer | Pending:
    if refund.idempotency_key != idempotency_key:
        raise Unanswered("the provider answers about another refund")
    return _said(refund)


def _said(refund: _Refund) -> Answer | Pending:
    amount = refund.amount
    said = Said(refund.refund_id, refund.payment_id, amount.amount, amount.currency, refund.destination)
    if refund.bank == "returned":
        return Declined("returned_by_bank", said)
    if refund.status == "declined":
        return Declined(refund.code or "declined", said)
    if refund.status == "pending":
        return Pending(refund.idempotency_key, said)
    return Issued(refund.idempotency_key, said, settled=refund.bank == "settled")
