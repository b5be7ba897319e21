"""A local server of Stripe's shapes: refunds of payment intents and charges, idempotency keys that keep the first
answer for a day, and faults on demand. The names of paths and fields are those of its published OpenAPI document, which
`python -m tests.proof.stripe_document` holds it against.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DAY = 86_400.0
KEY = "sk_live_of_this_machine"
NO_MONEY = ("failed", "canceled")

Refund = dict[str, Any]


@dataclass
class Fault:
    """What happens to a request to create a refund: `error_…` is a 500, `timeout_…` no answer, before or after the
    effect; `error_not_kept` is a 500 before it that the key does not remember; a word that is a status of refunds is
    the one that it is made with; `status` and `error` are a refusal's.
    """

    kind: str
    times: int = 1
    seconds: float = 0.2
    code: str | None = None
    status: int = 400
    error: str = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it came, and the answer that it got."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    form: Sequence[tuple[str, str]]
    status: int
    body: Any


HEARD: list[Callable[[Exchange], None]] = []
"""Who hears of every exchange with such a server."""


class Refused(Exception):
    """An answer that is an error, as Stripe tells it."""

    def __init__(self, status: int, error: str, code: str | None = None) -> None:
        self.status = status
        self.body = {"error": {"type": error, "message": "no", **({"code": code} if code else {})}}


@dataclass
class StripeApi:
    """The provider's books, and what it does to those who ask."""

    captured: dict[str, tuple[int, str]] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    """The idempotency keys of the requests to create a refund, in their order."""
    params: set[str] = field(default_factory=set)
    """The parameters that were asked with."""
    away: bool = False
    now: float = 0.0
    _answers: dict[str, tuple[float, Mapping[str, str], int, Any]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def app(self) -> web.Application:
        """The server's application."""
        app = web.Application(middlewares=[self._admitted])
        app.router.add_post("/v1/refunds", self.create)
        app.router.add_get("/v1/refunds", self.list)
        app.router.add_get("/v1/refunds/{id}", self.retrieve)
        return app

    def paid(self, payment: str) -> list[Refund]:
        """The payment's refunds whose money went, or is on its way."""
        return [made for made in self.refunds if made["payment_intent"] == payment and made["status"] not in NO_MONEY]

    def become(self, status: str, failure_reason: str | None = None) -> None:
        """What is open now has come to this."""
        for made in self.refunds:
            if made["status"] in ("pending", "requires_action"):
                made.update(status=status, **_failed_because(failure_reason))

    @web.middleware
    async def _admitted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.away:
            return web.Response(status=503, text="upstream connect error")
        try:
            if request.headers.get("Authorization") != f"Bearer {KEY}":
                raise Refused(401, "invalid_request_error")
            answer: web.StreamResponse = await handler(request)
        except Refused as refused:
            answer = _told(refused)
        await _heard(request, answer)
        return answer

    async def create(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/refunds`: once a key; the first answer again for a repeat, an error included."""
        key, params = (
            request.headers["Idempotency-Key"],
            {str(name): str(value) for name, value in (await request.post()).items()},
        )
        self.posts.append(key)
        self.params |= {name.partition("[")[0] for name in params}
        if kept := self._kept(key):
            _, asked, status, body = kept
            if asked != params:
                raise Refused(400, "idempotency_error")
            return web.json_response(body, status=status, headers={"Idempotent-Replayed": "true"})
        fault = self._next_fault()
        if fault.kind == "timeout_before":
            await _silent(request, fault)
        if fault.kind == "error_not_kept":
            raise Refused(500, "api_error")
        status, body = self._made(params, fault)
        self._answers[key] = self.now, params, status, body
        if fault.kind == "timeout_after":
            await _silent(request, fault)
        return web.json_response(body, status=status)

    async def list(self, request: web.Request) -> web.Response:
        """`GET /v1/refunds`: the newest first, a page at a time."""
        by, after, limit = request.query, request.query.get("starting_after"), int(request.query.get("limit", "10"))
        self.params |= set(by)
        payment = by.get("payment_intent") or by.get("charge") or ""
        if payment not in self.captured:
            raise Refused(404, "invalid_request_error", "resource_missing")
        found = [made for made in reversed(self.refunds) if payment in (made["payment_intent"], made["charge"])]
        start = next((n + 1 for n, made in enumerate(found) if made["id"] == after), 0)
        page = {"object": "list", "url": "/v1/refunds", "has_more": len(found) > start + limit}
        return web.json_response(page | {"data": found[start : start + limit]})

    async def retrieve(self, request: web.Request) -> web.Response:
        """`GET /v1/refunds/{id}`."""
        for made in self.refunds:
            if made["id"] == request.match_info["id"]:
                return web.json_response(made)
        raise Refused(404, "invalid_request_error", "resource_missing")

    def _kept(self, key: str) -> tuple[float, Mapping[str, str], int, Any] | None:
        kept = self._answers.get(key)
        return kept if kept and self.now - kept[0] < DAY else None

    def _next_fault(self) -> Fault:
        fault = self.faults[0] if self.faults else Fault("none")
        fault.times -= 1
        if self.faults and not fault.times:
            self.faults.pop(0)
        return fault

    def _made(self, params: Mapping[str, str], fault: Fault) -> tuple[int, Any]:
        """The status and the body of the first answer to a key."""
        server_error = 500, Refused(500, "api_error").body
        if fault.kind == "error_before":
            return server_error
        try:
            if fault.kind == "refuse":
                raise Refused(fault.status, fault.error, fault.code)
            made = self._refund(params, fault)
        except Refused as refused:
            return refused.status, refused.body
        return server_error if fault.kind == "error_after" else (200, dict(made))

    def _refund(self, params: Mapping[str, str], fault: Fault) -> Refund:
        payment = params.get("payment_intent") or params.get("charge") or ""
        if payment not in self.captured:
            raise Refused(404, "invalid_request_error", "resource_missing")
        captured, currency = self.captured[payment]
        amount = int(params["amount"])
        gone = sum(
            made["amount"]
            for made in self.refunds
            if made["status"] not in NO_MONEY and payment in (made["payment_intent"], made["charge"])
        )
        if gone + amount > captured:
            raise Refused(
                400, "invalid_request_error", "charge_already_refunded" if gone == captured else "amount_too_large"
            )
        status = fault.kind if fault.kind in ("pending", "requires_action", "failed") else "succeeded"
        made = {
            "id": f"re_{next(self._numbers)}",
            "object": "refund",
            "amount": amount - (fault.kind == "other_amount"),
            "balance_transaction": None,
            "charge": params.get("charge", f"ch_of_{payment}"),
            "created": 1_772_445_600,
            "currency": currency,
            "destination_details": {"type": "card"},
            "metadata": {name[9:-1]: value for name, value in params.items() if name.startswith("metadata[")},
            "payment_intent": params.get("payment_intent"),
            "reason": None,
            "status": status,
            **_failed_because(fault.code if status == "failed" else None),
        }
        self.refunds.append(made)
        return made


def _failed_because(reason: str | None) -> Mapping[str, str]:
    """What a refund that has not failed does not say at all."""
    return {"failure_reason": reason} if reason else {}


def _told(refused: Refused) -> web.Response:
    return web.json_response(refused.body, status=refused.status)


async def _heard(request: web.Request, answer: web.StreamResponse) -> None:
    if not HEARD or not isinstance(answer, web.Response):
        return
    query, form = list(request.query.items()), [(name, str(value)) for name, value in (await request.post()).items()]
    exchange = Exchange(request.method, request.path, query, form, answer.status, json.loads(answer.text or "null"))
    for hear in HEARD:
        hear(exchange)


async def _silent(request: web.Request, fault: Fault) -> None:
    """Sends nothing, and ends the connection."""
    await asyncio.sleep(fault.seconds)
    if request.transport:
        request.transport.close()
    raise web.HTTPServiceUnavailable
