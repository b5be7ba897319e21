"""Identity provider: its tokens are verified by a service as a real provider's would be."""

import json
import subprocess
import sys
import time

import jwt
import pytest

from sandbox.app import build
from shared.http.auth import Tokens
from shared.http.problems import Refusal
from shared.process.settings import Settings
from tests.support.production import production
from tests.support.servers.sandbox import Served, sandbox
from tests.support.servers.stack import LIMIT


async def token(provider: Served, **request: object) -> str:
    answered = await provider.post("/token", {"sub": "buyer-1", "roles": ["buyer"], **request})
    assert answered.status == 200
    return str(answered.body["access_token"])


def verifier(provider: Served) -> Tokens:
    """What a service verifies tokens with, when the sandbox is its issuer."""
    return Tokens(
        Settings(sandbox=provider.address, oidc_issuer=provider.address, oidc_jwks=f"{provider.address}/jwks")
    )


async def test_a_service_takes_the_token_for_the_party_and_its_roles(provider: Served) -> None:
    given = await token(provider, sub="seller-7", roles=["seller", "warehouse"])
    actor = await verifier(provider).actor(f"Bearer {given}".encode())
    assert (actor.id, actor.roles) == ("seller-7", frozenset({"seller", "warehouse"}))


async def test_the_token_says_who_issued_it_for_whom_and_until_when(provider: Served) -> None:
    answered = (await provider.post("/token", {"sub": "buyer-1", "roles": ["buyer"], "expires_in": 60})).body
    claims = jwt.decode(answered["access_token"], options={"verify_signature": False})
    header = jwt.get_unverified_header(answered["access_token"])
    (key,) = (await provider.get("/jwks")).body["keys"]
    assert (answered["token_type"], answered["expires_in"]) == ("Bearer", 60)
    assert (claims["iss"], claims["aud"], claims["sub"], claims["roles"]) == (
        provider.address,
        "makewhole",
        "buyer-1",
        ["buyer"],
    )
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 60
    assert (header["alg"], header["kid"]) == ("ES256", key["kid"])
    assert "d" not in key


async def test_a_service_logs_in_with_its_client_id_for_the_role_that_it_names(provider: Served) -> None:
    login = {"Authorization": "Basic bGFiZWxzOnNlY3JldA=="}
    form = {"grant_type": "client_credentials", "scope": "labels"}
    given = await provider.ask("POST", "/oauth/token", data=form, headers=login)
    actor = await verifier(provider).actor(f"Bearer {given.body['access_token']}".encode())
    assert (actor.id, actor.roles) == ("labels", frozenset({"labels"}))
    refused = await provider.ask("POST", "/oauth/token", data=form)
    assert (refused.status, refused.body["code"]) == (401, "unauthenticated")
    assert (await provider.ask("POST", "/oauth/token", data=form | {"scope": "king"}, headers=login)).status == 401


async def test_an_expired_token_can_be_had_and_is_refused(provider: Served) -> None:
    given = await token(provider, expires_in=-3600)
    with pytest.raises(Refusal, match="expired"):
        await verifier(provider).actor(f"Bearer {given}".encode())


async def test_a_restart_leaves_the_tokens_valid(database: str, provider: Served) -> None:
    async with sandbox(database) as restarted:
        assert (await restarted.get("/jwks")).body == (await provider.get("/jwks")).body


async def test_the_rest_of_the_provider_is_found_from_its_address(provider: Served) -> None:
    found = (await provider.get("/.well-known/openid-configuration")).body
    assert (found["issuer"], found["jwks_uri"]) == (provider.address, f"{provider.address}/jwks")
    assert found["token_endpoint"] == f"{provider.address}/token"


@pytest.mark.parametrize(
    "wrong",
    [
        {"roles": ["king"]},
        {"roles": "buyer"},
        {"sub": ""},
        {"sub": "a b"},
        {"sub": "x" * 256},
        {"expires_in": -3601},
        {"expires_in": 10**9},
        {"more": 1},
    ],
    ids=json.dumps,
)
async def test_a_request_that_fits_no_party_is_refused(provider: Served, wrong: dict[str, object]) -> None:
    refused = await provider.post("/token", {"sub": "buyer-1", "roles": ["buyer"], **wrong})
    assert (refused.status, refused.body["code"]) == (422, "validation_failed")


def test_production_has_no_sandbox() -> None:
    with pytest.raises(SystemExit, match="production"):
        build(production())


def test_the_package_knows_none_of_the_services() -> None:
    loaded = (
        "import sys, sandbox.app, console.app; print([m for m in sys.modules if m.split('.')[0] in ('dispute', "
        "'refund', 'return_label')])"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, timeout=LIMIT)
    assert done.stdout.strip() == "[]"
