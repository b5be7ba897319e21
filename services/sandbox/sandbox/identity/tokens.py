"""Identity provider: gives anybody a token for any party and any role, signed as a real provider would sign it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import jwt
from pydantic import Field
from typing_extensions import TypedDict

from sandbox.identity.signing_key import ALGORITHM, Jwk, SigningKey
from shared.events.base import Message
from shared.events.outside.ids import PartyId
from shared.http.auth import SANDBOX_CLAIM
from shared.http.request.body import example

Role = Literal["buyer", "seller", "case_team", "support", "warehouse", "service", "ops", "labels"]

AUDIENCE = "makewhole"
HOUR = 3600


class TokenRequest(Message):
    """Who the token is for; an `expires_in` below zero makes one that has expired already."""

    model_config = example(sub="ann", roles=["buyer"])

    sub: PartyId
    roles: Annotated[list[Role], Field(max_length=8)]
    expires_in: Annotated[int, Field(ge=-HOUR, le=31 * 24 * HOUR)] = HOUR


class Token(TypedDict):
    """A bearer token; `expires_in` in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class Jwks(TypedDict):
    """The keys that verify the tokens (RFC 7517)."""

    keys: list[Jwk]
    makewhole_sandbox: bool


class Discovery(TypedDict):
    """Where the rest of the provider is (OpenID Connect Discovery)."""

    issuer: str
    makewhole_sandbox: bool
    token_endpoint: str
    jwks_uri: str
    response_types_supported: list[str]
    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    claims_supported: list[str]


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """The provider at the address `issuer`."""

    issuer: str
    key: SigningKey

    def token(self, request: TokenRequest, now: int) -> Token:
        """The answer of the token endpoint; `now` in seconds of the real clock, which is what tokens live by."""
        expires = now + request.expires_in
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": request.sub,
            "roles": list(dict.fromkeys(request.roles)),
            "iat": min(now, expires - 1),
            "exp": expires,
            SANDBOX_CLAIM: True,
        }
        token = jwt.encode(claims, self.key.private, ALGORITHM, headers={"kid": self.key.kid})
        return {"access_token": token, "token_type": "Bearer", "expires_in": request.expires_in}

    @property
    def jwks(self) -> Jwks:
        """The keys that verify its tokens."""
        return {"keys": [self.key.jwk], "makewhole_sandbox": True}

    @property
    def discovery(self) -> Discovery:
        """What a client of OpenID Connect learns from the issuer's address alone."""
        return {
            "issuer": self.issuer,
            "makewhole_sandbox": True,
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "claims_supported": ["iss", "aud", "sub", "roles", "iat", "exp"],
        }
