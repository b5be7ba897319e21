"""Authentication: bearer tokens of one OIDC issuer, verified once and then remembered until they expire."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jwt

from shared.events.base import Actor
from shared.events.outside.ids import is_party_id
from shared.http.jwks import ALGORITHMS, Keys
from shared.http.problems import Refusal
from shared.http.request.json_text import each_member_once
from shared.process.clock import real_time
from shared.process.settings import Settings

ROLES = frozenset({"buyer", "seller", "case_team", "support", "warehouse", "service", "ops", "labels"})
"""What a token may claim. `labels` is the return-label service's own, and reads where orders went. `system` is not
among them: it is what timers act as.
"""

REMEMBERED = 10_000
LONGEST_TOKEN = 8192  # bytes
SANDBOX_CLAIM = "makewhole_sandbox"
"""What the sandbox's tokens say of themselves."""

_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})


class BadToken(Exception):
    """The token is another issuer's, for another audience, or expired; the text says which and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A verified token: its party, and when it expires by the machine's clock."""

    actor: Actor
    expires: float


class Tokens:
    """Verifies bearer tokens. Up to 10,000 verified tokens are remembered."""

    def __init__(self, settings: Settings, keys: Keys | None = None) -> None:
        self.keys = keys or Keys(settings.oidc_jwks, settings.jwks_refresh, sandbox_allowed=settings.mode == "sandbox")
        self.issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._roles_at = [path.strip() for path in settings.oidc_roles.split(",")]
        self._longest, self._leeway = settings.token_life, settings.token_leeway
        self._sandbox_allowed = settings.mode == "sandbox"
        self._remembered: dict[bytes, Verified] = {}
        self._generation = 0

    async def actor(self, authorization: bytes | None) -> Actor:
        """The party of an Authorization header; 401 where it holds no token that counts."""
        now = real_time()
        self.keys.renew_if_aged()
        if self._generation != self.keys.generation:
            self._remembered.clear()
            self._generation = self.keys.generation
        if authorization and (held := self._remembered.get(authorization)) and now < held.expires:
            return held.actor
        try:
            verified = await self._verify(_token(authorization), now)
        except BadToken as reason:
            raise unauthenticated(str(reason), sent=bool(authorization)) from None
        self._remember(authorization or b"", verified)
        return verified.actor

    async def _verify(self, token: str, now: float) -> Verified:
        try:
            key = await self.keys.find(_kid(_header(token)))
            if key is None:
                raise BadToken("The token is signed with a key that the issuer does not publish.")
            claims = each_member_once(jwt.api_jws.decode(token, key, algorithms=list(ALGORITHMS)))
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise BadToken("The token is not a JWT that the issuer has signed.") from None
        return self._accept(claims, now)

    def _accept(self, claims: Any, now: float) -> Verified:
        if not isinstance(claims, dict) or claims.get("iss") != self.issuer:
            raise BadToken("The token is another issuer's.")
        if not self._for_us(claims.get("aud")):
            raise BadToken("The token is for another audience.")
        if SANDBOX_CLAIM in claims and not self._sandbox_allowed:
            raise BadToken("The token is the sandbox's.")
        expires = self._end(claims, now)
        return Verified(_actor(claims, self._roles_at), expires)

    def _end(self, claims: dict[str, Any], now: float) -> float:
        """When the token expires; it has begun, and does not live longer than a token may."""
        expires = _instant(claims.get("exp"))
        begins = max(_instant(claims.get("nbf", 0)), _instant(claims.get("iat", 0)))
        if not begins - self._leeway <= now < expires:
            raise BadToken("The token has expired or is not valid yet.")
        if expires - now > self._longest:
            raise BadToken("The token lives too long: it could not be withdrawn.")
        return expires

    def _for_us(self, audience: Any) -> bool:
        return self._audience in (audience if isinstance(audience, list) else [audience])

    def _remember(self, authorization: bytes, verified: Verified) -> None:
        if len(self._remembered) >= REMEMBERED:
            # The oldest half: a token still in use is verified once more.
            for held in list(self._remembered)[: REMEMBERED // 2]:
                del self._remembered[held]
        self._remembered[authorization] = verified


def unauthenticated(reason: str, sent: bool) -> Refusal:
    """401 with the challenge of RFC 6750; `sent`: whether any credentials were sent."""
    challenge = 'Bearer realm="makewhole"' + (', error="invalid_token"' if sent else "")
    return Refusal("unauthenticated", reason, headers={"WWW-Authenticate": challenge})


def _token(authorization: bytes | None) -> str:
    if not authorization:
        raise BadToken("Send a bearer token in the Authorization header.")
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip() or len(token) > LONGEST_TOKEN:
        raise BadToken("The Authorization header holds no bearer token.")
    return token.strip().decode("latin-1")


def _header(token: str) -> dict[str, Any]:
    """The token's header; ValueError where it is none, or says one thing twice."""
    part = token.partition(".")[0]
    header = each_member_once(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(header, dict):
        raise BadToken("The token is not a JWT that the issuer has signed.")
    return header


def _kid(header: dict[str, Any]) -> str:
    kid, kind = header.get("kid"), header.get("typ", "JWT")
    if (
        not isinstance(kid, str)
        or header.get("alg") not in ALGORITHMS
        or not isinstance(kind, str)
        or kind.lower() not in _TYPES
    ):
        raise BadToken("The token's header names no key and algorithm that are accepted here.")
    return kid


def _instant(claim: Any) -> float:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise BadToken("An instant of the token's is no number, or its end is missing.")
    return float(claim)


def _actor(claims: dict[str, Any], roles_at: Iterable[str]) -> Actor:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_party_id(subject):
        raise BadToken("The token names no subject.")
    held = {role for path in roles_at for role in _roles(claims, path)}
    return Actor(id=subject, roles=ROLES & held)


def _roles(claims: dict[str, Any], path: str) -> Iterable[str]:
    """The roles at a path into the claims: a claim's own name, which may have dots, or names with a dot between."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
    return [role for role in found if isinstance(role, str)] if isinstance(found, list) else []
