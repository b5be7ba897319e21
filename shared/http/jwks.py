"""JWKS: the issuer's public keys (RFC 7517), fetched on demand and renewed in the background."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import jwt
import orjson

from shared.resilience.retry import Transient

ALGORITHMS = ("ES256", "RS256", "EdDSA")
FETCH_LIMIT = 5.0
LARGEST = 256 * 1024  # bytes
AGED = 600.0
"""Seconds after which the keys are asked for again: a key that the issuer has withdrawn lives no longer than this."""
FIRST_TRY_AGAIN = 1.0

log = logging.getLogger(__name__)


class IdentityUnavailable(Transient):
    """No key of the issuer's is known, so no token can be verified."""

    code = "identity_unavailable"


class Keys:
    """The keys at `address`; at most one question every `refresh` seconds, whatever tokens arrive, and the last good
    answer is kept.
    """

    def __init__(self, address: str, refresh: float, now: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._refresh = refresh
        self._now = now
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._published: Any = None
        self._asking = asyncio.Lock()
        self._asked = float("-inf")
        self._questions = 0
        self._background: asyncio.Task[None] | None = None
        self.generation = 0

    @property
    def known(self) -> bool:
        """Whether any key is known."""
        return bool(self._keys)

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of this id, asked for if it is not known; IdentityUnavailable while there is none at all."""
        if kid not in self._keys:
            await self.refresh()
        if not self._keys:
            raise IdentityUnavailable(self._address)
        return self._keys.get(kid)

    async def refresh(self) -> None:
        """Asks for the keys, unless that was done a moment ago."""
        questions = self._questions
        async with self._asking:
            if questions != self._questions:
                return  # a question was under way, and is answered
            if self._now() - self._asked < (self._refresh if self._keys else min(self._refresh, FIRST_TRY_AGAIN)):
                return
            try:
                self._take(await self._fetch())
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                log.warning("the issuer's keys could not be fetched: %s", type(error).__name__)
            finally:
                self._asked = self._now()
                self._questions += 1

    def renew_if_aged(self) -> None:
        """Starts a question in the background when the answer has aged."""
        if self._now() - self._asked > AGED and (self._background is None or self._background.done()):
            self._background = asyncio.create_task(self.refresh(), name="keys")

    async def _fetch(self) -> Any:
        limit = aiohttp.ClientTimeout(total=FETCH_LIMIT)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.get(self._address, allow_redirects=False) as response,
        ):
            response.raise_for_status()
            body = bytearray()
            async for part in response.content.iter_any():
                body += part
                if len(body) > LARGEST:
                    raise ValueError("no set of keys is as large as this")
            return orjson.loads(body)

    def _take(self, document: Any) -> None:
        published = document.get("keys") if isinstance(document, dict) else None
        keys = {
            key.key_id: key for key in map(_key, published if isinstance(published, list) else []) if key and key.key_id
        }
        if not keys:
            raise ValueError("no usable key")
        if published != self._published:
            self._published = published
            self.generation += 1
        self._keys = keys


def _key(data: Any) -> jwt.PyJWK | None:
    """A key that signs by an algorithm of ours; others of the set are passed over."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(data)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if key.algorithm_name in ALGORITHMS else None
