"""The service's own token: with it, and not with whoever asks for a label, the buyer's address is read (S75).

It is asked for with the service's client id and secret (RFC 6749, 4.4), for the one role `labels`, and kept until it
ends.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import aiohttp
from pydantic import BaseModel, ValidationError
from yarl import URL

from shared.http.problems import RETRY_AFTER, Refusal
from shared.process.clock import real_time

LIMIT = 5.0
"""Seconds for one login."""
EARLY = 30.0
"""Seconds before its end from which on a token is not used any more."""
ROLE = "labels"
_FORM = {"grant_type": "client_credentials", "scope": ROLE}
_GIVEN = 200


class _Given(BaseModel):
    access_token: str
    expires_in: float


class OwnToken:
    """Logs in at an address that holds client id and secret."""

    def __init__(self, address: str, now: Callable[[], float] = real_time) -> None:
        place = URL(address)
        self._address = place.with_user(None) if address else None
        login = base64.b64encode(f"{place.user}:{place.password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}"}
        self._now = now
        self._asking = asyncio.Lock()
        self._authorization, self._until = "", float("-inf")

    async def authorization(self) -> str:
        """The Authorization header; 503 where the issuer gives no token, or no login is set."""
        async with self._asking:
            if self._now() >= self._until:
                given = await self._given()
                self._authorization = f"Bearer {given.access_token}"
                self._until = self._now() + given.expires_in - EARLY
            return self._authorization

    async def _given(self) -> _Given:
        try:
            return _Given.model_validate(await self._answer())
        except (aiohttp.ClientError, TimeoutError, ValidationError, ValueError):
            raise _not_logged_in() from None

    async def _answer(self) -> Any:
        if self._address is None:
            raise ValueError("no login is set")
        limit = aiohttp.ClientTimeout(LIMIT)
        async with (
            aiohttp.ClientSession(timeout=limit, headers=self._headers) as session,
            session.post(self._address, data=_FORM, allow_redirects=False) as answer,
        ):
            if answer.status != _GIVEN:
                raise ValueError("the issuer refuses")
            return await answer.json(content_type=None)


def _not_logged_in() -> Refusal:
    later = {"Retry-After": str(RETRY_AFTER)}
    return Refusal("busy", "This service cannot log in now, to read where the order went.", headers=later)
