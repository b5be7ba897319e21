"""Client of the services' public HTTP APIs: each call has a limit, and failure is a response too."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

LIMIT = 2.0
"""Seconds for one call; a page waits for its slowest one."""
LARGEST_BODY = 2 * 1024 * 1024
"""Bytes of an answer that are read."""
PARTY = {"sub": "console", "roles": ["case_team", "support"], "expires_in": 3600}
RENEWED_BEFORE = 60
"""Seconds before its end at which a token is replaced."""


@dataclass(frozen=True, slots=True)
class ServiceResponse:
    """A service's status and JSON, or no status and why there is none."""

    status: int | None
    body: Any = None
    failure: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is a success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def detail(self) -> str:
        """What went wrong, in a sentence."""
        if self.failure or not isinstance(self.body, Mapping):
            return self.failure or f"it answered {self.status}"
        reason = self.body.get("detail") or self.body.get("title") or self.body.get("code")
        return f"{reason} ({self.status})" if reason else f"it answered {self.status}"

    @property
    def data(self) -> list[Mapping[str, Any]]:
        """The rows of a list; none where it is no list."""
        rows = self.body.get("data") if self.ok and isinstance(self.body, Mapping) else None
        return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


class ServicesClient:
    """The services by name, at their addresses."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Mapping[str, str]) -> None:
        self._session = session
        self.addresses = addresses
        self._token: tuple[str, float] = ("", 0.0)

    async def get(
        self, service: str, *path: str, query: Mapping[str, str | int] | None = None, signed: bool = True
    ) -> ServiceResponse:
        """A GET of the path whose parts are given; `signed` with a token of the case team and support."""
        headers = {}
        if signed:
            token = await self._access_token()
            if not isinstance(token, str):
                return token
            headers["Authorization"] = f"Bearer {token}"
        parts = "/".join(quote(part, safe="") for part in path)
        # As it is encoded: aiohttp would take a %2E for a step of the path.
        asked = URL(f"{self.addresses[service]}/{parts}", encoded=True).with_query(query)
        return await self._send("GET", asked, headers=headers)

    async def _access_token(self) -> str | ServiceResponse:
        token, until = self._token
        if time.monotonic() < until:
            return token
        response = await self._send("POST", f"{self.addresses['sandbox']}/token", json=PARTY)
        if not response.ok or not isinstance(response.body, Mapping):
            return ServiceResponse(None, failure=f"no token from the sandbox: {response.detail}")
        token = str(response.body.get("access_token"))
        self._token = token, time.monotonic() + float(response.body.get("expires_in", 0)) - RENEWED_BEFORE
        return token

    async def _send(self, method: str, url: str | URL, **options: Any) -> ServiceResponse:
        try:
            async with self._session.request(
                method, url, timeout=aiohttp.ClientTimeout(LIMIT), allow_redirects=False, **options
            ) as response:
                return ServiceResponse(response.status, _json(await _body(response)))
        except TimeoutError:
            return ServiceResponse(None, failure=f"no answer within {LIMIT:.0f} s")
        except aiohttp.ClientError:
            return ServiceResponse(None, failure="it cannot be reached")
        except ValueError as error:
            return ServiceResponse(None, failure=str(error))


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The body, unless it is too large for a page."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise ValueError("the answer is too large for a page")
    return bytes(body)


def _json(body: bytes) -> Any:
    """The value; None where the text is no JSON (a health check's)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
