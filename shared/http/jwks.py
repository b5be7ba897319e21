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
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.resilience.retry import Transient

ALGORITHMS = ("ES256", "RS256", "EdDSA")
FETCH_LIMIT = 5.0
LARGEST = 256 * 1024  # bytes
AGED = 600.0
"""Seconds after which the keys are asked for again: a key that the issuer has withdrawn lives no longer than this."""
FIRST_TRY_AGAIN = 1.0
SANDBOX_MARK, SANDBOX_PREFIX = "makewhole_sandbox", "sandbox-"
"""How the sandbox marks its set of keys, and each key's id: it gives anybody any role."""
RSA_BITS, RSA_EXPONENT = 2048, 65537

log = logging.getLogger(__name__)


class IdentityUnavailable(Transient):
    """No key of the issuer's is known, so no token can be verified."""

    code = "identity_unavailable"


class SandboxKeys(ValueError):
    """The keys are the sandbox's, whatever their address."""


class Keys:
    """The keys at `address`; at most one question every `refresh` seconds, whatever tokens arrive, and the last good
    answer is kept.
    """

    def __init__(
        self,
        address: str,
        refresh: float,
        now: Callable[[], float] = time.monotonic,
        sandbox_allowed: bool = True,
    ) -> None:
        self._address = address
        self._sandbox_allowed = sandbox_allowed
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
        if not self._sandbox_allowed and _is_sandbox(document):
            raise SandboxKeys("production takes none of the sandbox's keys")
        keys = {
            key.key_id: key for key in map(_key, published if isinstance(published, list) else []) if key and key.key_id
        }
        if not keys:
            raise ValueError("no usable key")
        if published != self._published:
            self._published = published
            self.generation += 1
        self._keys = keys


def _is_sandbox(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    published = document.get("keys")
    ids = [key.get("kid") for key in published if isinstance(key, dict)] if isinstance(published, list) else []
    return SANDBOX_MARK in document or any(isinstance(kid, str) and kid.startswith(SANDBOX_PREFIX) for kid in ids)


def _key(data: Any) -> jwt.PyJWK | None:
    """A key that signs by an algorithm of ours and is strong enough; others of the set are passed over."""
    if not isinstance(data, dict) or not _is_for_signatures(data):
        return None
    try:
        key = jwt.PyJWK(data)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if key.algorithm_name in ALGORITHMS and _is_strong(key.key) else None


def _is_for_signatures(data: Mapping[str, Any]) -> bool:
    """Whether the key is there to verify with, and its private half is not published."""
    operations = data.get("key_ops", ["verify"])
    verifies = isinstance(operations, list) and "verify" in operations
    return verifies and data.get("use", "sig") == "sig" and "d" not in data


def _is_strong(key: Any) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= RSA_BITS and key.public_numbers().e >= RSA_EXPONENT
    return not isinstance(key, ec.EllipticCurvePublicKey) or isinstance(key.curve, ec.SECP256R1)
