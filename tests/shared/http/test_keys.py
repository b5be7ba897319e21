"""The issuer's keys, and what production takes of them: no weak one, none for another use, none of the sandbox's."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from sandbox.identity.signing_key import SigningKey
from sandbox.identity.tokens import IdentityProvider, TokenRequest
from shared.http.auth import Tokens
from shared.http.jwks import IdentityUnavailable, Keys
from shared.http.problems import Refusal
from shared.process.environment import DAY
from tests.cases.plugin import Came
from tests.support.production import production
from tests.support.toys.notes import Issuer, running_issuer


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


async def what_production_says(issuer: Issuer, token: str) -> str:
    """Who asks with the token, or why nobody does, where the issuer's keys are asked for at its own address."""
    keys = Keys(f"{issuer.address}/jwks", 1e-9, sandbox_allowed=False)
    try:
        return (await Tokens(production(), keys).actor(f"Bearer {token}".encode())).id
    except Refusal as refused:
        return f"{refused.status_code} {refused.code}"
    except IdentityUnavailable as refused:
        return f"503 {refused.code}"


def sandbox_at(address: str) -> IdentityProvider:
    return IdentityProvider(address, SigningKey.generate())


def token_of(provider: IdentityProvider) -> str:
    return provider.token(TokenRequest(sub="anybody", roles=["ops"]), int(time.time()))["access_token"]


@pytest.mark.case(
    "H3+1",
    given="an https issuer whose keys are the sandbox's, and its token for ops",
    right="503 identity_unavailable",
)
async def test_the_sandboxs_keys_are_refused_whatever_their_address(issuer: Issuer, came: Came) -> None:
    provider = sandbox_at("https://id.example")
    issuer.published = [dict(provider.jwks["keys"][0])]
    came(await what_production_says(issuer, token_of(provider)))


@pytest.mark.case("H3+2", given="the sandbox's key renamed within a set of good ones", right="401 unauthenticated")
async def test_nor_is_a_token_that_says_itself_whose_it_is(issuer: Issuer, came: Came) -> None:
    issuer.rotate("good")
    issuer.address, address = "https://id.example", issuer.address
    token = issuer.token("anybody", "ops", makewhole_sandbox=True)
    issuer.address = address
    came(await what_production_says(issuer, token))


@pytest.mark.case("H3+3", given="a set of keys that says it is the sandbox's", right="503 identity_unavailable")
async def test_nor_is_a_set_that_says_so(issuer: Issuer, came: Came) -> None:
    issuer.address, address = "https://id.example", issuer.address
    token = issuer.token("anybody", "ops")
    issuer.address, issuer.more = address, {"makewhole_sandbox": True}
    came(await what_production_says(issuer, token))


async def test_an_issuer_of_ones_own_is_believed(issuer: Issuer) -> None:
    issuer.address, address = "https://id.example", issuer.address
    token = issuer.token("seller-7")
    issuer.address = address
    assert await what_production_says(issuer, token) == "seller-7"


def jwk_of(key: Any, kind: Any, **more: Any) -> dict[str, Any]:
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": "k", **more}


def rsa_key(bits: int, exponent: int = 65537) -> dict[str, Any]:
    return jwk_of(rsa.generate_private_key(exponent, bits), RSAAlgorithm, alg="RS256")


WEAK = [
    ("M12+1", "an RSA key of 1,024 bits", lambda: rsa_key(1024)),
    ("M12+2", "a key with key_ops encrypt", lambda: jwk_of(p256(), ECAlgorithm, key_ops=["encrypt"])),
    ("M12+3", "a key for encryption by its use", lambda: jwk_of(p256(), ECAlgorithm, use="enc")),
    ("M12+4", "an RSA key with the exponent 3", lambda: rsa_key(2048, 3)),
    (
        "M12+5",
        "a P-384 key that says ES256",
        lambda: jwk_of(ec.generate_private_key(ec.SECP384R1()), ECAlgorithm, alg="ES256"),
    ),
    ("M12+6", "a key whose private half is published", lambda: json.loads(ECAlgorithm.to_jwk(p256())) | {"kid": "k"}),
    ("M12+7", "a shared secret", lambda: {"kty": "oct", "k": "c2VjcmV0", "kid": "k", "alg": "HS256"}),
    ("M12+8", "a key with key_ops that are no list", lambda: jwk_of(p256(), ECAlgorithm, key_ops="verify")),
]


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, marks=pytest.mark.case(case, given=given, right="not taken"), id=case)
        for case, given, make in WEAK
    ],
)
async def test_a_weak_key_is_not_taken(issuer: Issuer, came: Came, make: Any) -> None:
    issuer.published = [make()]
    with pytest.raises(IdentityUnavailable):
        await Keys(f"{issuer.address}/jwks", 1e-9).find("k")
    came("not taken")


@pytest.mark.parametrize("make", [lambda: rsa_key(2048), lambda: jwk_of(p256(), ECAlgorithm, key_ops=["verify"])])
async def test_a_strong_one_is(issuer: Issuer, make: Any) -> None:
    issuer.published = [make()]
    assert await Keys(f"{issuer.address}/jwks", 1e-9).find("k")


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(
            {"exp": 253_402_300_799}, marks=pytest.mark.case("M12+9", given="exp in 9999", right="401 unauthenticated")
        ),
        pytest.param(
            {"exp_in": DAY + 3600},
            marks=pytest.mark.case("M12+10", given="exp in 25 hours", right="401 unauthenticated"),
        ),
        pytest.param(
            {"iat_in": DAY}, marks=pytest.mark.case("M12+11", given="iat tomorrow", right="401 unauthenticated")
        ),
        pytest.param({"aud": None}, marks=pytest.mark.case("M12+12", given="no aud", right="401 unauthenticated")),
    ],
)
async def test_a_token_has_bounds(issuer: Issuer, came: Came, claims: dict[str, Any]) -> None:
    said = {
        name.removesuffix("_in"): time.time() + value if name.endswith("_in") else value
        for name, value in claims.items()
    }
    issuer.address, address = "https://id.example", issuer.address
    token = issuer.token("seller-7", **said)
    issuer.address = address
    came(await what_production_says(issuer, token))
