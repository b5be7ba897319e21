"""Identity provider routes: tokens for whoever asks, and the keys that verify them."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from sandbox.clock.clock import real_now
from sandbox.identity.tokens import Discovery, IdentityProvider, Jwks, Token, TokenRequest
from shared.http.responses import query_response
from shared.http.routing import Router

router = Router("identity provider")


@router.post("/token", response_model=Token)
async def token(request: Request, body: TokenRequest) -> Response:
    """A token for any party and any role."""
    return query_response(_provider(request).token(body, int(real_now().timestamp())))


@router.get("/jwks", response_model=Jwks)
async def jwks(request: Request) -> Response:
    """The keys that verify the tokens (RFC 7517)."""
    return query_response(_provider(request).jwks)


@router.get("/.well-known/openid-configuration", response_model=Discovery)
async def discovery(request: Request) -> Response:
    """Where the rest of the provider is (OpenID Connect Discovery)."""
    return query_response(_provider(request).discovery)


def _provider(request: Request) -> IdentityProvider:
    provider: IdentityProvider = request.app.state.simulators.identity
    return provider
