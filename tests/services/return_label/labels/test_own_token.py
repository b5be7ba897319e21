"""The return-label service's own token: asked for once until it ends, and none where the issuer gives none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from return_label.api.own_token import EARLY, OwnToken
from shared.http.problems import Refusal
from tests.support.toys.notes import listening

HOUR = 3600


@dataclass
class Issuer:
    """Gives a new token each time, or answers with this."""

    address: str = ""
    says: tuple[int, object] | None = None
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        said = await request.post()
        form = " ".join(str(said[name]) for name in ("grant_type", "scope"))
        self.asked.append(f"{request.headers['Authorization']} {form}")
        status, body = self.says or (200, {"access_token": f"t{len(self.asked)}", "expires_in": HOUR})
        return web.json_response(body, status=status)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    app = web.Application()
    app.router.add_post("/token", issuer.answer)
    async with listening(app) as address:
        issuer.address = f"{address.replace('//', '//labels:secret@')}/token"
        yield issuer


async def test_a_token_is_asked_for_once_until_shortly_before_its_end(issuer: Issuer) -> None:
    now = [1000.0]
    own = OwnToken(issuer.address, lambda: now[0])
    assert [await own.authorization() for _ in range(2)] == ["Bearer t1"] * 2
    now[0] += HOUR - EARLY - 1
    assert await own.authorization() == "Bearer t1"
    now[0] += 1
    assert await own.authorization() == "Bearer t2"
    assert issuer.asked == ["Basic bGFiZWxzOnNlY3JldA== client_credentials labels"] * 2


@pytest.mark.parametrize("says", [(401, {"error": "invalid_client"}), (200, {"token": "x"}), (200, "x"), (302, {})])
async def test_where_the_issuer_gives_no_token_the_same_may_succeed_later(
    issuer: Issuer, says: tuple[int, object]
) -> None:
    own = OwnToken(issuer.address)
    issuer.says = says
    with pytest.raises(Refusal) as refused:
        await own.authorization()
    assert refused.value.code == "busy"
    issuer.says = None
    assert await own.authorization() == "Bearer t2"


@pytest.mark.parametrize("address", ["", "http://labels:secret@127.0.0.1:9/token"])
async def test_without_a_login_there_is_no_token(address: str) -> None:
    with pytest.raises(Refusal):
        await OwnToken(address).authorization()
