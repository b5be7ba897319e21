"""The identity provider: whoever asks gets a token for any party and any role, signed as a real provider would sign
it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import Field, StringConstraints

from shared.events.base import Message

Role = Literal["buyer", "seller", "case_team", "support", "warehouse", "service", "ops"]

AUDIENCE = "makewhole"
ALGORITHM = "ES256"
HOUR = 3600


class TokenRequest(Message):
    """Who the token is for; an `expires_in` below zero makes one that has expired already."""

    sub: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
    roles: Annotated[list[Role], Field(max_length=7)]
    expires_in: Annotated[int, Field(ge=-HOUR, le=31 * 24 * HOUR)] = HOUR


@dataclass(frozen=True)
class SigningKey:
    """A P-256 key, named by its thumbprint (RFC 7638)."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, pem: str) -> SigningKey:
        """The key kept in `pem`; TypeError where that is no P-256 key."""
        key = serialization.load_pem_private_key(pem.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the signing key is not an elliptic curve key")
        return cls(key)

    @property
    def pem(self) -> str:
        """The key as PKCS 8, not encrypted: it protects a simulation only."""
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.private.private_bytes(encoding, form, serialization.NoEncryption()).decode()

    @cached_property
    def kid(self) -> str:
        """The RFC 7638 thumbprint of the public key."""
        canonical = json.dumps(self._public, sort_keys=True, separators=(",", ":"))
        return _base64url(hashlib.sha256(canonical.encode()).digest())

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 7517)."""
        return {**self._public, "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    @cached_property
    def _public(self) -> dict[str, str]:
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": _base64url(numbers.x.to_bytes(32)),
            "y": _base64url(numbers.y.to_bytes(32)),
        }


@dataclass(frozen=True, slots=True)
class Identity:
    """The provider at the address `issuer`."""

    issuer: str
    key: SigningKey

    def token(self, request: TokenRequest, now: int) -> dict[str, Any]:
        """The answer of the token endpoint; `now` in seconds of the real clock, which is what tokens live by."""
        expires = now + request.expires_in
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": request.sub,
            "roles": list(dict.fromkeys(request.roles)),
            "iat": min(now, expires - 1),
            "exp": expires,
        }
        token = jwt.encode(claims, self.key.private, ALGORITHM, headers={"kid": self.key.kid})
        return {"access_token": token, "token_type": "Bearer", "expires_in": request.expires_in}

    @property
    def jwks(self) -> dict[str, Any]:
        """The keys that verify its tokens."""
        return {"keys": [self.key.jwk]}

    @property
    def discovery(self) -> dict[str, Any]:
        """What a client of OpenID Connect learns from the issuer's address alone."""
        return {
            "issuer": self.issuer,
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "claims_supported": ["iss", "aud", "sub", "roles", "iat", "exp"],
        }


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
