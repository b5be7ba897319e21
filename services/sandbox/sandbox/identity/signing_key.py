"""Signing key of the identity provider: P-256, named by its thumbprint, kept in the sandbox's database."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typing_extensions import TypedDict

from shared.http.jwks import SANDBOX_PREFIX

if TYPE_CHECKING:
    from sandbox.database import Pool

ALGORITHM = "ES256"


class PublicNumbers(TypedDict):
    """A point of the curve, as a JWK names it."""

    kty: str
    crv: str
    x: str
    y: str


class Jwk(PublicNumbers):
    """A public key (RFC 7517)."""

    kid: str
    use: str
    alg: str


@dataclass(frozen=True)
class SigningKey:
    """A P-256 key, named by its thumbprint (RFC 7638) behind the sandbox's mark."""

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
        """The RFC 7638 thumbprint of the public key, marked: production takes no key with such a name."""
        canonical = json.dumps(self._public, sort_keys=True, separators=(",", ":"))
        return SANDBOX_PREFIX + _base64url(hashlib.sha256(canonical.encode()).digest())

    @property
    def jwk(self) -> Jwk:
        """The public key as a JWK."""
        return {**self._public, "kid": self.kid, "use": "sig", "alg": ALGORITHM}

    @cached_property
    def _public(self) -> PublicNumbers:
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": _base64url(numbers.x.to_bytes(32)),
            "y": _base64url(numbers.y.to_bytes(32)),
        }


async def stored_key(pool: Pool) -> SigningKey:
    """The stored key; made by the first process that asks."""
    new = SigningKey.generate()
    await pool.execute(
        "insert into signing_key (kid, private_pem) values ($1, $2) on conflict do nothing", new.kid, new.pem
    )
    return SigningKey.load(await pool.fetchval("select private_pem from signing_key"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
