"""Client of the services' public HTTP APIs: kept connections, a limit on every call, tokens from the sandbox.

A call that is safe to repeat (GET, PUT, and whatever carries an Idempotency-Key) is repeated while nobody answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from pydantic_core import from_json

from ops.stack import Stack

LIMIT = 20.0
"""Seconds for one call."""
TRIES = 8
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
CONNECTIONS = 100
TOKEN_LIFE = 3600
RETRIED = frozenset({502, 503, 504})
"""Statuses that mean: the same again may succeed."""
RATE_LIMITED = 429
PATIENCE = 300.0
"""Seconds for which a call waits that comes too often."""

Json = dict[str, Any]


class Unreachable(Exception):
    """A service does not answer."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A service's response; `body` is None where that was no JSON."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def code(self) -> str:
        """The problem's code, or the bare status."""
        return str(self.get("code") or self.status)

    @property
    def etag(self) -> str:
        return self.headers.get("ETag", "")

    @property
    def replayed(self) -> bool:
        """Whether the same request was answered before, and this is that response."""
        return self.headers.get("Idempotent-Replayed", "").lower() == "true"

    @property
    def retry_after(self) -> float:
        """Seconds after which the same may be sent again."""
        told = self.headers.get("Retry-After", "")
        return float(told) if told.isdigit() else LONGEST_PAUSE

    @property
    def summary(self) -> str:
        """Status, code and detail on one line."""
        detail = self.get("detail") or ", ".join(
            f"{fault.get('pointer')} {fault.get('code')}" for fault in self.get("errors") or ()
        )
        return f"{self.status} {self.get('code') or ''} {detail}".strip()

    def get(self, *path: str) -> Any:
        """The member at the path, None where it is missing."""
        value = self.body
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True, slots=True)
class File:
    """A file that is sent as a form, with the fields beside it."""

    name: str
    content: bytes
    fields: Mapping[str, str] = field(default_factory=dict)

    def form(self) -> aiohttp.FormData:
        """The form, which can be sent once."""
        form = aiohttp.FormData(dict(self.fields))
        form.add_field("file", self.content, filename=self.name)
        return form


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `repeatable` says that it may be repeated although it is a POST without a key."""

    service: str
    method: str
    path: str
    body: Any = None
    key: str | None = None
    etag: str | None = None
    params: Mapping[str, str] | None = None
    repeatable: bool = False
    limit: float = LIMIT
    file: File | None = None

    @property
    def is_safe(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return self.repeatable or self.key is not None or self.method in ("GET", "PUT")

    def headers(self, token: str | None) -> dict[str, str]:
        """The headers, those without a value left out."""
        given = {"Authorization": token and f"Bearer {token}", "Idempotency-Key": self.key, "If-Match": self.etag}
        return {name: value for name, value in given.items() if value}


@dataclass(slots=True)
class Api:
    """The client; `party` gives one that sends a party's token."""

    session: aiohttp.ClientSession
    stack: Stack
    tokens: dict[tuple[str, ...], tuple[float, str]] = field(default_factory=dict)

    async def send(self, call: Call, token: str | None = None, tries: int = TRIES) -> ApiResponse:
        """The response, whatever its status; Unreachable where none comes. A call that comes too often waits as long as
        it is told to.
        """
        end = time.monotonic() + PATIENCE
        while True:
            response = await self._insist(call, token, tries)
            if response.status != RATE_LIMITED or time.monotonic() >= end:
                return response
            await asyncio.sleep(response.retry_after)

    async def _insist(self, call: Call, token: str | None, tries: int) -> ApiResponse:
        pause = FIRST_PAUSE
        for left in reversed(range(tries if call.is_safe else 1)):
            try:
                response = await self._send_once(call, token)
                if response.status not in RETRIED or not left:
                    return response
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if not left:
                    raise Unreachable(
                        f"{call.service} does not answer {call.method} {call.path}: {_reason(error)}"
                    ) from error
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        raise AssertionError("the last try returns or raises")

    async def token(self, sub: str, *roles: str) -> str:
        """A token of the sandbox's identity provider, kept for half its life."""
        renew_at, token = self.tokens.get((sub, *roles), (0.0, ""))
        if token and renew_at > time.monotonic():
            return token
        response = await self.send(
            Call("sandbox", "POST", "/token", {"sub": sub, "roles": roles, "expires_in": TOKEN_LIFE}, repeatable=True)
        )
        if not response.ok:
            raise Unreachable(f"the sandbox gives no token: {response.summary}")
        token = str(response.get("access_token"))
        self.tokens[(sub, *roles)] = (time.monotonic() + TOKEN_LIFE / 2, token)
        return token

    def party(self, sub: str, *roles: str) -> Party:
        """A party in these roles."""
        return Party(self, sub, roles)

    async def clock(self) -> ApiResponse:
        """The sandbox's clock."""
        return await self.send(Call("sandbox", "GET", "/clock"))

    async def _send_once(self, call: Call, token: str | None) -> ApiResponse:
        limit = aiohttp.ClientTimeout(total=call.limit)
        url, headers = self.stack.address(call.service) + call.path, call.headers(token)
        body: Json = {"data": call.file.form()} if call.file else {"json": call.body}
        async with self.session.request(
            call.method, url, headers=headers, params=call.params, timeout=limit, **body
        ) as response:
            raw = await response.read()
            return ApiResponse(response.status, _json(raw), response.headers)


@dataclass(frozen=True, slots=True)
class Party:
    """A party that sends requests to the services in some roles."""

    api: Api
    sub: str
    roles: tuple[str, ...]

    async def send(self, call: Call) -> ApiResponse:
        """The response to this party."""
        return await self.api.send(call, await self.api.token(self.sub, *self.roles))

    async def get(self, service: str, path: str, **params: str) -> ApiResponse:
        return await self.send(Call(service, "GET", path, params=params))

    async def put(self, service: str, path: str, body: Any) -> ApiResponse:
        return await self.send(Call(service, "PUT", path, body))

    async def post(
        self, service: str, path: str, body: Any = None, *, key: str | None = None, etag: str | None = None
    ) -> ApiResponse:
        return await self.send(Call(service, "POST", path, body, key, etag))

    async def upload(self, service: str, path: str, file: File, key: str | None = None) -> ApiResponse:
        return await self.send(Call(service, "POST", path, key=key, file=file))


@contextlib.asynccontextmanager
async def open_api(stack: Stack) -> AsyncIterator[Api]:
    """A client with kept connections, closed at the end."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=30)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Api(session, stack)


def _reason(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port} {error.os_error.strerror or error.os_error}"
    return str(error) or type(error).__name__


def _json(raw: bytes) -> Any:
    try:
        return from_json(raw) if raw else None
    except ValueError:
        return None
