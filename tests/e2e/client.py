"""The services over HTTP as a stranger would meet them: no code of theirs is imported here, and every answer is held
against the service's own OpenAPI document.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from tests.e2e.contract import Contract

PORTS = {"console": 0, "dispute": 1, "refund": 2, "return_label": 3, "sandbox": 9}
SERVICES = ("dispute", "refund", "return_label")
LIMIT = aiohttp.ClientTimeout(total=120)
PROBE = aiohttp.ClientTimeout(total=30)
PATIENCE = 180.0
DAY = 24 * 60 * 60
PAGES = "console"
"""What it answers are pages, of which no document speaks."""

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What a service said, byte for byte."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @cached_property
    def body(self) -> Any:
        """The JSON; None where there is none."""
        return json.loads(self.raw) if self.raw else None

    def __getitem__(self, name: str) -> Any:
        return self.body[name]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]

    @property
    def position(self) -> str:
        return self.headers["Makewhole-Position"]

    @property
    def replayed(self) -> bool:
        return self.headers.get("Idempotent-Replayed") == "true"

    @property
    def refused(self) -> tuple[int, str]:
        """Status and code of a refusal; what else was said shows in the failure of the comparison."""
        return self.status, self.body["code"] if self.status >= 400 else f"no refusal: {self.raw!r}"

    def ok(self, status: int = 200) -> Answer:
        """The same answer, whose status is the expected one."""
        assert self.status == status, f"{self.status} {self.raw!r}"
        return self


@dataclass(slots=True)
class Services:
    """The running services: one session of kept connections, one token for each party."""

    session: aiohttp.ClientSession
    base: int
    _tokens: dict[tuple[str, ...], str] = field(default_factory=dict)
    _contracts: dict[str, Contract] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def new(self, word: str) -> str:
        """A name that nobody has yet."""
        return f"{word}-{next(self._numbers)}"

    def url(self, service: str, path: str, *, worker: bool = False) -> URL:
        return URL(f"http://127.0.0.1:{self.base + PORTS[service] + 100 * worker}{path}", encoded=True)

    async def send(self, service: str, method: str, path: str, *, worker: bool = False, **request: Any) -> Answer:
        """One request as it is given, without a token unless `headers` hold one."""
        async with self.session.request(method, self.url(service, path, worker=worker), **request) as response:
            answer = Answer(response.status, response.headers, await response.read())
        if not worker and service != PAGES:
            contract = await self._contract(service)
            contract.hold(method, path.partition("?")[0], answer.status, response.content_type, answer.raw)
        return answer

    async def probe(self, service: str, path: str, *, worker: bool = False) -> Answer | None:
        """What a process says of itself; None while nobody answers there, for it may be starting."""
        try:
            return await Services.send(self, service, "GET", path, worker=worker, timeout=PROBE)
        except (aiohttp.ClientError, OSError):
            return None

    async def quiet(self, service: str) -> bool:
        """Whether the service's worker has nothing left to do; one that does not say so has."""
        answer = await self.probe(service, "/internal/quiet", worker=True)
        return answer is not None and answer.status == 200 and answer["quiet"] is True

    async def _contract(self, service: str) -> Contract:
        if service not in self._contracts:
            async with self.session.get(self.url(service, "/openapi.json")) as response:
                self._contracts[service] = Contract(await response.json())
        return self._contracts[service]

    async def token(self, sub: str, *roles: str, expires_in: int = DAY) -> str:
        """A bearer token of the sandbox's identity provider; it outlives any run, for it is asked for once."""
        key = (sub, *roles, str(expires_in))
        if key not in self._tokens:
            asked: Json = {"sub": sub, "roles": roles, "expires_in": expires_in}
            self._tokens[key] = (await self.send("sandbox", "POST", "/token", json=asked)).ok()["access_token"]
        return self._tokens[key]

    def party(self, sub: str, *roles: str) -> Party:
        return Party(self, sub, roles)

    @property
    def shop(self) -> Party:
        return self.party("shop", "service")

    async def clock(self) -> Answer:
        return (await self.send("sandbox", "GET", "/clock")).ok()

    async def move_clock(self, **to: str) -> Answer:
        """Moves time for everybody; answers when all that it brings about is done."""
        return (await self.send("sandbox", "POST", "/clock", json=to, timeout=aiohttp.ClientTimeout(total=300))).ok()

    async def ledger(self, order_id: str) -> list[Json]:
        """The provider's movements of money for an order."""
        found: list[Json] = (await self.send("sandbox", "GET", f"/psp/ledger?order_id={order_id}")).ok()["data"]
        return found

    async def arm(self, **fault: Any) -> Answer:
        """Something goes wrong at the provider."""
        return (await self.send("sandbox", "POST", "/faults", json=fault)).ok(201)

    async def at_rest(self) -> None:
        """Returns when no worker has anything left to do."""

        async def asked() -> list[bool]:
            return await asyncio.gather(*map(self.quiet, SERVICES))

        await eventually(asked, all)
        await eventually(asked, all)


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who speaks to the services with a token."""

    services: Services
    sub: str
    roles: tuple[str, ...]

    async def send(
        self, service: str, method: str, path: str, headers: Mapping[str, str] | None = None, **request: Any
    ) -> Answer:
        bearer = {"Authorization": f"Bearer {await self.services.token(self.sub, *self.roles)}"}
        return await self.services.send(service, method, path, headers=bearer | dict(headers or {}), **request)

    async def get(self, path: str, service: str = "dispute") -> Answer:
        return await self.send(service, "GET", path)

    async def read(self, path: str, service: str = "dispute") -> Answer:
        """The answer once the read model has reached the position that the path names."""
        return await eventually(
            lambda: self.get(path, service), lambda answer: answer.refused != (503, "projection_behind")
        )

    async def post(
        self, path: str, body: Any = None, *, key: str | None = None, seen: str | None = None, service: str = "dispute"
    ) -> Answer:
        """A command; `key` is its Idempotency-Key, `seen` the ETag that it agrees to."""
        given = {"Idempotency-Key": key, "If-Match": seen}
        headers = {name: value for name, value in given.items() if value is not None}
        return await self.send(service, "POST", path, headers, **({} if body is None else {"json": body}))


async def eventually(ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], limit: float = PATIENCE) -> T:
    """The first answer for which it holds; a failure shows the last one."""
    end, pause = time.monotonic() + limit, 0.01
    while not holds(answer := await ask()):
        assert time.monotonic() < end, f"still not after {limit:g} s: {_shown(answer)}"
        await asyncio.sleep(pause)
        pause = min(1.5 * pause, 0.15)
    return answer


def _shown(answer: object) -> object:
    return (answer.status, answer.raw) if isinstance(answer, Answer) else answer
