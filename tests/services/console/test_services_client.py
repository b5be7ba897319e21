"""The client of the services: one token, escaped paths, and no answer larger than a page."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from console.fetch import SERVICES, fetch_home
from console.services_client import ServicesClient
from tests.cases.plugin import Came
from tests.support.servers.backing import free_ports


class Services:
    """An application that listens once its answers are known, and what asks it."""

    def __init__(self, app: web.Application, runner: web.AppRunner, port: int, session: aiohttp.ClientSession) -> None:
        self.app, self.runner, self.port = app, runner, port
        self.requests: list[web.Request] = []
        self.client = ServicesClient(session, dict.fromkeys(SERVICES, f"http://127.0.0.1:{port}"))

    async def start(self, **bodies: Any) -> None:
        """Answers each path's last part with its body, everything else with an empty list; `/token` with a token."""

        async def answer(request: web.Request) -> web.StreamResponse:
            self.requests.append(request)
            name = request.path.rpartition("/")[2]
            if name == "token":
                return web.json_response({"access_token": "t0ken", "expires_in": 3600})
            return web.json_response(bodies.get(name, {"data": []}))

        self.app.router.add_route("*", "/{path:.*}", answer)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    """All services played by one."""
    app = web.Application()
    runner = web.AppRunner(app)
    async with aiohttp.ClientSession() as session:
        yield Services(app, runner, free_ports(1)[0], session)
    await runner.cleanup()


async def test_it_asks_as_support_and_case_team_with_one_token(services: Services) -> None:
    await services.start(disputes={"data": [{"id": "dsp_1"}]})
    found = (await fetch_home(services.client, "o/1")).order
    assert found is not None
    assert [row["id"] for row in found.shown_disputes] == ["dsp_1"]
    assert found.histories.keys() == {"dsp_1"}
    await fetch_home(services.client, "o/1")
    paths = [request.raw_path for request in services.requests]
    assert "/v1/orders/o%2F1/status" in paths
    assert "/v1/disputes?order_id=o/1" in paths
    signed = [request for request in services.requests if request.path.startswith("/v1/")]
    assert {request.headers["Authorization"] for request in signed} == {"Bearer t0ken"}
    assert paths.count("/token") < len(signed)


async def test_an_answer_too_large_for_a_page_is_not_read_to_its_end(services: Services) -> None:
    await services.start(status={"text": "x" * 3_000_000})
    assert "too large" in (await services.client.get("dispute", "status", signed=False)).detail


@pytest.mark.case("B29+1", given="disputes whose ids are paths", right="their histories' own addresses alone")
@pytest.mark.parametrize("dispute_id", ["../../token", "dsp_1/../../orders", "dsp?x=1#y", "%2e%2e%2ftoken", "dsp 1"])
async def test_nor_does_an_id_that_a_service_answered(services: Services, came: Came, dispute_id: str) -> None:
    await services.start(disputes={"data": [{"id": dispute_id}]})
    await fetch_home(services.client, "o1")
    asked = {request.raw_path.partition("?")[0] for request in services.requests}
    own = f"/v1/disputes/{quote(dispute_id, safe='')}"
    others = {path for path in asked if path.startswith("/v1/disputes/") and not path.startswith(own)}
    came("their histories' own addresses alone" if f"{own}/history" in asked and not others else asked)


@pytest.mark.case("B29", given="../, script, emoji, RTL as an order's id", right="the order's own address alone")
@pytest.mark.parametrize("order_id", ["../../token", "..%2F..", "<script>", "🛒", "א/ב", "a?b#c", "a b", "%2e%2e/"])
async def test_no_id_leads_to_another_address(services: Services, came: Came, order_id: str) -> None:
    await services.start()
    await fetch_home(services.client, order_id)
    asked = {request.raw_path.partition("?")[0] for request in services.requests}
    known = {"/readyz", "/clock", "/psp/ledger", "/token", "/v1/disputes", "/v1/refunds"}
    own = f"/v1/orders/{quote(order_id, safe='')}/status"
    came("the order's own address alone" if asked - known == {own} else asked)
