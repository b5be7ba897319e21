"""Who asks: tokens, the issuer's keys, and what neither may do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from aiohttp import web

from shared.http import auth
from shared.http.auth import REMEMBERED, Tokens
from shared.http.jwks import IdentityUnavailable, Keys
from shared.http.problems import Refusal
from tests.support.servers.stack import eventually
from tests.support.toys.notes import Issuer, listening, running_issuer, settings_for


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
def tokens(issuer: Issuer) -> Tokens:
    return Tokens(settings_for(issuer))


async def who(tokens: Tokens, token: str) -> Any:
    return await tokens.actor(f"Bearer {token}".encode())


async def refusal(tokens: Tokens, authorization: bytes | None) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await tokens.actor(authorization)
    assert (refused.value.status_code, refused.value.code) == (401, "unauthenticated")
    return refused.value


async def refused(tokens: Tokens, token: str) -> str:
    return (await refusal(tokens, f"Bearer {token}".encode())).detail


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_a_token_of_the_issuers_tells_who_asks(issuer: Issuer, tokens: Tokens, algorithm: str) -> None:
    issuer.rotate("k", algorithm)
    actor = await who(tokens, issuer.token("seller-7", "seller", "buyer"))
    assert (actor.id, actor.roles) == ("seller-7", {"seller", "buyer"})


async def test_the_scheme_is_read_in_any_case(issuer: Issuer, tokens: Tokens) -> None:
    assert (await tokens.actor(f"bEaReR {issuer.token()}".encode())).id == "buyer-1"


async def test_without_a_token_the_challenge_names_no_error(tokens: Tokens) -> None:
    assert (await refusal(tokens, None)).headers == {"WWW-Authenticate": 'Bearer realm="makewhole"'}


async def test_with_a_bad_one_it_does(tokens: Tokens) -> None:
    assert "invalid_token" in str((await refusal(tokens, b"Bearer nonsense")).headers)


@pytest.mark.parametrize(
    "authorization",
    [b"Basic dTpw", b"Bearer", b"Bearer ", b"token", b"Bearer " + b"x" * 9000, b"Bearer \xff.\xff.\xff"],
)
async def test_what_is_no_bearer_token_is_refused(tokens: Tokens, authorization: bytes) -> None:
    await refusal(tokens, authorization)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": int(time.time()) + 86_400},
        {"iat": int(time.time()) + 86_400},
        {"iat": "yesterday"},
        {"iat": True},
        {"exp": int(time.time()) + 400 * 86_400},
        {"exp": 253_402_300_799},
        {"exp": 1e300},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"sub": ""},
        {"sub": "two words"},
        {"sub": "nul\x00"},
        {"sub": "x" * 256},
    ],
)
async def test_a_claim_that_does_not_hold_is_refused(issuer: Issuer, tokens: Tokens, claims: dict[str, Any]) -> None:
    await refused(tokens, issuer.token(claims.pop("sub", "buyer-1"), **claims))


async def test_a_token_that_names_us_among_others_is_good(issuer: Issuer, tokens: Tokens) -> None:
    assert await who(tokens, issuer.token(aud=["other", "makewhole"]))


async def test_a_token_for_no_audience_is_refused(issuer: Issuer, tokens: Tokens) -> None:
    assert "audience" in await refused(tokens, issuer.token(aud=None))


async def test_a_role_that_is_none_of_ours_is_not_held(issuer: Issuer, tokens: Tokens) -> None:
    assert (await who(tokens, issuer.token("x", "system", "root", "ops"))).roles == {"ops"}


async def test_roles_that_are_no_list_are_none(issuer: Issuer, tokens: Tokens) -> None:
    assert (await who(tokens, issuer.token("x", "buyer", roles="buyer"))).roles == frozenset()


async def test_no_signature_is_no_token(issuer: Issuer, tokens: Tokens) -> None:
    await refused(
        tokens, jwt.encode({"iss": issuer.address, "sub": "x", "exp": 9e9}, "", "none", headers={"kid": "first"})
    )


async def test_a_public_key_is_no_shared_secret(issuer: Issuer, tokens: Tokens) -> None:
    secret = "the public key, read as a shared secret of enough bytes"
    await refused(
        tokens, jwt.encode({"iss": issuer.address, "sub": "x", "exp": 9e9}, secret, "HS256", headers={"kid": "first"})
    )


async def test_a_key_signs_by_its_own_algorithm_alone(issuer: Issuer, tokens: Tokens) -> None:
    issuer.rotate("rsa", "RS256")
    issuer.keys["mixed"] = issuer.keys["rsa"]
    await refused(tokens, issuer.token(kid="mixed", header={"kid": "first"}))


async def test_another_key_under_a_known_id_is_refused(issuer: Issuer, tokens: Tokens) -> None:
    other = Issuer(issuer.address)
    other.rotate("first")
    await refused(tokens, other.token())


@pytest.mark.parametrize("header", [{"typ": "logout+jwt"}, {"crit": ["x"], "x": 1}])
async def test_a_header_that_asks_for_more_is_refused(issuer: Issuer, tokens: Tokens, header: dict[str, Any]) -> None:
    await refused(tokens, issuer.token(header=header))


async def test_an_access_token_by_its_rfc_9068_type_is_good(issuer: Issuer, tokens: Tokens) -> None:
    assert await who(tokens, issuer.token(header={"typ": "at+jwt"}))


async def test_a_changed_token_is_refused(issuer: Issuer, tokens: Tokens) -> None:
    head, body, signature = issuer.token().split(".")
    _, other, _ = issuer.token("somebody-else").split(".")
    assert body != other
    await refused(tokens, f"{head}.{other}.{signature}")


async def test_a_remembered_token_ends_when_it_expires(
    issuer: Issuer, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token(exp=(end := time.time() + 600))
    assert await who(tokens, token)
    monkeypatch.setattr(auth, "real_time", lambda: end)
    await refused(tokens, token)


async def test_the_issuer_is_asked_once_for_many_tokens(issuer: Issuer, tokens: Tokens) -> None:
    await asyncio.gather(*(who(tokens, issuer.token(f"buyer-{number}")) for number in range(50)))
    assert issuer.asked == 1


async def test_a_new_key_is_found_by_asking_again(issuer: Issuer, tokens: Tokens) -> None:
    await who(tokens, issuer.token())
    issuer.rotate("second")
    assert await who(tokens, issuer.token())
    assert issuer.asked == 2


async def test_a_storm_of_unknown_keys_is_one_question(issuer: Issuer) -> None:
    tokens = Tokens(settings_for(issuer, jwks_refresh=30.0))
    await who(tokens, issuer.token())
    storm = [issuer.token(header={"kid": f"k{number}"}) for number in range(50)]
    await asyncio.gather(*(refused(tokens, token) for token in storm))
    assert issuer.asked == 1


async def test_the_last_good_keys_are_kept_while_the_issuer_is_broken(issuer: Issuer, tokens: Tokens) -> None:
    await who(tokens, issuer.token())
    issuer.broken = True
    assert "does not publish" in await refused(tokens, issuer.token(header={"kid": "unknown"}))
    assert await who(tokens, issuer.token("another"))


async def test_without_any_key_nobody_can_be_told_to_be_nobody(issuer: Issuer, tokens: Tokens) -> None:
    issuer.broken = True
    with pytest.raises(IdentityUnavailable):
        await who(tokens, issuer.token())


async def test_a_withdrawn_key_ends_the_tokens_that_were_remembered(issuer: Issuer) -> None:
    time_passed = 0.0
    keys = Keys(f"{issuer.address}/jwks", 30.0, now=lambda: time_passed)
    tokens = Tokens(settings_for(issuer), keys)
    token = issuer.token()
    await who(tokens, token)
    issuer.rotate("second", keep=False)
    assert await who(tokens, token), "the answer is fresh enough"
    time_passed = 601.0

    async def ended() -> bool:
        try:
            await who(tokens, token)
        except Refusal:
            return True
        return False

    await eventually(ended)


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "x"}, 7, {"kty": "EC", "kid": "y"}]}',
        "<html>",
    ],
)
async def test_an_answer_without_a_usable_key_is_none(document: str) -> None:
    app = web.Application()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=document)

    app.router.add_get("/jwks", answer)
    async with listening(app) as address:
        with pytest.raises(IdentityUnavailable):
            await Keys(f"{address}/jwks", 30.0).find("x")


async def test_the_table_of_remembered_tokens_is_bounded(issuer: Issuer, tokens: Tokens) -> None:
    await who(tokens, issuer.token())
    held = next(iter(tokens._remembered.values()))
    tokens._remembered |= {str(number).encode(): held for number in range(REMEMBERED)}
    await who(tokens, issuer.token("one-more"))
    assert len(tokens._remembered) <= REMEMBERED
