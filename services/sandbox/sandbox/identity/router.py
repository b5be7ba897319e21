"""Identity provider routes: tokens for whoever asks, and the keys that verify them."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.responses import Response

from sandbox.clock.clock import real_now
from sandbox.identity.tokens import Discovery, IdentityProvider, Jwks, Token, TokenRequest
from shared.http.problems import Refusal
from shared.http.request.body import read_body
from shared.http.responses import query_response
from shared.http.routing import Router

router = Router("identity provider")

FORM = {"schema": {"type": "object", "examples": [{"grant_type": "client_credentials", "scope": "labels"}]}}
LOGIN: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": FORM}},
}


@router.post("/token", response_model=Token)
async def token(request: Request, body: TokenRequest) -> Response:
    """A token for any party and any role."""
    return query_response(_provider(request).token(body, int(real_now().timestamp())))


@router.post("/oauth/token", response_model=Token, openapi_extra=LOGIN)
async def login(request: Request) -> Response:
    """A token for a service that logs in with a client id and any secret (RFC 6749, 4.4); `scope` are its roles."""
    body = await read_body(request.receive, request.scope["context"].headers)
    said = dict(parse_qsl(body.decode("latin-1")))
    try:
        client = _client(request.headers.get("authorization", ""))
        wanted = TokenRequest.model_validate({"sub": client, "roles": said.get("scope", "").split()})
    except ValueError:
        raise Refusal("unauthenticated", "Log in with a client id and a secret, for roles that there are.") from None
    return query_response(_provider(request).token(wanted, int(real_now().timestamp())))


@router.get("/jwks", response_model=Jwks)
async def jwks(request: Request) -> Response:
    """The keys that verify the tokens (RFC 7517)."""
    return query_response(_provider(request).jwks)


@router.get("/.well-known/openid-configuration", response_model=Discovery)
async def discovery(request: Request) -> Response:
    """Where the rest of the provider is (OpenID Connect Discovery)."""
    return query_response(_provider(request).discovery)


def _client(authorization: str) -> str:
    """The client id of a Basic login; ValueError where it is none."""
    scheme, _, login = authorization.partition(" ")
    if scheme != "Basic":
        raise ValueError("no login")
    return base64.b64decode(login, validate=True).decode().partition(":")[0]


def _provider(request: Request) -> IdentityProvider:
    provider: IdentityProvider = request.app.state.simulators.identity
    return provider
