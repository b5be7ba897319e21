"""Headers: which a request sends once, what HEAD gets, and what every answer bears for browsers."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import jwt
import pytest

from shared.http.auth import BadToken, Tokens
from shared.http.error_codes import STATUS
from shared.http.problems import Refusal
from tests.cases.plugin import Came
from tests.support.servers.in_memory import InMemory, came_of, in_memory
from tests.support.toys.notes import Issuer, client_of, running_issuer, settings_for, tiny_app


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
async def client(issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(tiny_app(issuer)) as client:
        yield client


# One value where one is allowed


@pytest.mark.case("L1+1", given="two Authorization headers", right="400 malformed_request /header/authorization")
@pytest.mark.parametrize("second", ["seller", "buyer"])
async def test_a_request_names_one_caller(came: Came, client: httpx.AsyncClient, issuer: Issuer, second: str) -> None:
    tokens = [issuer.bearer("a", "buyer"), issuer.bearer("b", second)]
    headers = [("Authorization", token["Authorization"]) for token in tokens]
    came(came_of(await client.get("/v1/notes/n1", headers=headers)))


TWICE = {
    "idempotency-key": ("k", "l"),
    "content-type": ("application/json", "text/plain"),
}


@pytest.mark.case("L1+2", given="another header of one value twice", right="400 malformed_request at it")
@pytest.mark.parametrize("name", TWICE)
async def test_a_header_of_one_value_is_sent_once(
    came: Came, client: httpx.AsyncClient, issuer: Issuer, name: str
) -> None:
    headers = [*issuer.bearer().items(), *((name, value) for value in TWICE[name])]
    answer = came_of(await client.post("/v1/notes/n1/echo", content=b"", headers=headers))
    came("400 malformed_request at it" if answer == f"400 malformed_request /header/{name}" else answer)


def signed(issuer: Issuer, header: str, claims: str) -> str:
    """A token whose header and claims are these very texts."""
    key, algorithm = issuer.keys["first"]
    parts = [base64.urlsafe_b64encode(text.encode()).rstrip(b"=") for text in (header, claims)]
    signature = jwt.get_algorithm_by_name(algorithm).sign(b".".join(parts), key)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def claims_of(issuer: Issuer) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(issuer.token(), options={"verify_signature": False})
    return found


HEADER = '{"alg": "ES256", "kid": "first", "typ": "JWT"}'


async def code_of(issuer: Issuer, token: str, **settings: Any) -> str:
    try:
        actor = await Tokens(settings_for(issuer, **settings)).actor(f"Bearer {token}".encode())
    except (Refusal, BadToken) as refusal:
        return f"{STATUS['unauthenticated']} {getattr(refusal, 'code', '')}"
    return "+".join(sorted(actor.roles)) or "no role"


@pytest.mark.case("L1+3", given="a claim or a header of a token twice", right="401 unauthenticated")
@pytest.mark.parametrize("twice", ["sub", "roles", "exp", "nested", "kid"])
async def test_a_token_says_a_thing_once(came: Came, issuer: Issuer, twice: str) -> None:
    claims = json.dumps(claims_of(issuer))[1:]
    more = {"sub": '"sub": "x",', "roles": '"roles": ["ops"],', "exp": '"exp": 9,', "nested": '"a": {"b": 1, "b": 2},'}
    header = HEADER.replace("{", '{"kid": "first", ') if twice == "kid" else HEADER
    came(await code_of(issuer, signed(issuer, header, "{" + more.get(twice, "") + claims)))


NESTED: Mapping[str, tuple[str, dict[str, Any]]] = {
    "at the top": ("roles", {"roles": ["seller"]}),
    "in a realm": ("realm_access.roles", {"realm_access": {"roles": ["seller", "offline_access"]}}),
    "of a client": (
        "realm_access.roles, resource_access.makewhole.roles",
        {"resource_access": {"makewhole": {"roles": ["seller"]}}},
    ),
    "under a name with dots": ("https://shop.example/roles", {"https://shop.example/roles": ["seller"]}),
}


@pytest.mark.case("M13+3", given="roles nested as identity providers nest them", right="seller")
@pytest.mark.parametrize("where", NESTED)
async def test_roles_stand_where_the_setting_says(came: Came, issuer: Issuer, where: str) -> None:
    path, claims = NESTED[where]
    token = issuer.token("s", **{"roles": None, **claims})
    came(await code_of(issuer, token, oidc_roles=path))


@pytest.mark.case("M13+4", given="roles elsewhere, or no list", right="no role")
@pytest.mark.parametrize(
    "claims",
    [{"realm_access": {"roles": "ops"}}, {"realm_access": ["ops"]}, {"roles": ["ops"]}, {"realm_access": 1}],
)
async def test_roles_stand_nowhere_else(came: Came, issuer: Issuer, claims: dict[str, Any]) -> None:
    token = issuer.token("s", **{"roles": None, **claims})
    came(await code_of(issuer, token, oidc_roles="realm_access.roles"))


# HEAD


@pytest.fixture(scope="module")
async def dispute() -> AsyncIterator[InMemory]:
    async with in_memory("dispute") as service:
        yield service


@pytest.mark.case("B04", given="HEAD of a probe, a page, a document, a route", right="as GET, without a body")
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/rules", "/support", "/no"])
async def test_head_is_get_without_its_body(came: Came, dispute: InMemory, path: str) -> None:
    got, head = await dispute.client.get(path), await dispute.client.head(path)
    same = head.status_code == got.status_code and head.headers.get("content-type") == got.headers["content-type"]
    length = head.headers.get("content-length") in (None, got.headers.get("content-length"))
    came("as GET, without a body" if same and length and not head.content else (head.status_code, head.headers))


@pytest.mark.case("B04+1", given="HEAD of routes with a caller", right="200, 401, 422, 405")
async def test_head_is_refused_as_get_is(came: Came, client: httpx.AsyncClient, issuer: Issuer) -> None:
    asked = [("n1", issuer.bearer()), ("n1", {}), ("n1?x=1", issuer.bearer()), ("n1/echo", issuer.bearer())]
    answers = [await client.head(f"/v1/notes/{path}", headers=headers) for path, headers in asked]
    assert not any(answer.content for answer in answers)
    came(", ".join(str(answer.status_code) for answer in answers))


@pytest.mark.case("B04+2", given="HEAD of a stream of events", right="200 text/event-stream")
async def test_head_of_a_stream_ends(came: Came, client: httpx.AsyncClient, issuer: Issuer) -> None:
    answer = await client.head("/v1/notes/n1/stream", headers=issuer.bearer())
    came(f"{answer.status_code} {answer.headers['content-type'].partition(';')[0]}")


async def test_who_may_get_may_ask_for_the_head(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/v1/notes/n1")).headers["allow"] == "GET, HEAD, POST"


# What every answer bears

SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.case("L6", given="JSON, a page, a problem, a probe, a script", right="every header for browsers")
@pytest.mark.parametrize("path", ["/v1/notes/n1", "/docs", "/docs/start.js", "/problems", "/nothing", "/healthz"])
async def test_every_answer_tells_browsers_to_take_care(came: Came, client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers.get("content-security-policy", "")
    strict = all(part in policy for part in ("default-src", "base-uri 'none'", "form-action", "frame-ancestors 'none'"))
    safe = strict and "permissions-policy" in headers and SAFE.items() <= dict(headers).items()
    came("every header for browsers" if safe else headers)


@pytest.mark.case("L6+1", given="over https", right="strict-transport-security there alone")
async def test_https_stays_https(came: Came, issuer: Issuer) -> None:
    transport = httpx.ASGITransport(app=tiny_app(issuer))
    told = []
    for scheme in ("https", "http"):
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://service.test") as client:
            told.append("strict-transport-security" in (await client.get("/healthz")).headers)
    came("strict-transport-security there alone" if told == [True, False] else told)


@pytest.mark.case("L7", given="the documentation's script", right="keeps no token")
async def test_the_documentation_keeps_no_token(came: Came, client: httpx.AsyncClient) -> None:
    came("keeps no token" if "persistAuthorization" not in (await client.get("/docs/start.js")).text else "keeps it")


@pytest.mark.case("L2", given="subject and key that read alike when joined", right="two commands")
async def test_parts_of_a_command_id_are_framed(came: Came, client: httpx.AsyncClient, issuer: Issuer) -> None:
    path = "/v1/notes/n1/echo"
    asked = [(f"vic|POST|{path}|a", "b"), ("vic", f"a|POST|{path}|b")]
    ids = {
        (await client.post(path, headers={"Idempotency-Key": key, **issuer.bearer(sub)})).json()["key"]
        for sub, key in asked
    }
    came("two commands" if len(ids) == 2 else "one command")
