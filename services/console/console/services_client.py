"""The console's view of the services: their public HTTP APIs, each call with a limit, an answer in every case."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

LIMIT = 2.0
"""Seconds for one call; a page waits for its slowest one."""
LARGEST = 2 * 1024 * 1024
"""Bytes of an answer that are read."""
WHO = {"sub": "console", "roles": ["case_team", "support"], "expires_in": 3600}
EARLY = 60
"""Seconds before its end at which a token is replaced."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said: its status and JSON, or no status and why there is none."""

    status: int | None
    body: Any = None
    trouble: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is what was asked for."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def detail(self) -> str:
        """What went wrong, in a sentence."""
        if self.trouble or not isinstance(self.body, Mapping):
            return self.trouble or f"it answered {self.status}"
        said = self.body.get("detail") or self.body.get("title") or self.body.get("code")
        return f"{said} ({self.status})" if said else f"it answered {self.status}"

    @property
    def data(self) -> list[Mapping[str, Any]]:
        """The rows of a list; none where it is no list."""
        rows = self.body.get("data") if self.ok and isinstance(self.body, Mapping) else None
        return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


class Upstream:
    """The services by name, at their addresses."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Mapping[str, str]) -> None:
        self._session = session
        self.addresses = addresses
        self._token: tuple[str, float] = ("", 0.0)

    async def get(
        self, service: str, *path: str, query: Mapping[str, str | int] | None = None, signed: bool = True
    ) -> Answer:
        """A GET of the path whose parts are given; `signed` with a token of the case team and support."""
        headers = {}
        if signed:
            token = await self._access_token()
            if not isinstance(token, str):
                return token
            headers["Authorization"] = f"Bearer {token}"
        parts = "/".join(quote(part, safe="") for part in path)
        return await self._ask("GET", f"{self.addresses[service]}/{parts}", headers=headers, params=query)

    async def _access_token(self) -> str | Answer:
        token, until = self._token
        if time.monotonic() < until:
            return token
        answer = await self._ask("POST", f"{self.addresses['sandbox']}/token", json=WHO)
        if not answer.ok or not isinstance(answer.body, Mapping):
            return Answer(None, trouble=f"no token from the sandbox: {answer.detail}")
        token = str(answer.body.get("access_token"))
        self._token = token, time.monotonic() + float(answer.body.get("expires_in", 0)) - EARLY
        return token

    async def _ask(self, method: str, url: str, **options: Any) -> Answer:
        try:
            async with self._session.request(
                method, url, timeout=aiohttp.ClientTimeout(LIMIT), allow_redirects=False, **options
            ) as response:
                return Answer(response.status, _json(await _body(response)))
        except TimeoutError:
            return Answer(None, trouble=f"no answer within {LIMIT:.0f} s")
        except aiohttp.ClientError:
            return Answer(None, trouble="it cannot be reached")
        except ValueError as error:
            return Answer(None, trouble=str(error))


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The body, unless it is too large for a page."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            raise ValueError("the answer is too large for a page")
    return bytes(body)


def _json(body: bytes) -> Any:
    """The value, or nothing where the answer is another text (a health check's)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
